"""What the server logs: refusals and breakdowns, without a name, a number of a case, or anything that was sent."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from http import HTTPStatus

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
    _log.log(level, "refused with %d%s: %s %s", status, f" {code}" if code else "", method, page)


def page_of(request: Request) -> str:
    """Return the pattern of the page that a request is for."""
    return str(getattr(request.scope.get("route"), "path", NO_PAGE))


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, and what was logged, which is an object of its own or a sentence."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback is left out, since the values in it may be anybody's."""
        text = record.getMessage()
        try:
            told = json.loads(text)
        except ValueError:
            told = text
        told = told if isinstance(told, dict) else {"event": "note", "says": text}
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"time": at, "level": record.levelname.lower()} | told, ensure_ascii=False)


def log_as_json() -> None:
    """Let this process log JSON lines to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for loud in ("httpx2", "httpcore2", "asyncio"):
        logging.getLogger(loud).setLevel(logging.CRITICAL)
