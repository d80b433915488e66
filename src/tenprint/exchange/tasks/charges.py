"""The charges of a booking by number: what the court is told of, and what each disposition is held against.

The number is the place of a charge in the booking (EBTS 2.047), counted from 1 over those that have a text. Everybody
who has the booking's bytes counts alike, so a number means the same charge to the agency, the court and everybody who
was told. A booking that was rejected and came again may have other charges: the court is told these anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange.model.aftermath import ARREST, ArrestNotice, Disposition, day_of_ebts
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import MessageKey
from tenprint.exchange.model.known import message_of, with_message
from tenprint.exchange.model.stored import MESSAGE_ERASED
from tenprint.exchange.model.words import Kind, Role
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks.news import SUBMITTER
from tenprint.exchange.tasks.resubmissions import attempts_of, number_of
from tenprint.exchange.tasks.submissions import SUBMISSION
from tenprint.records import read
from tenprint.records.itl.ebts import read_booking


def numbered(charges: Iterable[Sequence[str]]) -> dict[str, str]:
    """Return the text of each charge by its number; `charges` are (day, text) as a booking has them."""
    return {str(number): text for number, text in enumerate((text for _, text in charges if text), 1)}


def charges_of(case: Case) -> dict[str, str]:
    """Return the charges by number as the party knows the booking now; none when it was told no booking."""
    return numbered(case.known.get("booking", {}).get("charges", ()))


def tell_court(work: Work, case: Case) -> Case:
    """Tell the agency's court of the arrest and its charges, once an attempt; without a court nobody is told."""
    court = work.services.party.peers.get(Role.COURT)
    if court is None or message_of(case, Kind.NOTICE):
        return case
    sent = work.tx.message(MessageKey(work.services.party.id, message_of(case, SUBMISSION)))
    booking = read_booking(read(sent.body)) if sent else None
    charges = numbered(booking.charges) if booking else {}
    if booking is None or not charges:
        return case
    arrested_on = day_of_ebts(booking.doa)
    body = ArrestNotice(
        topic=ARREST,
        ori=work.services.party.ori,
        tcn=number_of(case),
        arrested_on=arrested_on.isoformat() if arrested_on else "",
        charges=charges,
    )
    notice = work.send(Kind.NOTICE, court, body.to_bytes())
    return with_message(case, Kind.NOTICE, notice.id)


def refuse_other_charge(work: Work, case: Case, said: Disposition) -> None:
    """Refuse a disposition of a charge that the booking, as it stands or stood in a former attempt, has not.

    A party that was told no booking (support center, field office, jail) cannot tell, nor can one that has erased it;
    a disposition without a number is of before numbers were carried, and is not compared.

    Raises:
        SenderError: ``CHARGE_UNKNOWN``: no charge has this number; ``OTHER_CHARGE``: it stands for one of another
            text.
    """
    number, has_number, is_known = said.charge_number, False, False
    if not number:
        return
    for charges in _numberings(work, case):
        if charges.get(number) == said.charge:
            return
        is_known, has_number = True, has_number or number in charges
    if has_number:
        raise SenderError("OTHER_CHARGE", "the charge of this number has another text in the booking")
    if is_known:
        raise SenderError("CHARGE_UNKNOWN", "the booking has no charge of this number")


def _numberings(work: Work, case: Case) -> Iterator[Mapping[str, str]]:
    """Yield what the charges were by number, as far as this party has them, the newest first."""
    own = work.services.party
    if own.role == Role.AGENCY:
        notices = [m for m in work.tx.headings(case.case_id) if (m.kind, m.sender) == (Kind.NOTICE, own.id)]
        for notice in reversed(notices):
            body = _body(work, own.id, notice.id)
            if body:
                yield ArrestNotice.from_bytes(body).charges
        return
    now = charges_of(case)
    if now:
        yield now
    for attempt in reversed(attempts_of(case)):
        body = _body(work, str(case.known.get(SUBMITTER, "")), attempt["message"])
        if body:
            yield numbered(read_booking(read(body)).charges)


def _body(work: Work, sender: str, message_id: str) -> bytes:
    try:
        message = work.tx.message(MessageKey(sender, message_id))
    except StorageError as problem:
        if problem.code != MESSAGE_ERASED:
            raise
        return b""
    return message.body if message else b""
