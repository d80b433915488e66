"""The doors from outside: a booking agency submits a file, a person answers a task, a subject is enrolled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tenprint.core.chance import content_id, new_id
from tenprint.core.errors import SenderError
from tenprint.core.fingers import SINGLE_FINGERS
from tenprint.exchange.dispatch.intake import signed_receipt
from tenprint.exchange.dispatch.points import (
    DECIDE_AFTER_COMMIT,
    DECIDE_BEFORE_COMMIT,
    SUBMIT_AFTER_COMMIT,
    SUBMIT_BEFORE_COMMIT,
)
from tenprint.exchange.dispatch.wakes import enrol_all_due, own_message
from tenprint.exchange.model.bodies import TaskAnswer
from tenprint.exchange.model.case import Case, Task
from tenprint.exchange.model.envelope import EBTS_CONTENT, Envelope, MessageKey
from tenprint.exchange.model.known import TCNS, is_copy, with_message
from tenprint.exchange.model.observing import Event
from tenprint.exchange.model.words import CaseState, Kind, Role
from tenprint.exchange.ports import Extraction, Node, Queue, Transaction, Work, write_down
from tenprint.exchange.tasks import waits
from tenprint.exchange.tasks.answers import answered, draft_answer
from tenprint.exchange.tasks.cases import keep
from tenprint.exchange.tasks.questions import quietly
from tenprint.exchange.tasks.resubmissions import (
    REJECTION,
    attempts_of,
    case_of_rejection,
    quotes_rejection,
    with_attempt,
)
from tenprint.exchange.tasks.submissions import ASKS_FOR_NONE, SUBMISSION, key_of
from tenprint.records import Transaction as Received
from tenprint.records import read
from tenprint.records.itl.ebts import priority_of

GALLERY_ROLES = frozenset({Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY})
FROM_A_FILE = "a subject enrolled from a file, which is kept"
LONGEST_SUBJECT_ID = 200
INSPECT_HINT = "see: tenprint records inspect"


@dataclass(frozen=True)
class Submission:
    """What became of a submitted file.

    Args:
        case_id: the case, minted now or when the first copy came.
        tcn: its control number, or ``sha256-…`` when its header does not hold one.
        is_repeat: True when a first copy was there and nothing was written.
    """

    case_id: str
    tcn: str
    is_repeat: bool


def submit(node: Node, data: bytes, *, case_id: str = "") -> Submission:
    """Take a booking in at the agency and send it to the state bureau, byte for byte. Any bytes are taken.

    A second copy (same ORI and TCN, or equal bytes when the header cannot be read) makes no second case. A file whose
    1.010 quotes the rejection of a booking goes on with that booking's case. A `case_id` is given for a booking that
    came back after a restore (`restoring`): it had that one before.

    Raises:
        SenderError: ``NOT_AN_AGENCY``, or ``NO_PEER`` when the agency has no state bureau; ``RESUBMISSION_UNKNOWN``
            when 1.010 quotes no rejection of this agency's, ``RESUBMISSION_LATE`` when another attempt came since.
        StorageError: the bytes could not be kept; nothing was sent.
    """
    if node.party.role != Role.AGENCY:
        raise SenderError("NOT_AN_AGENCY", f"{node.party.id} books nobody; submit at a booking agency")
    body_hash = node.services.blobs.put(data)
    received = read(data)
    ori, tcn = key_of(received, data)
    with node.store.transaction() as tx:
        known = tx.case_by_tcn(ori, tcn) or _attempt_of(tx, received, tcn)
        if known is not None and is_copy(known):
            raise SenderError("OTHER_BOOKING", "another agency has booked this; copies of its answers come here")
        if known is not None and not _is_next_attempt(known, received, tcn):
            return Submission(known.case_id, tcn, is_repeat=True)
        case_id = known.case_id if known else case_id or new_id("case", node.services.random)
        work = Work(tx, node.services, _as_message(node, data, case_id, tcn).hashed(body_hash))
        case = Case(case_id=case_id, opened_at=work.now, state=CaseState.SUBMITTED, ori=ori, tcn=tcn)
        if known is not None:
            case = replace(known, state=CaseState.SUBMITTED, known=known.known | with_attempt(known))
            work.log("resubmitted", note=f"attempt {len(attempts_of(case)) + 1} of this booking")
        asks = received.tot != Kind.CNA
        case = case.moved(priority=priority_of(received))
        case = case if asks else case.moved(no_answer=ASKS_FOR_NONE)
        kind = Kind.CAR if asks else Kind.CNA
        sent = work.send(kind, work.peer(Role.STATE_BUREAU), data, content_type=EBTS_CONTENT, tcn=tcn)
        waits.begin(work, sent, priority=priority_of(received), but=() if asks else (waits.ANSWER,))
        keep(work, with_message(case, SUBMISSION, sent.id, tcn))
        node.trigger(SUBMIT_BEFORE_COMMIT)
    node.trigger(SUBMIT_AFTER_COMMIT)
    return Submission(case_id, tcn, is_repeat=False)


def enrol(node: Node, subject_id: str, data: bytes, *, at_once: bool = True) -> Extraction:
    """Put a subject into a party's gallery from a file of finger images; the file is kept as exemplar.

    The same file again changes nothing. What the gallery cannot take now is tried again as any queued enrolment.

    Args:
        node: a party with a gallery.
        subject_id: the gallery's own identifier.
        data: ANSI/NIST file with single-finger images.
        at_once: False leaves it to the process that runs this party's work, whose gallery it is.

    Returns:
        what the images gave; at least one template.

    Raises:
        SenderError: ``NO_GALLERY``, ``SUBJECT_ID``, ``NO_USABLE_FINGER``.
        StorageError: the file could not be kept; nothing was enrolled.
    """
    if node.party.role not in GALLERY_ROLES:
        raise SenderError("NO_GALLERY", f"{node.party.id} keeps no fingerprints", hint="enrol at a repository")
    if not 1 <= len(subject_id) <= LONGEST_SUBJECT_ID:
        raise SenderError("SUBJECT_ID", f"a subject's identifier has 1 to {LONGEST_SUBJECT_ID} characters")
    images = [image for image in read(data).images() if image.fgp in SINGLE_FINGERS]
    extraction = node.services.matcher.extract(images)
    if not extraction.templates:
        raise SenderError("NO_USABLE_FINGER", "the file has no usable single-finger image", hint=INSPECT_HINT)
    digest = node.services.blobs.put(data)
    with node.store.transaction() as tx:
        now = node.services.clock.now()
        tx.put_enrolment(subject_id, extraction.templates, now)
        if tx.keep_exemplar(subject_id, digest, now):
            write_down(tx, node.services, "enrolled", now, count=len(extraction.templates), note=FROM_A_FILE)
    if at_once:
        enrol_all_due(node)
    return extraction


def decide_task(
    node: Node,
    task_id: str,
    *,
    answer: str,
    reason: str,
    by: str,
    details: Mapping[str, str] | None = None,
    closes: bool = True,
) -> Task:
    """Take a named person's answer to a task; it is handled like any message. Return the task as it will be recorded.

    Args:
        node: the party whose task it is.
        task_id: from `Task.id`.
        answer: one of the task's answers.
        reason, by: why, and who.
        details: what the kind of task asks besides; `tasks.details` has the names, and no other is taken.
        closes: False records a finding and leaves the task open for a later one.

    Raises:
        SenderError: as `draft_answer`; also ``TASK_CLOSED`` when another answer is on its way.
        PolicyRefusal: a rule in force forbids the answer. Nothing was written.
    """
    with node.store.transaction() as tx:
        task, drafted = draft_answer(
            tx,
            task_id,
            answer=answer,
            reason=reason,
            by=by,
            details=details or {},
            closes=closes,
            ask=quietly(node.services),
            now=node.services.clock.now(),
        )
        drafted = _numbered_past_dead_letters(tx, node.party.id, drafted)
        envelope = own_message(
            node,
            message_id=drafted.message_id,
            kind=Kind.TASK_ANSWER,
            case_id=task.case_id,
            body=drafted.to_bytes(),
        )
        try:
            tx.put_inbox(envelope, node.services.clock.now(), signed_receipt(node.services, envelope))
        except SenderError as problem:
            raise SenderError("TASK_CLOSED", "another answer to this task is on its way") from problem
        node.trigger(DECIDE_BEFORE_COMMIT)
    node.trigger(DECIDE_AFTER_COMMIT)
    node.note(Event.TASK_ANSWERED, envelope, kind=str(task.kind))
    return answered(task, drafted, envelope.sent_at)


def _as_message(node: Node, data: bytes, case_id: str, tcn: str) -> Envelope:
    """Return the file as if it were a message: what the CAR is in reply to, and what the ledger speaks about."""
    return Envelope(
        id=content_id("submission", node.party.id, data),
        kind=Kind.CAR,
        sender=node.party.id,
        recipient=node.party.id,
        case_id=case_id,
        sent_at=node.services.clock.now(),
        content_type=EBTS_CONTENT,
        tcn=tcn,
        body=data,
    )


def _attempt_of(tx: Transaction, received: Received, tcn: str) -> Case | None:
    """Return the case that goes on with a file that quotes a rejection in 1.010; None for a file that quotes none.

    Raises:
        SenderError: ``RESUBMISSION_UNKNOWN`` or ``RESUBMISSION_LATE``.
    """
    if not received.tcr:
        return None
    quoting = [case for name in (Kind.ERRT, REJECTION) for case in tx.cases_with(name, received.tcr)]
    case = case_of_rejection(quoting, received.tcr)
    sent = {attempt["tcn"] for attempt in attempts_of(case)} | {case.known.get(TCNS, {}).get(SUBMISSION)}
    if tcn not in sent and not quotes_rejection(case, received.tcr):
        said = "the booking was sent again since, or its last rejection is another one"
        raise SenderError("RESUBMISSION_LATE", said, hint=f"see: tenprint case show {case.case_id}", field="1.010")
    return case


def _is_next_attempt(case: Case, received: Received, tcn: str) -> bool:
    sent = {attempt["tcn"] for attempt in attempts_of(case)} | {case.known.get(TCNS, {}).get(SUBMISSION)}
    return tcn not in sent and quotes_rejection(case, received.tcr)


def _numbered_past_dead_letters(tx: Transaction, party: str, answer: TaskAnswer) -> TaskAnswer:
    """Return the answer with a number that no given-up answer has: that one keeps its message, and locks nothing."""
    while tx.is_dead_letter(Queue.INBOX, MessageKey(party, answer.message_id)):
        answer = replace(answer, n=answer.n + 1)
    return answer
