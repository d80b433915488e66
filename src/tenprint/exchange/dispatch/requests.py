"""The door through which a city or county asks, and what became of its requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tenprint.core.chance import content_id
from tenprint.core.errors import SenderError
from tenprint.exchange.dispatch.reviews import work_of
from tenprint.exchange.model.aftermath import day_of
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.envelope import MessageKey
from tenprint.exchange.model.known import message_of, with_message
from tenprint.exchange.model.requests import MAX_REFERENCE, Request, RequestAnswer, RequestTopic
from tenprint.exchange.model.routes import may_say
from tenprint.exchange.model.words import CaseState, Kind, Role
from tenprint.exchange.ports import Node
from tenprint.exchange.tasks import waits
from tenprint.exchange.tasks.answers import official_name, reason_given
from tenprint.exchange.tasks.cases import keep
from tenprint.exchange.tasks.looked_up import REQUEST
from tenprint.exchange.tasks.own_records import Proof, check
from tenprint.exchange.tasks.requests import own_place

DAY_HINT = "write it as 2010-10-05"


@dataclass(frozen=True)
class Asked:
    """A request, and what has come.

    Args:
        request_id: of its case.
        asked: what was asked.
        party: who asked. addressee: who was.
        due_at: from then on an answer is late.
        verdict: as `waits.Wait.verdict`: ``waiting``, ``overdue``, ``in time`` or ``late``.
        answer: what came, or None: that nothing has come is no no.
        proof: of what an answer about an own record names, checked here and now; None when it names no disclosure.
    """

    request_id: str
    asked: Request
    party: str
    addressee: str
    due_at: datetime
    verdict: str
    answer: RequestAnswer | None
    proof: Proof | None = None


def ask(
    node: Node,
    addressee: str,
    *,
    topic: str,
    about: str,
    question: str,
    by: str,
    since: str = "",
    until: str = "",
    tcn: str = "",
    permission: str = "",
) -> str:
    """Send a request; return the id of its case. The same request again on one day is sent once.

    Args:
        node: the jurisdiction.
        addressee: party id of a state bureau, criminal repository or field office.
        topic, about, question, by, since, until, tcn, permission: as `Request`.

    Raises:
        SenderError: ``NOT_A_JURISDICTION``, ``UNKNOWN_PARTY``, ``NOT_ASKABLE``, ``TOPIC_UNKNOWN``, ``NOT_ENTITLED``,
            ``DAY_IMPOSSIBLE``, ``DAY_IN_FUTURE``, ``DAY_TOO_EARLY``, ``BOOKING_MISSING``, ``PERMISSION_MISSING``,
            ``PERSON_MISSING``, ``REASON_MISSING``, ``TEXT_INVALID``; nothing was written.
        StorageError: it could not be written.
    """
    directory, me = node.services.directory, node.party
    if me.role != Role.JURISDICTION:
        raise SenderError(
            "NOT_A_JURISDICTION", f"{me.id} is no city and no county", hint="see: tenprint network status"
        )
    if not may_say(Kind.REQUEST, me.role, directory.party(addressee).role):
        raise SenderError("NOT_ASKABLE", "ask a state bureau, the criminal repository or a field office")
    if topic not in tuple(RequestTopic):
        raise SenderError("TOPIC_UNKNOWN", f"a request is about one of {', '.join(RequestTopic)}")
    own_place(directory, me, about)
    by, question = official_name(by), reason_given(question)
    _check_days(since, until, node.services.clock.now())
    tcn, permission = _of_person(topic, tcn, permission)
    with node.store.transaction() as tx:
        day = node.services.clock.now().date().isoformat()
        content = (addressee, topic, about, question, by, since, until, tcn, permission, day)
        request_id = content_id("request", me.id, *content)
        if tx.case(request_id) is not None:
            return request_id
        work = work_of(tx, node, Kind.REQUEST, request_id, *content)
        said = Request(topic, about, question, since, until, tcn, permission, by, work.now)
        work.log("asks", person=by, counterpart=addressee, note=f"a request: {topic}")
        sent = work.send(Kind.REQUEST, addressee, said.to_bytes())
        waits.begin(work, sent)
        case = Case(request_id, work.now, CaseState.SUBMITTED).moved(request={"topic": topic, "about": about})
        keep(work, with_message(case, Kind.REQUEST, sent.id))
    return request_id


def requests(node: Node) -> list[Asked]:
    """Return the requests of a jurisdiction, oldest first, without those whose messages were erased."""
    with node.store.transaction() as tx:
        cases = [case for case in tx.cases() if REQUEST in case.known and message_of(case, Kind.REQUEST)]
    return [found for case in cases if (found := _asked(node, case)) is not None]


def _asked(node: Node, case: Case) -> Asked | None:
    with node.store.transaction() as tx:
        question = tx.message(MessageKey(node.party.id, message_of(case, Kind.REQUEST)))
        if question is None:
            return None  # it is another's request, which lies here to be answered
        answer_id = message_of(case, Kind.REQUEST_ANSWER)
        answer = tx.message(MessageKey(question.recipient, answer_id)) if answer_id else None
    said = RequestAnswer.from_bytes(answer.body) if answer is not None else None
    proof = check(said, node.services.directory.party(question.recipient)) if said is not None else None
    (wait,) = waits.waits_of(node, case.case_id)
    return Asked(
        case.case_id,
        Request.from_bytes(question.body),
        node.party.id,
        question.recipient,
        wait.due_at,
        wait.verdict(node.services.clock.now()),
        said,
        proof,
    )


def _check_days(since: str, until: str, now: datetime) -> None:
    for said in (since, until):
        day = day_of(said)
        if said and day is None:
            raise SenderError("DAY_IMPOSSIBLE", f"{said!r} is no day of the calendar", hint=DAY_HINT)
        if day is not None and day > now.date():
            raise SenderError("DAY_IN_FUTURE", f"{said} has not come yet", hint=DAY_HINT)
    if since and until and until < since:
        raise SenderError("DAY_TOO_EARLY", f"{until} lies before {since}", hint=DAY_HINT)


def _of_person(topic: str, tcn: str, permission: str) -> tuple[str, str]:
    if topic != RequestTopic.OWN_RECORD:
        if tcn or permission:
            raise SenderError("TEXT_INVALID", "a booking and a permission go with a person's own record only")
        return "", ""
    if not tcn.strip():
        raise SenderError("BOOKING_MISSING", "say which booking it is, by its control number", hint="add --booking TCN")
    if not permission.strip():
        raise SenderError(
            "PERMISSION_MISSING", "a person's record is asked for with the person's written permission",
            hint="add --permission REFERENCE",
        )  # fmt: skip
    tcn, permission = reason_given(tcn), reason_given(permission)
    if max(len(tcn), len(permission)) > MAX_REFERENCE:
        raise SenderError("TEXT_INVALID", f"a reference has at most {MAX_REFERENCE} characters")
    return tcn, permission
