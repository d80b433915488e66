"""A case's story across all parties, from their ledgers and messages, in the order in which it happened.

Nothing here is kept anywhere: it is read from what each party wrote down. A party that is not at hand is missing from
the story, and the others' lines still tell what they sent to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from tenprint.core.clock import from_wire
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange.model.bodies import TaskAnswer
from tenprint.exchange.model.case import Case, Task
from tenprint.exchange.model.envelope import MessageKey
from tenprint.exchange.model.known import EMPTY_REPOSITORY, Repository, empty_file, is_copy, unsettled
from tenprint.exchange.model.stored import MESSAGE_ERASED
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role
from tenprint.exchange.ports import Node
from tenprint.ledger.entry import Entry
from tenprint.ledger.vocabulary import RECEIPT, RECEIVED, SENT
from tenprint.records import read
from tenprint.records.itl.ebts import read_error, read_result

SPEAKERS = (
    Role.JAIL,
    Role.FIELD_OFFICE,
    Role.SUPPORT_CENTER,
    Role.IMMIGRATION_REPOSITORY,
    Role.CRIMINAL_REPOSITORY,
    Role.STATE_BUREAU,
    Role.AGENCY,
)
"""Whose word on a case's end goes before whose: who is nearest to the person speaks first."""
ANSWERS = (Kind.ACK, Kind.STATE_SRE, Kind.SRE, Kind.SECOND_SRE, Kind.ERRT, Kind.LATE_HIT, Kind.COPY)
TITLES: dict[str, str] = {
    Kind.CAR: "the booking with its prints",
    Kind.ACK: "the acknowledgement",
    Kind.STATE_SRE: "the state's search result",
    Kind.SRE: "the first search answer",
    Kind.SECOND_SRE: "the second search answer",
    Kind.ERRT: "the rejection",
    Kind.IDENT_SEARCH: "the prints for a search in the immigration repository",
    Kind.IDR: "the immigration repository's answer",
    Kind.IAQ: "the query about the person's status",
    Kind.IAR: "the specialist's answer",
    Kind.DETAINER: "the request to hold the person",
    Kind.DETAINER_ANSWER: "the jail's answer to the request",
    Kind.CUSTODY: "the jail's report on the hold",
    Kind.NOTICE: "the notice of the arrest",
    Kind.DISPOSITION: "how the court disposed of a charge",
    Kind.CORRECTION: "a correction",
    Kind.RULE_NOTICE: "a notice of a change of rule",
    Kind.CANCELLATION: "the cancellation of the request to hold",
    Kind.OUTCOME: "what became of the person",
    Kind.TASK_ANSWER: "a person's answer",
    Kind.TIMER: "a wake-up",
    Kind.AUDIT_QUERY: "the question of an audit",
    Kind.AUDIT_ANSWER: "the answer to an audit",
    Kind.CNA: "the booking with its prints, which asks for no answer",
    Kind.LATE_HIT: "the news that a later record fits the booking",
    Kind.COPY: "a copy of an answer to another agency's booking",
    Kind.WITHDRAWAL: "the withdrawal of the booking",
    Kind.REQUEST: "a request of a city or county",
    Kind.REQUEST_ANSWER: "the answer to a request",
}


@dataclass(frozen=True)
class StoryLine:
    """One thing that a party wrote down.

    Args:
        time: when, UTC.
        party: who wrote it.
        message_kind: kind of the message it is about.
        direction: ``sent``, ``received``, or ``""`` for what happened inside the party.
        counterpart: to or from whom, or ``""``.
        rule: id of the rule that spoke, or ``""``.
        person: official who answered, or ``""``.
        sentence: for the person who reads it.
        outcome: what a rule or a person answered, or ``""``.
        reason: a person's, or ``""``.
    """

    time: datetime
    party: str
    message_kind: str
    direction: str
    counterpart: str
    rule: str
    person: str
    sentence: str
    outcome: str = ""
    reason: str = ""

    @property
    def unnamed(self) -> str:
        """Return the official where the sentence does not say the name, or ``""``."""
        is_named = re.search(rf"(?<!\w){re.escape(self.person)}(?!\w)", self.sentence)
        return "" if is_named else self.person


See = Callable[[dict[str, str]], dict[str, str]]
"""How a reader sees an entry's fields (with a person's ``reason``): what is masked is replaced, or left out."""


def case_story(nodes: Sequence[Node], case_id: str) -> tuple[StoryLine, ...]:
    """Return everything that the parties wrote down about a case, oldest first; empty when nobody knows it."""
    return tuple(
        line_of(node, entry) for node, entry in in_order([(node, entries_of(node, case_id)) for node in nodes])
    )


def entries_of(node: Node, case_id: str) -> list[Entry]:
    """Return what a party wrote down about a case, in its order, without the receipts."""
    return [entry for entry in node.store.case_entries(case_id) if not _is(entry, RECEIPT)]


def in_order(logs: Sequence[tuple[Node, Sequence[Entry]]]) -> list[tuple[Node, Entry]]:
    """Return several parties' entries of a case in one order, each with the party whose ledger it stands in.

    What is received never stands before what was sent: entries of one time are put in the order of cause and effect.
    """
    return list(_in_order(logs))


def final_state(nodes: Sequence[Node], case_id: str) -> CaseState:
    """Return where the whole case stands: the word of the party nearest to the person that has not passed it on.

    Jail and field office speak before support center and repositories, these before state bureau and agency. Who has
    done its part and passed the case on (`ANSWERED`) leaves the word to the next. `ANSWERED` as a whole is no final
    state: all was answered and nobody was asked to decide, such as for a booking whose jurisdiction is not activated,
    or a repository that was asked gave no full answer, which is no `no_match`.

    Raises:
        SenderError: ``UNKNOWN_CASE`` when no party knows it.
    """
    cases = [(node.party.role, case) for node in nodes if (case := _case(node, case_id)) is not None]
    if not cases:
        raise SenderError("UNKNOWN_CASE", f"no party knows a case {case_id!r}", hint="see: tenprint case list")
    # Where the criminal case stands is the court's to say, and who gets copies knows no more than who booked:
    # of this case they speak only where nobody else does.
    cases = [row for row in cases if row[0] != Role.COURT and not is_copy(row[1])] or cases
    by_nearness = sorted(cases, key=lambda row: SPEAKERS.index(row[0]) if row[0] in SPEAKERS else len(SPEAKERS))
    states = (case.state for _, case in by_nearness)
    said = next((state for state in states if state != CaseState.ANSWERED), CaseState.ANSWERED)
    is_open = said == CaseState.NO_MATCH and any(unsettled(case) for _, case in cases)
    return CaseState.ANSWERED if is_open else said


def all_cases(nodes: Iterable[Node]) -> list[Case]:
    """Return every case once, oldest first, as the party that knew it first sees it."""
    found: dict[str, Case] = {}
    for node in nodes:
        with node.store.transaction() as tx:
            cases = tx.cases()
        for case in cases:
            if case.case_id not in found or case.opened_at < found[case.case_id].opened_at:
                found[case.case_id] = case
    return sorted(found.values(), key=lambda case: (case.opened_at, case.case_id))


def open_tasks(nodes: Iterable[Node], case_id: str) -> list[Task]:
    """Return the tasks of a case that wait for people, oldest first."""
    found: list[Task] = []
    for node in nodes:
        with node.store.transaction() as tx:
            found += tx.tasks(case_id, open_only=True)
    return sorted(found, key=lambda task: (task.opened_at, task.id))


def answers(node: Node, case_id: str) -> list[StoryLine]:
    """Return the answers that a party (the booking agency) has received about a case, and what each says."""
    with node.store.transaction() as tx:
        headings = [m for m in tx.headings(case_id) if m.recipient == node.party.id and m.kind in ANSWERS]
    lines = []
    for heading in headings:
        try:
            sender = node.services.directory.party(heading.sender)
            said = _what_it_says(heading.kind, node.store.message(heading.key).body, sender.ori)
        except StorageError as problem:
            said = problem.message if problem.code == MESSAGE_ERASED else f"cannot be read any more: {problem.code}"
        lines.append(
            StoryLine(heading.sent_at, node.party.id, str(heading.kind), RECEIVED, heading.sender, "", "", said)
        )
    return lines


def _case(node: Node, case_id: str) -> Case | None:
    with node.store.transaction() as tx:
        return tx.case(case_id)


def _in_order(logs: Sequence[tuple[Node, Sequence[Entry]]]) -> Iterator[tuple[Node, Entry]]:
    """Merge logs by time, each kept in its own order, no message received before it was sent.

    At one time, a party's lines about one message stay together.
    """
    to_be_sent = {(e.fields.get("message"), node.party.id) for node, log in logs for e in log if _is(e, SENT)}
    heads, last = [0] * len(logs), -1

    def is_free(entry: Entry, party: str) -> bool:
        sender = entry.fields.get("counterpart")
        return not _is(entry, RECEIVED) or sender == party or (entry.fields.get("message"), sender) not in to_be_sent

    while any(head < len(log) for head, (_, log) in zip(heads, logs, strict=True)):
        waiting = [
            (str(log[head].fields.get("time", "")), number, log[head])
            for number, (head, (_, log)) in enumerate(zip(heads, logs, strict=True))
            if head < len(log)
        ]
        free = [row for row in waiting if is_free(row[2], logs[row[1]][0].party.id)]
        goes_on = {id(entry) for _, number, entry in free if number == last and not _is(entry, RECEIVED)}
        _, number, entry = min(free or waiting, key=lambda row: (row[0], id(row[2]) not in goes_on, row[1]))
        heads[number], last = heads[number] + 1, number
        to_be_sent.discard((entry.fields.get("message"), logs[number][0].party.id))
        yield logs[number][0], entry


def _is(entry: Entry, kind: str) -> bool:
    return entry.fields.get("kind") == kind


def line_of(node: Node, entry: Entry, *, with_reason: bool = True, see: See = dict) -> StoryLine:
    """Return a ledger entry as a line of a story.

    Args:
        node: whose ledger.
        entry: of it.
        with_reason: read a person's reason from the message that brought it; not for whoever may not read messages.
        see: how the reader sees the fields; all of them, when nothing is said.
    """
    text = {name: str(value) for name, value in entry.fields.items()}
    kind = text.get("kind", "")
    # A withdrawal and a cancellation have a reason too; it stands in a message of another kind.
    if "reason_hash" in text and with_reason and text.get("message_kind") == Kind.TASK_ANSWER:
        text["reason"] = _reason(node, text.get("message", ""))
    text = see(text)
    return StoryLine(
        time=from_wire(text["time"]),
        party=node.party.id,
        message_kind=text.get("message_kind", ""),
        direction=kind if kind in (SENT, RECEIVED) else "",
        counterpart=text.get("counterpart", ""),
        rule=text.get("rule", ""),
        person=text.get("person", ""),
        sentence=_sentence(kind, text),
        outcome=text.get("outcome", ""),
        reason=text.get("reason", ""),
    )


def _reason(node: Node, message_id: str) -> str:
    """Return a person's reason, which the ledger holds as a hash, from the message that brought it."""
    try:
        return TaskAnswer.from_bytes(node.store.message(MessageKey(node.party.id, message_id)).body).reason
    except StorageError as problem:
        return (
            f"({problem.message})"
            if problem.code == MESSAGE_ERASED
            else f"(the message cannot be read: {problem.code})"
        )


def _sentence(kind: str, text: dict[str, str]) -> str:
    """Return an entry as a sentence without its subject, which is the party."""
    said = {name: value.replace("_", " ") for name, value in text.items()}
    note, other = text.get("note", ""), said.get("counterpart", "")
    title = TITLES.get(text.get("message_kind", ""), text.get("message_kind", ""))
    reason = f": {text['reason']}" if "reason" in text else ""
    sentences = {
        SENT: f"sends {title} to {other}",
        RECEIVED: f"receives {title} from {other}",
        "decision": f"{said.get('question', '')}: {said.get('outcome', '')}. {note}",
        "task_opened": f"asks a person: {said.get('note', '')}",
        "task_answered": f"{said.get('note', '')}: {text.get('person', '')} answers {said.get('outcome', '')}{reason}",
        "task_claimed": f"{text.get('person', '')} claims a task: {said.get('note', '')}",
        "task_released": f"{text.get('person', '')} releases a task: {said.get('note', '')}",
        "task_taken_over": f"{text.get('person', '')} takes a task over: {said.get('note', '')}",
        "task_closed": f"{said.get('note', '')} is closed without a person: {said.get('outcome', '')}{reason}",
        "overdue": f"still waits: {note}",
        "withdrawn": f"notes that the booking is withdrawn by {text.get('person', '')}",
        "after_withdrawal": f"takes {title} in and does nothing with it: {note}",
        "stated": f"{text.get('person', '')} states of the person: {note.replace('_', ' ')}",
        "reopened": f"opens the case again: {note}",
        "resubmitted": f"goes on with the same case: {note}",
        "no_answer": f"gives no answer: {note}",
        "answer_due": f"answers with what has come: {said.get('repository', '')} {said.get('result', '')}",
        "looked_at": f"{text.get('person', '')} looks at {_looked_at(text)}",
        "state": f"the case is {said.get('state', '')}" + (f": {note}" if note else ""),
        "erased": f"erases what its period of keeping is over for: {note}",
        "erasure_postponed": f"does not erase the case yet: {note}",
        "disposition": f"notes how a charge ended: {said.get('outcome', 'it is in the message')}",
        "late": f"receives something too late: {note}",
        "enrolled": f"keeps {text.get('count', 0)} fingers in the {said.get('repository', '')} gallery",
        "searched": f"searched the {said.get('repository', '')} gallery: {said.get('result', '')}, "
        f"{text.get('candidates', 0)} candidate(s) among {text.get('count', 0)}{_if_nobody(text)}",
    }
    return sentences.get(kind, ": ".join(part for part in (kind.replace("_", " "), note) if part))


def _if_nobody(text: dict[str, str]) -> str:
    """Return what keeps a search among nobody from being read as a no."""
    is_empty = text.get("result") == RepositoryState.NO_MATCH and text.get("count", "0") == "0"
    return f": nobody was on file to be compared with ({EMPTY_REPOSITORY})" if is_empty else ""


def _looked_at(text: dict[str, str]) -> str:
    return next((f"a {what} of the case" for what in ("task", "message") if what in text), "the case")


def _what_it_says(kind: Kind, body: bytes, sender_ori: str) -> str:
    if kind == Kind.ACK:
        return "taken in by the state bureau"
    received = read(body)
    if kind == Kind.COPY and received.tot != Kind.ERRT:
        # A state answers for its own file and passes on what the criminal repository answers.
        kind = Kind.STATE_SRE if received.ori == sender_ori else Kind.SRE
    if Kind.ERRT in (kind, received.tot):
        return "; ".join(message.to_text() for message in read_error(received).messages)
    result = read_result(received)
    said = result.response
    criminal = "found" if result.srf == "I" else "not found"
    whose = "state" if kind == Kind.STATE_SRE else "criminal"
    own = Repository.STATE if kind == Kind.STATE_SRE else Repository.CRIMINAL
    line = f"{whose} file: {criminal}{_if_empty(result.acn, own)}"
    if kind == Kind.STATE_SRE:
        return line
    finding = f" (examiners: {said.finding})" if said.finding else ""
    why = f"; search: {said.cascade.lower()}" if said.cascade else ""
    empty = _if_empty(result.acn, Repository.IMMIGRATION)
    return f"{line}; immigration: {said.immigration.replace('_', ' ')}{empty}{finding}{why}"


def _if_empty(told: str, repository: Repository) -> str:
    """Return what an answer's advice says of a repository without subjects."""
    return ", for nobody was on file to be compared with" if empty_file(repository) in told else ""
