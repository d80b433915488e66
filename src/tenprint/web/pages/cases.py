"""A case: where it stands, what is known by whom, and the story forwards."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from tenprint.exchange.model.case import Case
from tenprint.exchange.model.known import Repository
from tenprint.web import words
from tenprint.web.console import Console, Route


class CasePage:
    """A case's page.

    Args:
        console: what pages are made with.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, request: Request, case_id: str) -> Response:
        """Show a case: what each repository answered, and the story forwards."""
        seat = self._console.seat_of(request)
        view = self._console.desk.case(seat, case_id)
        known = [(party, case, _repositories(case)) for party, case in view.known]
        return self._console.page("case", seat, view=view, known=known)


def _repositories(case: Case) -> list[words.RepositoryWord]:
    return [words.repository_word(case, repository) for repository in Repository]


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group."""
    return [Route("/cases/{case_id}", CasePage(console).show)]
