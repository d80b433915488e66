"""The queue: what waits for one's own party, by urgency; what is one's own, what is nobody's, which clock runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from starlette.responses import Response

from tenprint.exchange.model.case import Task
from tenprint.exchange.tasks.answers import person_key
from tenprint.web.console import Console, Route
from tenprint.web.role_words import CRITICAL_AFTER, SOON

TO_DO, MINE, UNCLAIMED, ALL = "", "mine", "unclaimed", "all"


@dataclass(frozen=True)
class Group:
    """Tasks of one urgency: its name, the shape beside it, and whether it is overdue."""

    name: str
    shape: str
    is_overdue: bool
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Filter:
    """A choice of tasks: its word in the address, its title, how many there are, and whether it is shown now."""

    word: str
    title: str
    count: int
    is_shown: bool


class QueuePage:
    """The open tasks of a party.

    Args:
        console: what pages are made with.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, request: Request) -> Response:
        """Show the open tasks of the own party, the most urgent first; others' claims only when asked for."""
        seat = self._console.seat_of(request)
        now, tasks = self._console.desk.queue(seat)
        wanted = request.query_params.get("show", TO_DO)
        by_filter = _filtered(tasks, seat.person)
        wanted = wanted if wanted in by_filter else TO_DO
        filters = [
            Filter(word, title, len(by_filter[word]), word == wanted)
            for word, title in (
                (TO_DO, "Mine and nobody's"),
                (MINE, "Mine"),
                (UNCLAIMED, "Nobody's"),
                (ALL, "All of my party"),
            )
        ]
        groups = grouped(by_filter[wanted], now)
        return self._console.page("queue", seat, now=now, groups=groups, filters=filters, is_empty=not tasks)


def grouped(tasks: list[Task], now: datetime) -> list[Group]:
    """Return tasks by urgency, the most urgent group first; groups without a task are left out."""
    urgencies: tuple[tuple[str, str, bool, Callable[[datetime], bool]], ...] = (
        ("Critically overdue", "‼", True, lambda due: now - due >= CRITICAL_AFTER),
        ("Overdue", "!", True, lambda due: due < now),
        ("Due soon", "◔", False, lambda due: due - now <= SOON),
        ("Not due yet", "◯", False, lambda _: True),
    )
    rest = [task for task in tasks if task.due_at is not None]
    groups = []
    for name, shape, is_overdue, holds in urgencies:
        found = tuple(task for task in rest if task.due_at is not None and holds(task.due_at))
        rest = [task for task in rest if task not in found]
        groups.append(Group(name, shape, is_overdue, found))
    groups.append(Group("No deadline", "·", False, tuple(task for task in tasks if task.due_at is None)))
    return [group for group in groups if group.tasks]


def _filtered(tasks: list[Task], person: str) -> dict[str, list[Task]]:
    mine = [task for task in tasks if task.claimed_by and person_key(task.claimed_by) == person_key(person)]
    unclaimed = [task for task in tasks if not task.claimed_by]
    return {TO_DO: [task for task in tasks if task in mine or task in unclaimed], MINE: mine, UNCLAIMED: unclaimed,
            ALL: tasks}  # fmt: skip


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group."""
    return [Route("/queue", QueuePage(console).show)]
