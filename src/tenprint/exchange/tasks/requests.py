"""Requests of cities and counties: looked up in the party's own rows, answered by a person, kept by who asked.

What is looked up stands before the person who answers, and goes out with the answer as it stood there, or not at all
when it is refused. Nothing here changes a rule, an activation or a case of a booking.
"""

from __future__ import annotations

from datetime import timedelta

from tenprint.core.clock import from_wire, to_wire
from tenprint.core.errors import SenderError
from tenprint.exchange.model.bodies import TaskAnswer
from tenprint.exchange.model.case import Case, Task
from tenprint.exchange.model.directory import Directory, Party
from tenprint.exchange.model.envelope import MessageKey
from tenprint.exchange.model.known import with_message
from tenprint.exchange.model.requests import Request, RequestAnswer, RequestOutcome, RequestTopic
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.exchange.ports import Work
from tenprint.exchange.tasks import looked_up, own_records, waits
from tenprint.exchange.tasks.answers import record_answer
from tenprint.exchange.tasks.cases import asked_case, keep
from tenprint.policy.response_times import limit_of

OUTCOMES = tuple(str(outcome) for outcome in RequestOutcome)
OWN_PLACES = frozenset({Role.AGENCY, Role.JAIL})
"""About whom a jurisdiction asks: its own agencies and its own jails, which `network.toml` names as its peers."""
REMEMBER: dict[str, str] = {
    RequestTopic.DISCLOSED: "These are counts of what this party sent. Nothing is told of any person.",
    RequestTopic.ACTIVATION: "Say what holds, since when, and on whose word. If nobody may decline, say that, and why.",
    RequestTopic.LIMIT: "Whatever you answer, no rule changes by it. A change is told to whom it binds by a notice.",
    RequestTopic.OWN_RECORD: "Look at the person's permission before you answer: no permission, no answer.",
}


def own_place(directory: Directory, jurisdiction: Party, about: str) -> Party:
    """Return the agency or jail that a jurisdiction asks about.

    Raises:
        SenderError: ``NOT_ENTITLED`` when it is not its own.
    """
    if not any(about in jurisdiction.peers_of(role) for role in OWN_PLACES):
        raise SenderError("NOT_ENTITLED", f"{about!r} is no agency and no jail of {jurisdiction.id}")
    return directory.party(about)


def on_request(work: Work, _: None) -> None:
    """Look up what a request is about, and put it before a person.

    Raises:
        RecordError: ``BODY_INVALID``.
        SenderError: ``NOT_ENTITLED``; ``CASE_TAKEN`` when this id stands for something else here.
    """
    asked = Request.from_bytes(work.message.body)
    directory = work.services.directory
    about = own_place(directory, directory.party(work.message.sender), asked.about)
    if work.tx.case(work.message.case_id) is not None:
        raise SenderError("CASE_TAKEN", "this id stands for another case here")
    shown = {
        "request_topic": asked.topic,
        "about": asked.about,
        "question": asked.question,
        "since": asked.since,
        "until": asked.until,
        "booking": asked.tcn,
        "permission": asked.permission,
        "asked_by": f"{asked.by}, {work.message.sender}",
        "found": looked_up.lines(work, asked, about),
        "as_of": to_wire(work.now),
        "remember": REMEMBER[asked.topic],
        "message": work.message.id,
    }
    limit = limit_of(waits.REQUEST_ANSWER, work.message.sent_at.date())
    # From the asker's own time: the limit is of days, so that clocks a little apart change nothing.
    due_at = work.message.sent_at + timedelta(seconds=limit.seconds)
    work.open_task(TaskKind.ANSWER_REQUEST, shown, OUTCOMES, due_at=due_at)
    case = Case(work.message.case_id, work.now, CaseState.AWAITING_DECISION)
    case = case.moved(request={"topic": asked.topic, "about": asked.about}, requester=work.message.sender)
    keep(work, with_message(case, Kind.REQUEST, work.message.id))


def on_answer(work: Work, _: None) -> None:
    """Record what a person answered, and send it: the TASK_ANSWER handler of a party that asks nothing else."""
    follow(work, *record_answer(work))


def follow(work: Work, task: Task, answer: TaskAnswer) -> None:
    """Send the answer, with what the person saw unless it is refused; an own record with its proofs."""
    case = work.case()
    found = task.shown["found"] if answer.answer == RequestOutcome.ANSWER else []
    request, requester = task.shown["message"], case.known["requester"]
    question = work.tx.message(MessageKey(requester, request)) if found else None
    trail = ""
    if question is not None:
        about = work.services.directory.party(task.shown["about"])
        trail = own_records.trail_for(work, Request.from_bytes(question.body), about, found)
    said = RequestAnswer(
        request_id=request,
        outcome=answer.answer,
        text=answer.reason,
        found={str(number): line for number, line in enumerate(found, 1)},
        as_of=from_wire(task.shown["as_of"]),
        by=answer.by,
        answered_at=work.message.sent_at,
        trail=trail,
    )
    work.send(Kind.REQUEST_ANSWER, requester, said.to_bytes(), in_reply_to=said.request_id)
    keep(work, case.moved(CaseState.ANSWERED))


def on_request_answer(work: Work, _: None) -> None:
    """Keep an answer at whoever asked; the same answer again changes nothing.

    Raises:
        RecordError: ``BODY_INVALID``.
        SenderError: ``NOT_ASKED`` from another party than was asked, ``UNKNOWN_REQUEST``, ``ANSWER_CHANGED``.
        StorageError: ``UNKNOWN_CASE``.
    """
    said = RequestAnswer.from_bytes(work.message.body)
    case = asked_case(work, Kind.REQUEST)
    if said.request_id != case.known["messages"][Kind.REQUEST]:
        raise SenderError("UNKNOWN_REQUEST", "this answers a request that was not sent in this case")
    if case.state == CaseState.ANSWERED:
        raise SenderError("ANSWER_CHANGED", "this request was answered before, in other words")
    waits.end(work)
    proof = own_records.check(said, work.services.directory.party(work.message.sender))
    note = f"{proof.proved} of {len(proof.states)} disclosures proved" if proof is not None else ""
    work.log("request_answered", person=said.by, outcome=said.outcome, counterpart=work.message.sender, note=note)
    keep(work, with_message(case, Kind.REQUEST_ANSWER, work.message.id).moved(CaseState.ANSWERED))
