"""A detainer that stands, at the field office: it is looked at again when something new comes, and can be taken back.

Nothing is taken back by itself: a named officer keeps or cancels, with a reason.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import SenderError
from tenprint.exchange.model.aftermath import CancellationNotice
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.known import message_of, with_message
from tenprint.exchange.model.words import Kind, Review, TaskKind
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks.anew import GROUND_BEFORE, STATUS_BEFORE, latest, up_to_date

REVIEWS = tuple(str(answer) for answer in Review)
WHOM = (
    "name", "birth_date", "booking", "status", "legal_ground", STATUS_BEFORE, GROUND_BEFORE, "offence",
    "offence_in_words",
)  # fmt: skip
"""What of the officer's decision is shown again with what is new."""


def stands(case: Case) -> bool:
    """Tell whether a request to hold was sent in this case, and neither has ended nor was taken back."""
    return bool(message_of(case, Kind.DETAINER)) and not message_of(case, Kind.CANCELLATION) and not case.is_final


def ask_again(work: Work, case: Case, what: str, about: str, **new: Any) -> None:
    """Put a detainer that stands before an officer again; a case without one needs no second look.

    Args:
        work, case: at hand.
        what: a sentence: what is new.
        about: id of what is new; one question for each.
        new: what else the officer sees of it.
    """
    if not stands(case):
        return
    shown = whom(work, case) | {"what_is_new": what, **new, "message": work.message.id}
    work.open_task(TaskKind.REVIEW, shown, REVIEWS, about=about)


def whom(work: Work, case: Case) -> dict[str, Any]:
    """Return what is shown again of the person about whom an officer decided, with what was corrected since."""
    decided = latest(work.tx.tasks(case.case_id), TaskKind.DECIDE)
    shown = {name: decided.shown[name] for name in WHOM if name in decided.shown} if decided else {}
    return up_to_date(work, case, shown)


def cancel(work: Work, case: Case, *, officer: str, reason: str, at: datetime, jail: str) -> Case:
    """Take a detainer back: tell the jail; the case ends when the jail has answered. Return the case, not yet saved.

    Raises:
        SenderError: ``NO_DETAINER_STANDS``.
    """
    if not stands(case):
        raise SenderError(
            "NO_DETAINER_STANDS", "no request to hold stands in this case", hint="see: tenprint case show"
        )
    detainer = message_of(case, Kind.DETAINER)
    body = CancellationNotice(detainer_id=detainer, officer=officer, reason=reason, decided_at=at)
    sent = work.send(Kind.CANCELLATION, jail, body.to_bytes(), in_reply_to=detainer)
    work.log("cancelled", person=officer, reason_hash=sha256_hex(reason.encode()), note="the request is taken back")
    return with_message(case, Kind.CANCELLATION, sent.id)


def jail_of(work: Work, case: Case) -> str:
    """Return the jail to which this case's detainer was sent."""
    own = work.services.party.id
    sent = (m for m in work.tx.headings(case.case_id) if m.sender == own and m.kind == Kind.DETAINER)
    return next((m.recipient for m in sent), "")
