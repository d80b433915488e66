"""The queue: what waits for one's own party, the most urgent first."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from tenprint.web.console import Console, Route


class QueuePage:
    """The open tasks of a party.

    Args:
        console: what pages are made with.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, request: Request) -> Response:
        """Show the open tasks of the own party, the most urgent first."""
        seat = self._console.seat_of(request)
        now, tasks = self._console.desk.queue(seat)
        groups = (
            ("Overdue", [t for t in tasks if t.due_at is not None and t.due_at < now]),
            ("Due", [t for t in tasks if t.due_at is not None and t.due_at >= now]),
            ("No clock", [t for t in tasks if t.due_at is None]),
        )
        return self._console.page("queue", seat, now=now, groups=[group for group in groups if group[1]])


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group."""
    return [Route("/queue", QueuePage(console).show)]
