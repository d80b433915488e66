"""A disposition as everybody takes it who was told of the booking: noted in the case, logged, passed on.

A repeat changes nothing, and order does not matter: a disposition of a case that a party does not know yet is put off
(``UNKNOWN_CASE``), and is a dead letter with that code when the case never comes. A repository that was never told of a
booking, because its state keeps it, gets no news of it: the state's file is where the record is (`news`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tenprint.core.canonical import sha256_hex
from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError
from tenprint.exchange.model.aftermath import Disposition, day_of
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import DispositionOutcome, Role
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks.cases import keep
from tenprint.exchange.tasks.charges import refuse_other_charge
from tenprint.exchange.tasks.dated import refuse_impossible
from tenprint.exchange.tasks.news import is_neighbour, with_news
from tenprint.exchange.tasks.origin import refuse_unsigned
from tenprint.exchange.tasks.resubmissions import numbers_of

DISPOSITION_ENTRY = "disposition"
"""Kind of a ledger entry: a court's word on a charge was noted; its outcome is what the court said."""
DISPOSITIONS = "dispositions"
"""In `Case.known`: by id of the disposition, what the court said, and the hash of the whole."""
WITHOUT_CONVICTION = frozenset(
    {DispositionOutcome.NOT_CHARGED, DispositionOutcome.DISMISSED, DispositionOutcome.ACQUITTED}
)
"""Outcomes after which somebody looks again at what was done because of the charge."""


def take_disposition(work: Work) -> tuple[Case, Disposition] | None:
    """Note the disposition at hand and pass it on; return the case and what was said, or None for a repeat.

    Raises:
        RecordError: ``BODY_INVALID``.
        SenderError: ``NOT_A_COURT``, ``NOT_ASKED``, ``NEWS_UNSIGNED``, ``NEWS_SIGNATURE_INVALID``, ``KEY_EXPIRED``,
            ``KEY_NOT_YET_VALID``, ``OTHER_BOOKING``, ``CHARGE_UNKNOWN``, ``OTHER_CHARGE``, ``NEWS_CHANGED``,
            ``TIME_IN_FUTURE``.
        StorageError: ``UNKNOWN_CASE``.
    """
    said = Disposition.from_bytes(work.message.body)
    case = work.case()
    refuse_stranger(work, case, said.court, frozenset({Role.COURT}), "NOT_A_COURT")
    refuse_unsigned(work, said, said.court, said.said_at)
    refuse_impossible(work, None, day_of(said.decided_on), said.said_at)
    refuse_other_booking(case, said.tcn)
    known = case.known.get(DISPOSITIONS, {})
    if said.disposition_id in known:
        refuse_changed(known[said.disposition_id]["sha256"], work.message.body)
        work.log("repeat", note="this disposition was noted before")
        return None
    refuse_other_charge(work, case, said)
    case = with_disposition(case, said, work.message, came_from=work.message.sender)
    noted = f"noted as {said.disposition_id}"
    work.log(DISPOSITION_ENTRY, counterpart=work.message.sender, outcome=said.charge_outcome, note=noted)
    return keep(work, case), said


def on_disposition(work: Work, _: None) -> None:
    """Note how a charge ended, and pass it on to whoever was told of the booking."""
    take_disposition(work)


def with_disposition(case: Case, said: Disposition, message: Envelope, *, came_from: str) -> Case:
    """Return the case with a disposition noted, to be passed on."""
    noted = asdict(said) | {"said_at": to_wire(said.said_at), "sha256": sha256_hex(message.body)}
    case = case.moved(**{DISPOSITIONS: case.known.get(DISPOSITIONS, {}) | {said.disposition_id: noted}})
    return with_news(case, said.disposition_id, message, origin=said.court, came_from=came_from)


def dispositions_of(case: Case) -> list[dict[str, str]]:
    """Return what courts have said in a case, in the order in which they said it: an agency has one, with one clock."""
    return sorted(case.known.get(DISPOSITIONS, {}).values(), key=lambda one: (one["said_at"], one["disposition_id"]))


def told_of_charge(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an officer is shown of a disposition."""
    names = ("charge_number", "charge", "charge_outcome", "offence", "decided_on", "court", "reference")
    return {name if name != "offence" else "charge_offence": said[name] for name in names if said.get(name)}


def refuse_stranger(work: Work, case: Case, origin: str, roles: frozenset[Role], code: str) -> None:
    """Refuse news whose origin may not say such a thing, or that comes neither from there nor from a neighbour.

    Args:
        work, case: at hand.
        origin: party that first said it, as the news itself states.
        roles: of parties that may say it.
        code: of the refusal of another origin.

    Raises:
        SenderError: that code, or ``NOT_ASKED``.
    """
    known = {party.id: party.role for party in work.services.directory.parties}
    if known.get(origin) not in roles:
        raise SenderError(code, f"{origin!r} is no party that may say this")
    sender = work.message.sender
    if sender != origin and known[sender] == Role.COURT:
        raise SenderError(code, "a court speaks for itself only")
    # Only the agency knows which court it told; to the others a court is a stranger that speaks of a booking.
    is_court = known[sender] == Role.COURT and work.services.party.role != Role.AGENCY
    if not is_court and not is_neighbour(work, case, sender):
        raise SenderError("NOT_ASKED", f"{work.message.sender} was not told of this case, and told nobody of it")


def refuse_changed(known_sha256: str, body: bytes) -> None:
    """Refuse news under an id that stands for something else here.

    Raises:
        SenderError: ``NEWS_CHANGED``.
    """
    if known_sha256 != sha256_hex(body):
        raise SenderError("NEWS_CHANGED", "something else was told under this id before")


def refuse_other_booking(case: Case, tcn: str) -> None:
    """Refuse news that names another booking than the one of its case, by the number of any of its attempts.

    Raises:
        SenderError: ``OTHER_BOOKING``.
    """
    is_content = case.tcn.startswith("sha256-")  # the booking's header named no control number
    if case.tcn and not is_content and tcn not in numbers_of(case):
        raise SenderError("OTHER_BOOKING", "this names another booking than this case's")
