"""What the server logs: refusals and breakdowns, without a name, a number of a case, or anything that was sent.

A sentence for whoever reads a terminal, and the same as fields for a log of JSON lines (`bootstrap.logging_to`).
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from starlette.requests import Request

NO_PAGE = "no page of ours"
USUAL = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND})
"""What happens whenever somebody mistypes an address or comes back late; said only to who asks for more."""
_log = logging.getLogger("tenprint.web")


def note_refusal(status: int, code: str, method: str, page: str = NO_PAGE) -> None:
    """Log that a request was refused.

    Args:
        status: of the answer.
        code: of the refusal, or ``""``.
        method: of the request.
        page: the address as a pattern, such as ``/tasks/{task_id}``: never the address itself, which holds numbers.
    """
    level = logging.INFO if status in USUAL else logging.WARNING
    said = {"status": int(status), "code": code, "method": method, "page": page}
    fields = {"event_name": "request_refused", "fields": {name: value for name, value in said.items() if value != ""}}
    _log.log(level, "refused with %d%s: %s %s", status, f" {code}" if code else "", method, page, extra=fields)


def page_of(request: Request) -> str:
    """Return the pattern of the page that a request is for."""
    return str(getattr(request.scope.get("route"), "path", NO_PAGE))


def as_fields(told: dict[str, Any]) -> dict[str, Any]:
    """Return an event as the ``extra`` of a log record: the same as what its sentence holds as JSON."""
    return {"event_name": told["event"], "fields": {name: value for name, value in told.items() if name != "event"}}
