"""The support center: a specialist answers what the records say about a person's status; nothing follows by itself."""

from __future__ import annotations

from datetime import timedelta

from tenprint.core.clock import to_wire
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import NLETS_CONTENT
from tenprint.exchange.model.known import message_of, with_message
from tenprint.exchange.model.words import CaseState, Kind, Role, StatusFinding, TaskKind
from tenprint.exchange.ports import FailureHandler, Handler, Preparer, Work
from tenprint.exchange.tasks import questions
from tenprint.exchange.tasks.anew import unless_replaced
from tenprint.exchange.tasks.answers import MIN_NAME, record_answer
from tenprint.exchange.tasks.cases import keep
from tenprint.exchange.tasks.plain import plain_text
from tenprint.exchange.tasks.query_failures import answer_given_up
from tenprint.exchange.tasks.withdrawals import on_withdrawal, unless_withdrawn
from tenprint.records.nlets.iaq import Iaq
from tenprint.records.nlets.iar import Iar
from tenprint.records.nlets.offences import offence_in_words
from tenprint.records.words import IarStatus, MatchConfirmation

ASKER = "asker"
MAX_PERSON, MAX_REMARK = 30, 500
WHAT_IT_IS_ABOUT = (
    "Known to the immigration repository does not mean removable: citizens and people with lawful status are known too."
)


def on_query(work: Work, _: None) -> None:
    """Put the query before a specialist."""
    query = Iaq.from_bytes(work.message.body)
    if work.tx.case(work.message.case_id) is not None:
        work.log("repeat", note="this case was asked about already")
        return
    case = Case(case_id=work.message.case_id, opened_at=work.now, state=CaseState.AWAITING_STATUS, tcn=work.message.tcn)
    case = with_message(case.moved(asker=work.message.sender), Kind.IAQ, work.message.id)
    shown = {
        "query": {
            "asked_by": query.ori, "reference": query.ref, "name": query.nam, "birth_date": query.dob,
            "sex": query.sex, "birth_place": query.pob, "in_custody": query.cus, "offence": query.off,
            "offence_in_words": offence_in_words(query.off),
        },
        "record": {"fin": query.fin, "a_number": query.arn, "match_confirmed_by": str(query.confirmed_by)},
        "remember": WHAT_IT_IS_ABOUT,
        "message": work.message.id,
    }  # fmt: skip
    waits = questions.iar_within_seconds(work.decide)
    answers = tuple(str(status) for status in StatusFinding)
    work.open_task(TaskKind.STATUS, shown, answers, due_at=work.now + timedelta(seconds=int(waits.outcome)))
    keep(work, case)


def on_status(work: Work, _: None) -> None:
    """Write the specialist's answer, to the field office and to whoever asked."""
    task, answer = record_answer(work)
    if not answer.closes:
        return
    case = work.case()
    query, record = task.shown["query"], task.shown["record"]
    body = Iar(
        ori=work.services.party.ori,
        destination=query["asked_by"],
        ref=query["reference"],
        answered_at=to_wire(work.message.sent_at),
        nam=query["name"],
        dob=query["birth_date"],
        status=IarStatus(answer.answer),
        specialist=plain_text(answer.by, MAX_PERSON, shortest=MIN_NAME),
        text=plain_text(answer.reason, MAX_REMARK, shortest=1),
        legal_ground=answer.details.get("legal_ground", ""),
        arn=record["a_number"],
        fin=record["fin"],
        confirmed_by=MatchConfirmation(record.get("match_confirmed_by", "")),
        off=query.get("offence", ""),
    ).to_bytes()
    asked = message_of(case, Kind.IAQ)
    for recipient in (work.peer(Role.FIELD_OFFICE), case.known[ASKER]):
        sent = work.send(
            Kind.IAR, recipient, body, content_type=NLETS_CONTENT, tcr=query["reference"], in_reply_to=asked
        )
        case = with_message(case, f"{Kind.IAR}:{recipient}", sent.id)
    keep(work, case.moved(CaseState.ANSWERED))


HANDLERS: dict[Kind, Handler] = {
    Kind.IAQ: on_query,
    Kind.TASK_ANSWER: unless_withdrawn(unless_replaced(on_status)),
    Kind.WITHDRAWAL: on_withdrawal,
}
PREPARERS: dict[Kind, Preparer] = {}
FAILED: dict[Kind, FailureHandler] = {Kind.IAQ: answer_given_up}
