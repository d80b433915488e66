"""What the booking agency tells the court of an arrest, once the state bureau has taken the booking in."""

from __future__ import annotations

from tenprint.exchange.model.aftermath import ARREST, ArrestNotice, day_of_ebts
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import MessageKey
from tenprint.exchange.model.known import message_of, with_message
from tenprint.exchange.model.words import Kind, Role
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks.submissions import SUBMISSION
from tenprint.records import read
from tenprint.records.itl.ebts import read_booking


def tell_court(work: Work, case: Case) -> Case:
    """Tell the agency's court of the arrest and its charges, once; an agency without a court tells nobody."""
    court = work.services.party.peers.get(Role.COURT)
    if court is None or message_of(case, Kind.NOTICE):
        return case
    sent = work.tx.message(MessageKey(work.services.party.id, message_of(case, SUBMISSION)))
    booking = read_booking(read(sent.body)) if sent else None
    charges = [literal for _, literal in booking.charges if literal] if booking else []
    if booking is None or not charges:
        return case
    arrested_on = day_of_ebts(booking.doa)
    body = ArrestNotice(
        topic=ARREST,
        ori=work.services.party.ori,
        tcn=case.tcn,
        arrested_on=arrested_on.isoformat() if arrested_on else "",
        charges={str(number): literal for number, literal in enumerate(charges, 1)},
    )
    notice = work.send(Kind.NOTICE, court, body.to_bytes())
    return with_message(case, Kind.NOTICE, notice.id)
