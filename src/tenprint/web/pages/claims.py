"""Claiming a task, releasing it, taking it over from a colleague; asking again how a hold ended that has lapsed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

from fastapi import Request
from starlette.responses import Response

from tenprint.core.errors import SenderError
from tenprint.exchange import dispatch
from tenprint.exchange.model.case import Task
from tenprint.exchange.ports import Node
from tenprint.exchange.tasks import claims
from tenprint.exchange.tasks.answers import person_key
from tenprint.policy.access import Action
from tenprint.web import words
from tenprint.web.console import Console, Route, go, taking_form
from tenprint.web.desk import Refusal
from tenprint.web.sessions import Session

Change = Callable[[Node, str, str], Task]
LATE = "Your click came too late or is not yours to make: {said} Nothing was changed."


class ClaimPage:
    """What becomes of a click on claim, release or take over.

    Args:
        console: what pages are made with.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def claim(self, request: Request, form: Mapping[str, str], task_id: str) -> Response:
        """Claim a task."""
        return self._changed(request, form, task_id, claims.claim)

    def release(self, request: Request, form: Mapping[str, str], task_id: str) -> Response:
        """Give a claimed task back."""
        return self._changed(request, form, task_id, claims.release)

    def take_over(self, request: Request, form: Mapping[str, str], task_id: str) -> Response:
        """Take a task over from the colleague whom the page showed as the one who has claimed it."""
        seen = form.get("claimed_by", "")
        return self._changed(
            request, form, task_id, lambda node, task, by: claims.take_over(node, task, by, seen=seen or by)
        )

    def ask_again(self, request: Request, form: Mapping[str, str], task_id: str) -> Response:
        """Open the question again how a hold ended that has lapsed by the clock; go on to it."""
        seat = self._console.seat_of(request)
        self._console.bound(seat, form)
        with self._console.desk.at_work() as house:
            task, _ = self._console.desk.own_task(seat, task_id, Action.ANSWER_TASK)
            node, reason = house.nodes[task.party], form.get("reason", "")
            try:
                again = dispatch.reopen_custody(node, task.case_id, by=seat.person, reason=reason)
            except SenderError as problem:
                said = LATE.format(said=words.sentence(problem.message))
                raise Refusal(HTTPStatus.CONFLICT, said, problem.code) from problem
        return go(f"/tasks/{again.id}")

    def _changed(self, request: Request, form: Mapping[str, str], task_id: str, change: Change) -> Response:
        seat = self._console.seat_of(request)
        self._console.bound(seat, form)
        with self._console.desk.at_work() as house:
            task, _ = self._console.desk.own_task(seat, task_id, Action.CLAIM_TASK)
            try:
                change(house.nodes[task.party], task.id, seat.person)
            except SenderError as problem:
                said = LATE.format(said=words.sentence(problem.message))
                raise Refusal(HTTPStatus.CONFLICT, said, problem.code) from problem
        return go("/queue" if form.get("then") == "queue" else f"/tasks/{task.id}")


def is_mine(seat: Session, task: Task) -> bool:
    """Tell whether this person has claimed a task."""
    return bool(task.claimed_by) and person_key(task.claimed_by) == person_key(seat.person)


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group; templates learn `is_mine`."""
    console.globals["is_mine"] = is_mine
    page = ClaimPage(console)
    return [
        Route("/tasks/{task_id}/claim", taking_form(page.claim), "POST"),
        Route("/tasks/{task_id}/release", taking_form(page.release), "POST"),
        Route("/tasks/{task_id}/take-over", taking_form(page.take_over), "POST"),
        Route("/tasks/{task_id}/ask-again", taking_form(page.ask_again), "POST"),
    ]
