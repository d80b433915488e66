"""A task: its evidence and its form, and what becomes of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request
from starlette.responses import Response

from tenprint.core.errors import StorageError, TenprintError
from tenprint.exchange.model.known import ERASED
from tenprint.web import case_words, role_words, words
from tenprint.web.advice import Advice, advice, whose_move
from tenprint.web.console import Console, Route, go, taking_form
from tenprint.web.desk import EXAMINATIONS, AnswerStands, TaskView, Unanswerable
from tenprint.web.log import note_refusal, page_of
from tenprint.web.pages import prints
from tenprint.web.sessions import Session

TICKS, TICK_SECONDS = 40, 15
"""How often a page asks for its clock, and every how many seconds: not for ever, for asking keeps a session alive."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a form: at which field, and in a sentence."""

    name: str
    said: str


class TaskPage:
    """A task's page.

    Args:
        console: what pages are made with.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, request: Request, task_id: str) -> Response:
        """Show a task with its evidence and its form."""
        seat = self._console.seat_of(request)
        view = self._console.desk.task(seat, task_id)
        prints.lightbox_of(self._console).is_noted(seat, task_id)
        return self._page(seat, view)

    def clock(self, request: Request, task_id: str) -> Response:
        """Show a task's clock alone, for a page that is open; it tells nothing of a person, so it is no look."""
        seat = self._console.seat_of(request)
        view = self._console.desk.clock(seat, task_id)
        ticks = request.query_params.get("ticks", "")
        left = min(int(ticks), TICKS) if ticks.isdecimal() and len(ticks) < 4 else 0
        return self._console.page("task/clock", seat, task=view.task, view=view, ticks=left, tick_seconds=TICK_SECONDS)

    def answer(self, request: Request, form: Mapping[str, str], task_id: str) -> Response:
        """Take an answer to a task, and go on where the task stands now."""
        seat = self._console.seat_of(request)
        self._console.bound(seat, form)
        form_id = form.get("form_id", "")
        sent = seat.forms.get(form_id)
        if sent is not None and sent.task_id == task_id and sent.sent_to:
            return go(sent.sent_to)  # recorded already, whatever cannot be done at this moment
        try:
            prints.require_fingers(self._console, seat, task_id, form_id, form)
            return go(self._console.desk.answer(seat, task_id, form_id, role_words.form_fields(form)))
        except Unanswerable as refused:
            note_refusal(HTTPStatus.UNPROCESSABLE_ENTITY, refused.problem.code, request.method, page_of(request))
            return self._page(seat, refused.view, refused.problem, form)
        except AnswerStands as stands:
            status = HTTPStatus.ACCEPTED if stands.is_waiting else HTTPStatus.INTERNAL_SERVER_ERROR
            if not stands.is_waiting:
                note_refusal(status, stands.code, request.method, page_of(request))
            return self._console.page("answer_stands", seat, status, stands=stands)

    def _page(
        self,
        seat: Session,
        view: TaskView,
        problem: TenprintError | None = None,
        given: Mapping[str, str] | None = None,
    ) -> Response:
        given = given or {}
        is_erased = ERASED in view.task.shown
        told, message_href, move = (None, "", "") if is_erased else self._told(seat, view)
        is_examination = view.task.kind in EXAMINATIONS and not is_erased
        return self._console.page(
            "task",
            seat,
            HTTPStatus.OK if problem is None else HTTPStatus.UNPROCESSABLE_ENTITY,
            task=view.task,
            view=view,
            problem=problem,
            fault=_fault(problem, given),
            given=given,
            said=role_words,
            advice=told,
            message_href=message_href,
            whose_move=move,
            is_examination=is_examination,
            candidates=words.candidates(view.task) if is_examination else (),
            **(prints.shown_beside(self._console, seat, view) if is_examination else {}),
            ticks=TICKS,
            tick_seconds=TICK_SECONDS,
        )

    def _told(self, seat: Session, view: TaskView) -> tuple[Advice | None, str, str]:
        """Return what the rules say, the address of the message behind the task, and whose move it is, or ``""``."""
        task, number = view.task, view.task.shown.get("message", "")
        with self._console.desk.at_work() as house:
            node = house.nodes[seat.party]
            with node.store.transaction() as tx:
                try:
                    headings = tx.headings(task.case_id) if number else []
                except StorageError:
                    headings = []
                case = tx.case(task.case_id)
                move = whose_move(task, tx.tasks(task.case_id), seat.person)
            sender = next((heading.sender for heading in headings if heading.id == number), "")
            href = case_words.message_path(seat.party, sender, number) if sender else ""
            return advice(task, node.services, case), href, move


def _fault(problem: TenprintError | None, given: Mapping[str, str]) -> Fault | None:
    if problem is None:
        return None
    return Fault(role_words.field_at_fault(problem.code, given), words.sentence(problem.message))


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group."""
    page = TaskPage(console)
    return [
        Route("/tasks/{task_id}", page.show),
        Route("/tasks/{task_id}/clock", page.clock),
        Route("/tasks/{task_id}", taking_form(page.answer), "POST"),
    ]
