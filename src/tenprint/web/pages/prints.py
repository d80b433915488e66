"""The prints of an examination: images, how their minutiae pair, and what a form asks finger by finger."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from tenprint.core.errors import SenderError
from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.exchange.tasks.findings import CANDIDATE, FINGER_PREFIX
from tenprint.policy.access import Action
from tenprint.web import examination_words
from tenprint.web.console import Console, Route
from tenprint.web.desk import Refusal, TaskView, Unanswerable
from tenprint.web.prints import Lightbox, Sheet
from tenprint.web.sessions import Session

PICTURE_NAME = re.compile(r"([1-9]|10)(-small)?\.png")
LIGHTBOX = "lightbox"
PRIVATE = "private, no-cache"
"""A browser may keep a picture, but asks before every use whether this person may still see it."""


class PrintPages:
    """Images and pairings.

    Args:
        console: what pages are made with.
        lightbox: the prints.
    """

    def __init__(self, console: Console, lightbox: Lightbox) -> None:
        self._console, self._lightbox = console, lightbox

    def picture(self, request: Request, task_id: str, side: str, name: str) -> Response:
        """Show one image as PNG; its content's hash is the tag by which a browser asks again."""
        seat = self._console.seat_of(request)
        named = PICTURE_NAME.fullmatch(name)
        if named is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "There is no such image.")
        is_small = named[2] is not None
        picture = self._lightbox.picture(seat, task_id, side, int(named[1]), is_small=is_small)
        tag = f'"{picture.digest}{"-small" if is_small else ""}"'
        headers = {"ETag": tag, "Cache-Control": PRIVATE, "Vary": "Cookie"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(picture.png, media_type="image/png", headers=headers)

    def pairing_json(self, request: Request, task_id: str, side: str, finger: str) -> Response:
        """Say how a finger's minutiae pair: the overlay of the viewer."""
        seat = self._console.seat_of(request)
        pairing = self._lightbox.pairing(seat, task_id, side, _finger(finger))
        return JSONResponse(examination_words.pairing_json(pairing))

    def pairing(self, request: Request, task_id: str, side: str, finger: str) -> Response:
        """Say in words why a finger's score is what it is."""
        seat = self._console.seat_of(request)
        position = FingerPosition(_finger(finger))
        pairing = self._lightbox.pairing(seat, task_id, side, position)
        return self._console.page(
            "pairing", seat, task_id=task_id, finger=position, number=side, pairing=pairing,
            rows=examination_words.score_rows(pairing), points=examination_words.points,
        )  # fmt: skip


def lightbox_of(console: Console) -> Lightbox:
    """Return the console's one lightbox."""
    lightbox = console.globals.setdefault(LIGHTBOX, Lightbox(console.desk, console.codec.decode))
    assert isinstance(lightbox, Lightbox)
    return lightbox


def shown_beside(console: Console, seat: Session, view: TaskView) -> dict[str, Any]:
    """Return what an examination's page needs besides its task: prints, and what this person found so far."""
    return {
        "sheets": lightbox_of(console).sheets(seat, view),
        "findings": console.desk.findings(seat, view.task.id),
        "say": examination_words,
    }


def require_fingers(console: Console, seat: Session, task_id: str, form_id: str, form: Mapping[str, str]) -> None:
    """Refuse a first finding that leaves out a finger of which both sides have an image.

    Only the console asks for all of them: the command line shows no images.

    Raises:
        Unanswerable: ``FINGER_FINDING_MISSING``.
        Refusal: as `Desk.glance`.
    """
    view = console.desk.glance(seat, task_id, Action.ANSWER_TASK)
    if not view.is_blind or view.for_another:
        return
    sheets = lightbox_of(console).sheets(seat, view)
    chosen = form.get(CANDIDATE, sheets[0].subject_id if len(sheets) == 1 else "")
    sheet = next((sheet for sheet in sheets if sheet.subject_id == chosen), None)
    missing = [finger for finger in _asked(sheet) if not form.get(f"{FINGER_PREFIX}{int(finger)}")]
    if missing:
        named = ", ".join(finger.title for finger in sorted(missing))
        problem = SenderError("FINGER_FINDING_MISSING", f"say what you found, or that you did not compare: {named}")
        raise Unanswerable(problem, TaskView(view.task, view.is_blind, form_id, view.now))


def _asked(sheet: Sheet | None) -> tuple[FingerPosition, ...]:
    return sheet.comparable if sheet is not None else ()


def _finger(text: str) -> int:
    if text not in {str(int(finger)) for finger in SINGLE_FINGERS}:
        raise Refusal(HTTPStatus.NOT_FOUND, "Fingers are numbered 1 to 10.")
    return int(text)


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group."""
    pages = PrintPages(console, lightbox_of(console))
    return [
        Route("/prints/{task_id}/{side}/{finger}/pairing.json", pages.pairing_json),
        Route("/prints/{task_id}/{side}/{finger}/pairing", pages.pairing),
        Route("/prints/{task_id}/{side}/{name}", pages.picture),
    ]
