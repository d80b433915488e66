"""The console as a web application: addresses, forms, and what is said when something is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jinja2
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from tenprint.core.errors import SenderError, TenprintError
from tenprint.exchange.model.known import Repository
from tenprint.exchange.tasks.answers import official_name
from tenprint.web import words
from tenprint.web.desk import EXAMINATIONS, Desk, House, Refusal, TaskView, Unanswerable
from tenprint.web.guard import Guard
from tenprint.web.sessions import Session, Sessions

COOKIE = "tenprint_session"
FORM_CONTENT = "application/x-www-form-urlencoded"
MAX_FIELDS = 20
MAX_NAME = 80
HERE = Path(__file__).parent
SENTENCES = {
    HTTPStatus.NOT_FOUND: "There is no such page.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This page does not take that.",
    HTTPStatus.BAD_REQUEST: "What was sent is not a form of this console.",
}


class Console:
    """The pages.

    Args:
        desk: the network.
        sessions: who is signed in.
        is_demo: roles can be taken without an account.
    """

    def __init__(self, desk: Desk, sessions: Sessions, *, is_demo: bool) -> None:
        self.desk, self.sessions, self.is_demo = desk, sessions, is_demo

    def page(
        self, name: str, seat: Session | None, answer_status: int = HTTPStatus.OK, /, **values: Any
    ) -> HTMLResponse:
        """Return a page; every template knows who is signed in."""
        text = _templates().get_template(f"{name}.html").render(seat=seat, is_demo=self.is_demo, words=words, **values)
        return HTMLResponse(text, status_code=answer_status)

    def refusal(self, status: HTTPStatus, sentence: str, code: str = "", seat: Session | None = None) -> HTMLResponse:
        """Return the page that says in a sentence why something was refused."""
        return self.page("refusal", seat, status, status=status, sentence=sentence, code=code)

    def session_of(self, request: Request) -> Session | None:
        """Return the request's session, or None."""
        return self.sessions.find(request.cookies.get(COOKIE, ""))

    def seat_of(self, request: Request) -> Session:
        """Return the session of somebody who is signed in.

        Raises:
            Refusal: 401.
        """
        session = self.session_of(request)
        if session is None or not session.is_signed_in:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "Nobody is signed in, or the session has expired. Please sign in.")
        return session

    def start(self, request: Request) -> Response:
        """Say what this is and who is signed in."""
        return self.page("start", self.session_of(request))

    def sign_in_form(self, request: Request) -> Response:
        """Show the sign-in form; a browser without a session gets one, to which the form is bound."""
        session = self.session_of(request) or self.sessions.start()
        return self._with_cookie(self._sign_in_page(session), session)

    def sign_in(self, request: Request, form: Mapping[str, str]) -> Response:
        """Let a person take a role in a demo, under a new token."""
        if not self.is_demo:
            raise Refusal(HTTPStatus.FORBIDDEN, "Accounts are not built yet: nobody can sign in.")
        session = self._bound(self.session_of(request), form)
        party, name = form.get("party", ""), form.get("name", "")
        try:
            name = self._admitted(party, name)
        except SenderError as problem:
            return self._sign_in_page(session, problem, HTTPStatus.UNPROCESSABLE_ENTITY)
        self.sessions.end(session)
        return self._with_cookie(_go("/queue"), self.sessions.start(party, name))

    def sign_out(self, request: Request, form: Mapping[str, str]) -> Response:
        """End the session here, not only in the browser."""
        self.sessions.end(self._bound(self.session_of(request), form))
        answer = _go("/")
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return answer

    def queue(self, request: Request) -> Response:
        """Show the open tasks of the own party, the most urgent first."""
        seat = self.seat_of(request)
        now, tasks = self.desk.queue(seat)
        groups = (
            ("Overdue", [t for t in tasks if t.due_at is not None and t.due_at < now]),
            ("Due", [t for t in tasks if t.due_at is not None and t.due_at >= now]),
            ("No clock", [t for t in tasks if t.due_at is None]),
        )
        return self.page("queue", seat, now=now, groups=[group for group in groups if group[1]])

    def task(self, request: Request, task_id: str) -> Response:
        """Show a task with its evidence and its form."""
        seat = self.seat_of(request)
        return self._task_page(seat, self.desk.task(seat, task_id))

    def answer(self, request: Request, task_id: str, form: Mapping[str, str]) -> Response:
        """Take an answer to a task, and go on where the task stands now."""
        seat = self.seat_of(request)
        self._bound(seat, form)
        try:
            return _go(self.desk.answer(seat, task_id, form.get("form_id", ""), form))
        except Unanswerable as refused:
            return self._task_page(seat, refused.view, refused.problem, form)

    def case(self, request: Request, case_id: str) -> Response:
        """Show a case: what each repository answered, and the story forwards."""
        seat = self.seat_of(request)
        view = self.desk.case(seat, case_id)
        known = [(party, case, self._repositories(case)) for party, case in view.known]
        return self.page("case", seat, view=view, known=known)

    def _admitted(self, party: str, name: str) -> str:
        if party not in dict(self.desk.parties()):
            raise SenderError("ROLE_MISSING", "choose one of the roles")
        if len(name) > MAX_NAME:
            raise SenderError("NAME_TOO_LONG", f"a name has at most {MAX_NAME} characters")
        return official_name(name)

    def _repositories(self, case: Any) -> list[words.RepositoryWord]:
        return [words.repository_word(case, repository) for repository in Repository]

    def _task_page(
        self,
        seat: Session,
        view: TaskView,
        problem: TenprintError | None = None,
        given: Mapping[str, str] | None = None,
    ) -> Response:
        is_examination = view.task.kind in EXAMINATIONS
        return self.page(
            "task",
            seat,
            HTTPStatus.OK if problem is None else HTTPStatus.UNPROCESSABLE_ENTITY,
            task=view.task,
            view=view,
            problem=problem,
            given=given or {},
            is_examination=is_examination,
            candidates=words.candidates(view.task) if is_examination else (),
        )

    def _sign_in_page(
        self, session: Session, problem: TenprintError | None = None, status: int = HTTPStatus.OK
    ) -> HTMLResponse:
        return self.page("sign_in", session, status, parties=self.desk.parties(), problem=problem)

    def _bound(self, session: Session | None, form: Mapping[str, str]) -> Session:
        if session is None:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "The session has expired. Please sign in. Nothing was changed.")
        if not session.owns(form.get("csrf", "")):
            raise Refusal(HTTPStatus.FORBIDDEN, "This form does not belong to your session. Nothing was changed.")
        return session

    def _with_cookie(self, answer: Response, session: Session) -> Response:
        # No `secure`: the server speaks plain HTTP, to this machine only.
        answer.set_cookie(COOKIE, session.token, path="/", httponly=True, samesite="strict")
        return answer


def create_app(house: House, *, is_demo: bool, sessions: Sessions | None = None) -> ASGIApp:
    """Return the console of a running network.

    Args:
        house: the network; nothing else may run it meanwhile.
        is_demo: anybody at this machine takes any role, and case pages tell the whole story. Else nobody can sign in.
        sessions: instead of new ones, for tests that move their clock.
    """
    console = Console(Desk(house, tells_whole_story=is_demo), sessions or Sessions(), is_demo=is_demo)
    # No OpenAPI pages: they would load scripts from another host.
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    for path, page in (
        ("/", console.start),
        ("/sign-in", console.sign_in_form),
        ("/queue", console.queue),
        ("/tasks/{task_id}", console.task),
        ("/cases/{case_id}", console.case),
    ):
        app.add_api_route(path, page, methods=["GET"], response_model=None)
    app.add_api_route("/sign-in", _taking_form(console.sign_in), methods=["POST"], response_model=None)
    app.add_api_route("/sign-out", _taking_form(console.sign_out), methods=["POST"], response_model=None)
    app.add_api_route("/tasks/{task_id}", _taking_task_form(console.answer), methods=["POST"], response_model=None)
    _say_refusals(app, console)
    return Guard(app, console.refusal)


@cache
def _templates() -> jinja2.Environment:
    """Return the templates, compiled once for the process."""
    loader = jinja2.FileSystemLoader(HERE / "templates")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)


def _say_refusals(app: FastAPI, console: Console) -> None:
    def refused(request: Request, problem: Any) -> Response:
        return console.refusal(problem.status, problem.sentence, problem.code, console.session_of(request))

    def not_found(request: Request, problem: Any) -> Response:
        status = HTTPStatus(problem.status_code)
        return console.refusal(status, SENTENCES.get(status, status.description), "", console.session_of(request))

    def failed(request: Request, problem: Any) -> Response:
        said = f"The network could not do this: {problem.message}"
        return console.refusal(HTTPStatus.INTERNAL_SERVER_ERROR, said, problem.code, console.session_of(request))

    def broken(request: Request, problem: Any) -> Response:
        del request, problem  # uvicorn logs it; a page tells nobody how this program is made
        return console.refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "Something is broken here. It was logged.")

    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(HTTPException, not_found)
    app.add_exception_handler(TenprintError, failed)
    app.add_exception_handler(Exception, broken)


def _taking_form(page: Callable[[Request, Mapping[str, str]], Response]) -> Callable[..., Any]:
    async def taking(request: Request) -> Response:
        return await run_in_threadpool(page, request, await _form_of(request))

    return taking


def _taking_task_form(page: Callable[[Request, str, Mapping[str, str]], Response]) -> Callable[..., Any]:
    async def taking(request: Request, task_id: str) -> Response:
        return await run_in_threadpool(page, request, task_id, await _form_of(request))

    return taking


async def _form_of(request: Request) -> dict[str, str]:
    """Return a form's fields, each given once.

    Raises:
        Refusal: 415 for another kind of body, an upload among them; 400 for a field given twice.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != FORM_CONTENT:
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "This console takes forms only, and no files.")
    async with request.form(max_fields=MAX_FIELDS, max_files=0) as form:
        fields = [(name, text) for name, text in form.multi_items() if isinstance(text, str)]
    if len(fields) > MAX_FIELDS or len(dict(fields)) < len(fields):
        raise Refusal(HTTPStatus.BAD_REQUEST, SENTENCES[HTTPStatus.BAD_REQUEST])
    return dict(fields)


def _go(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=HTTPStatus.SEE_OTHER)
