"""The console as a web application: its pages put together, and what is said when something is refused."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from tenprint.core.errors import TenprintError
from tenprint.web.console import COOKIE, HERE, NOT_A_FORM, Console
from tenprint.web.desk import Desk, House, Refusal
from tenprint.web.director import Director
from tenprint.web.door import Accounts, Door
from tenprint.web.guard import Guard
from tenprint.web.log import note_refusal, page_of
from tenprint.web.pages import (
    cases,
    claims,
    entrance,
    file_check,
    ledgers,
    messages,
    operations,
    prints,
    public,
    queue,
    rights,
    stage,
    tasks,
    why,
)
from tenprint.web.sessions import Sessions

__all__ = ["COOKIE", "create_app"]

PAGES = (entrance, rights, queue, claims, tasks, prints, cases, messages, ledgers, why, operations, public, file_check)
"""Modules with a function `routes(console)`."""
SENTENCES = {
    HTTPStatus.NOT_FOUND: "There is no such page.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This page does not take that.",
    HTTPStatus.BAD_REQUEST: NOT_A_FORM,
}


def create_app(
    house: House,
    *,
    is_demo: bool,
    sessions: Sessions | None = None,
    accounts: Accounts | None = None,
    director: Director | None = None,
    metrics: Callable[[], bytes] | None = None,
) -> ASGIApp:
    """Return the console of a running network.

    Args:
        house: the network, which nothing else may run meanwhile; or one party beside its process.
        is_demo: anybody at this machine takes any role, and case pages tell the whole story. Else people sign in with
            name and password.
        sessions: instead of new ones, for tests that move their clock.
        accounts: of the people who may sign in; in a demo none is looked at.
        director: of the stories of a demo; works from now on under the lock of the pages.
        metrics: text for Prometheus at ``/metrics``; without it there is no such address.
    """
    door = Door(accounts) if accounts is not None and not is_demo else None
    console = Console(Desk(house, tells_whole_story=is_demo), sessions or Sessions(), is_demo=is_demo, door=door)
    # No OpenAPI pages: they would load scripts from another host.
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    pages = [route for module in PAGES for route in module.routes(console)]
    if director is not None:
        pages = stage.routes(console, director) + pages  # its start page goes before the usual one
    console.globals["has_metrics"] = metrics is not None
    if metrics is not None:
        pages.append(operations.metrics_route(metrics))
    for route in pages:
        app.add_api_route(route.path, route.answer, methods=[route.method], response_model=None)
    _say_refusals(app, console)
    return Guard(app, console.refusal, large=frozenset({file_check.ADDRESS}))


def _say_refusals(app: FastAPI, console: Console) -> None:
    def refused(request: Request, problem: Any) -> Response:
        note_refusal(problem.status, problem.code, request.method, page_of(request))
        seat = console.visitor(request)
        return console.refusal(problem.status, problem.sentence, problem.code, seat, problem.verdict)

    def not_found(request: Request, problem: Any) -> Response:
        status = HTTPStatus(problem.status_code)
        note_refusal(status, "", request.method, page_of(request))
        return console.refusal(status, SENTENCES.get(status, status.description), "", console.visitor(request))

    def failed(request: Request, problem: Any) -> Response:
        note_refusal(HTTPStatus.INTERNAL_SERVER_ERROR, problem.code, request.method, page_of(request))
        said = f"The network could not do this: {problem.message}"
        return console.refusal(HTTPStatus.INTERNAL_SERVER_ERROR, said, problem.code, console.visitor(request))

    def broken(request: Request, problem: Any) -> Response:
        del request, problem  # uvicorn logs it; a page tells nobody how this program is made
        return console.refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "Something is broken here. It was logged.")

    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(HTTPException, not_found)
    app.add_exception_handler(TenprintError, failed)
    app.add_exception_handler(Exception, broken)
