"""The log of a running process: one JSON line an event, with ids and codes, and nothing that anybody wrote.

The exchange's observer and the console's own log (`tenprint.web.log`) both end here, in handlers of the standard
logger ``tenprint``. Only fields named in `FIELDS` are written, whatever a caller gives.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import PRIVATE_MODE, make_folders
from tenprint.core.clock import SystemClock, to_wire
from tenprint.exchange.model.observing import Event, Happening

ROOT = "tenprint"
OTHERS = ("uvicorn", "uvicorn.error")
FIELDS = (
    "time", "level", "event", "party", "kind", "message", "case", "code", "stage", "milliseconds",
    "status", "method", "page", "role", "action", "rule", "sender", "bytes", "cause", "where", "logger", "error",
)  # fmt: skip
LEVELS = ("debug", "info", "warning", "error")
WARNINGS = frozenset({Event.REFUSED, Event.MESSAGE_PUT_OFF, Event.DELIVERY_PUT_OFF, Event.ENROLMENT_PUT_OFF})
ERRORS = frozenset({Event.DEAD_LETTER, Event.UNDELIVERABLE, Event.NOT_ENROLLED, Event.PROGRAM_FAULT})
DETAILS = frozenset({Event.STAGE_DONE})
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+#=-]{0,199}")
_ODD = "unreadable"
_log = logging.getLogger(f"{ROOT}.events")
_log.addHandler(logging.NullHandler())  # without a log that was asked for, events are not printed


def write_event(happening: Happening) -> None:
    """Log what happened: dead letters as errors, what is tried again as warnings, how long stages took for debugging.

    Ids and codes of another form than ours are not written: they come from other parties, and could say anything.
    """
    level = _level(happening.event)
    if not _log.isEnabledFor(level):
        return
    told: dict[str, Any] = {
        "party": happening.party,
        "kind": _plain(_CODE, happening.kind),
        "message": _plain(_ID, happening.message),
        "case": _plain(_ID, happening.case),
        "code": _plain(_CODE, happening.code),
        "stage": happening.stage,
        "error": _plain(_CODE, happening.error),
        "where": list(happening.where),
    }
    if happening.seconds is not None:
        told["milliseconds"] = round(happening.seconds * 1000, 3)
    fields = {name: value for name, value in told.items() if value not in ("", [])}
    _log.log(level, str(happening.event), extra={"fields": fields})


@contextmanager
def logging_to(path: Path | None, level: str) -> Iterator[None]:
    """Write the log of this process to a file, or to standard error, until the block ends.

    Args:
        path: of the file, which is appended to and which only its owner may read; None for standard error.
        level: one of `LEVELS`.

    Raises:
        StorageError: a code of `faults`.
    """
    handler = _handler(path)
    handler.setFormatter(_Lines())
    loggers = [logging.getLogger(name) for name in (ROOT, *OTHERS)]
    before = [(each, each.level, each.propagate) for each in loggers]
    for each in loggers:
        each.addHandler(handler)
        each.setLevel(getattr(logging, level.upper()))
        each.propagate = False
    try:
        yield
    finally:
        for each, was, propagates in before:
            each.removeHandler(handler)
            each.setLevel(was)
            each.propagate = propagates
        handler.close()


def _handler(path: Path | None) -> logging.Handler:
    if path is None:
        return logging.StreamHandler(sys.stderr)
    with storage_faults("opening the log"):
        make_folders(path.parent)
        path.touch(mode=PRIVATE_MODE)
        return logging.FileHandler(path, encoding="utf-8")


def _level(event: Event) -> int:
    if event in ERRORS:
        return logging.ERROR
    if event in WARNINGS:
        return logging.WARNING
    return logging.DEBUG if event in DETAILS else logging.INFO


def _plain(form: re.Pattern[str], text: str) -> str:
    return text if not text or form.fullmatch(text) else _ODD


class _Lines(logging.Formatter):
    """Writes a record as one line of JSON; the standard formatter would write an exception's text below it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return json.dumps(_as_event(record), default=str)


def _as_event(record: logging.LogRecord) -> dict[str, Any]:
    """Return a record as an event of our fields, in their order. Of an exception only its type is told."""
    line: dict[str, Any] = {
        "level": record.levelname.lower(),
        "event": getattr(record, "event_name", record.getMessage()),
        "logger": record.name,
    }
    line |= dict(getattr(record, "fields", {}))
    if record.name in OTHERS:
        line["event"] = "server"  # what another's program says could repeat anything
    if record.exc_info and record.exc_info[0] is not None:
        line |= {"event": "broken", "error": record.exc_info[0].__name__}
    if record.name == _log.name:
        del line["logger"]
    line["time"] = to_wire(SystemClock().now())
    return {field: line[field] for field in FIELDS if field in line}
