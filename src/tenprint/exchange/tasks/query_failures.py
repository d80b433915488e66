"""A query about a person's status that could not be worked on: whoever asked is told, and is not left waiting."""

from __future__ import annotations

from tenprint.core.clock import to_wire
from tenprint.core.errors import TenprintError
from tenprint.exchange.model.envelope import NLETS_CONTENT
from tenprint.exchange.model.words import Kind
from tenprint.exchange.ports import Work
from tenprint.records.nlets.iaq import Iaq
from tenprint.records.nlets.iar import Iar
from tenprint.records.words import IarStatus

NOBODY = "NO SPECIALIST"


def answer_given_up(work: Work, problem: TenprintError) -> None:
    """Answer a query that became a dead letter with the status `unknown`, to the asker alone.

    The field office hears nothing: nobody has looked at the person's records. A query that cannot be read is not
    answered; the asker's own clock says then that it still waits.
    """
    query = Iaq.from_bytes(work.message.body)
    if work.tx.case(work.message.case_id) is not None:
        return
    body = Iar(
        ori=work.services.party.ori,
        destination=query.ori,
        ref=query.ref,
        answered_at=to_wire(work.now),
        nam=query.nam,
        dob=query.dob,
        status=IarStatus.UNKNOWN,
        specialist=NOBODY,
        text=f"THE QUERY COULD NOT BE WORKED ON ({problem.code}). NOBODY HAS LOOKED AT RECORDS; ASK AGAIN.",
        arn=query.arn,
        fin=query.fin,
        confirmed_by=query.confirmed_by,
        off=query.off,
    )
    work.send(Kind.IAR, work.message.sender, body.to_bytes(), content_type=NLETS_CONTENT, tcr=query.ref)
