"""What a case page says: where the case is, who has it, what is known by whom, what comes next, who decided what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from tenprint.core.clock import from_wire
from tenprint.core.errors import RecordError, StorageError
from tenprint.exchange import story
from tenprint.exchange.model.case import Case, Task
from tenprint.exchange.model.envelope import Heading
from tenprint.exchange.model.known import Repository
from tenprint.exchange.model.words import FINAL_STATES, CaseState, Kind, RepositoryState, Role
from tenprint.exchange.ports import Node
from tenprint.exchange.story import StoryLine
from tenprint.exchange.tasks.looks import LOOKED_AT
from tenprint.exchange.tasks.waits import SUBMITTED
from tenprint.ledger.entry import Entry
from tenprint.ledger.vocabulary import RECEIPT, RECEIVED, SENT
from tenprint.records.ident import IdentDataResponse
from tenprint.records.itl.ebts import read_result
from tenprint.records.itl.reader import read
from tenprint.web import case_words, words, written
from tenprint.web.news_words import See, copies_of, news_of
from tenprint.web.picture import Event, Lane, Shape, sequence

KEEPERS = {
    Repository.STATE: Role.STATE_BUREAU,
    Repository.CRIMINAL: Role.CRIMINAL_REPOSITORY,
    Repository.IMMIGRATION: Role.IMMIGRATION_REPOSITORY,
}
"""Whose gallery it is: the first to ask what a repository answered."""
QUESTIONS = {
    Repository.STATE: (SUBMITTED, Role.STATE_BUREAU),
    Repository.CRIMINAL: (SUBMITTED, Role.CRIMINAL_REPOSITORY),
    Repository.IMMIGRATION: (frozenset({Kind.IDENT_SEARCH}), Role.IMMIGRATION_REPOSITORY),
}
"""With which message, to whom, a repository is asked."""
FAILED = frozenset({RepositoryState.ERROR, RepositoryState.PARTIAL})
DECISION, ANSWERED, CLOSED, OPENED, CLOCK = "decision", "task_answered", "task_closed", "task_opened", "answer_due"


@dataclass(frozen=True)
class Holder:
    """A party that has the case: its id, what it knows of the case, and of each repository."""

    party: str
    case: Case
    repositories: tuple[words.RepositoryWord, ...]


@dataclass(frozen=True)
class NextStep:
    """Something that is to come: what, whose move it is, by when, and where to do it (own tasks only).

    `kind` is that of the task; ``""`` for a clock.
    """

    what: str
    party: str
    due_at: datetime | None
    href: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Told:
    """A line of the story with its entry.

    Args:
        line: time, party, sentence.
        kind: of the entry.
        sequence: the entry's place in its ledger.
        href: where all about it stands.
        entry_href: the entry itself, with its proof.
        asked: the question that a rule or a person answered, in words, or ``""``.
        answer: the answer in words, or ``""``.
        reason: the rule's sentence or the person's reason, or ``""``.
        question: name of the rule's question, or ``""``.
    """

    line: StoryLine
    kind: str
    sequence: int
    href: str
    entry_href: str
    asked: str = ""
    answer: str = ""
    reason: str = ""
    question: str = ""


@dataclass(frozen=True)
class Looker:
    """Somebody who looked at the case: who, at which party, how often, when last."""

    person: str
    party: str
    times: int
    last: datetime


@dataclass(frozen=True)
class CaseView:
    """A case as it may be shown to one person.

    Args:
        case_id, state, now: which, where it stands as far as the parties shown know, the network's time.
        holders: the parties shown that have the case, in the order of the network.
        repositories: what each repository answered, as far as the party nearest to it tells.
        steps: what comes next, the most urgent first.
        lines: the story forwards, without looks.
        lookers: who looked at the case, the last one first.
        picture: the same as SVG; empty when there is no story.
        is_whole: the story is that of all parties.
        is_kept_back: an examiner who has not recorded a first finding is told nothing but the own tasks.
        ledger_faults: entries and ledgers that cannot be read, in sentences.
        news: what courts and corrections have said of the case, in sentences, each once; and before these, which of the
            parties shown have copies of answers only.
    """

    case_id: str
    state: CaseState
    now: datetime
    holders: tuple[Holder, ...]
    repositories: tuple[words.RepositoryWord, ...]
    steps: tuple[NextStep, ...]
    lines: tuple[Told, ...]
    lookers: tuple[Looker, ...]
    picture: Markup
    is_whole: bool
    is_kept_back: bool
    ledger_faults: tuple[str, ...] = ()
    news: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Return where the case stands, in one sentence: for whom it waits and until when, or how it ended."""
        waits = [step for step in self.steps if step.kind]
        for step in waits or self.steps:
            due = case_words.until(step.due_at, self.now)
            if step.kind:
                return f"Waits for {case_words.WHO[step.kind]} of the {words.spoken_name(step.party)}{due}."
            return f"Waits for a clock of the {words.spoken_name(step.party)}: {step.what}{due}."
        if self.state in FINAL_STATES:
            return f"Has ended: {words.spoken_name(self.state)}. Nothing waits for a person or a clock."
        known = "" if self.is_whole else ", as far as your party knows"
        return f"Is {words.spoken_name(self.state)}{known}. Nothing waits for a person or a clock here."

    @property
    def lacks_answers(self) -> bool:
        """Tell whether a repository was asked and has not answered in full."""
        return any(one.state in FAILED | {RepositoryState.PENDING} for one in self.repositories)

    @property
    def people(self) -> tuple[Told, ...]:
        """Return what people answered."""
        return tuple(told for told in self.lines if told.kind in (ANSWERED, CLOSED))

    @property
    def codes(self) -> tuple[tuple[str, str], ...]:
        """Return the codes that the picture shows, each with what it means."""
        shown = {told.line.message_kind for told in self.lines if told.kind in (SENT, RECEIVED)}
        named = ((case_words.message_name(kind), kind) for kind in case_words.CODES if kind in shown)
        return tuple((name, case_words.CODES[kind]) for name, kind in named)

    @property
    def rules(self) -> tuple[Told, ...]:
        """Return what rules decided."""
        return tuple(told for told in self.lines if told.kind == DECISION)


@dataclass(frozen=True)
class _Had:
    """What one party's database has of a case."""

    node: Node
    case: Case
    headings: tuple[Heading, ...]
    tasks: tuple[Task, ...]


def view_of(
    nodes: Sequence[Node],
    case_id: str,
    *,
    own: str,
    now: datetime,
    is_whole: bool,
    is_kept_back: bool,
    see: story.See = dict,
    see_person: See = dict,
) -> CaseView | None:
    """Return the case as these parties tell it; None when none of them knows it.

    Args:
        nodes: parties whose word may be shown.
        case_id: which case.
        own: party of the person who looks.
        now: the network's time.
        is_whole: these are all parties of the network.
        is_kept_back: see `CaseView`.
        see: how the person sees what stands on ledgers.
        see_person: how the person sees fields of the booked person's data.
    """
    had = [one for node in nodes if (one := _had(node, case_id)) is not None]
    if not had:
        return None
    state = story.final_state(nodes, case_id)
    if is_kept_back:
        steps = [step for step in _steps(had, own, now) if step.party == own]
        return CaseView(case_id, state, now, (), (), tuple(steps), (), (), Markup(""), is_whole, is_kept_back=True)
    reasons = _reasons(had)
    read = [(node, written.of_case(node, case_id)) for node in nodes]
    apart = [(node, [entry for entry in one.entries if _is_of_the_story(entry)]) for node, one in read]
    told = [_told(node, entry, see) for node, entry in story.in_order(apart)]
    copied = [said for one in had if (said := copies_of(one.case, one.node.party.id))]
    return CaseView(
        case_id=case_id,
        state=state,
        now=now,
        holders=tuple(Holder(one.node.party.id, one.case, _known(one, had, reasons)) for one in had),
        repositories=tuple(_best_word(repository, had, reasons) for repository in Repository),
        steps=tuple(_steps(had, own, now)),
        lines=tuple(told),
        lookers=lookers_of([(node, one.entries) for node, one in read]),
        picture=_drawn(nodes, told, own, None if state in FINAL_STATES else now),
        is_whole=is_whole,
        is_kept_back=False,
        ledger_faults=tuple(fault for _, one in read for fault in one.faults),
        news=(*copied, *dict.fromkeys(line for one in had for line in news_of(one.case, see_person))),
    )


def _had(node: Node, case_id: str) -> _Had | None:
    with node.store.transaction() as tx:
        case = tx.case(case_id)
        if case is None:
            return None
        return _Had(node, case, tuple(tx.headings(case_id)), tuple(tx.tasks(case_id, open_only=True)))


def _told(node: Node, entry: Entry, see: story.See) -> Told:
    line, party = story.line_of(node, entry, see=see), node.party.id
    place = int(entry.fields.get("sequence", 0))
    kind, message = str(entry.fields.get("kind", "")), str(entry.fields.get("message", ""))
    entry_href = case_words.entry_path(party, place)
    href = entry_href
    if kind in (SENT, RECEIVED):
        sender = party if kind == SENT else line.counterpart
        href = case_words.message_path(party, sender, message)
    elif kind == DECISION:
        href = case_words.why_path(party, place)
    elif kind == ANSWERED:
        href = case_words.message_path(party, party, message)
    return Told(
        line,
        kind,
        place,
        href,
        entry_href,
        *_question_and_answer(node, entry, line),
        str(entry.fields.get("question", "")),
    )


def _question_and_answer(node: Node, entry: Entry, line: StoryLine) -> tuple[str, str, str]:
    """Return what was asked, the answer and its reason, of a rule or a person, as words."""
    text = {name: str(value) for name, value in entry.fields.items()}
    outcome = line.outcome
    if text.get("kind") == DECISION:
        question = node.services.programme.vocabulary.questions.get(text.get("question", ""))
        asks = question.asks if question else words.spoken_name(text.get("question", ""))
        return asks, case_words.outcome_in_words(outcome, question.unit if question else ""), text.get("note", "")
    if text.get("kind") in (ANSWERED, CLOSED):
        asks = words.TASK_TITLES.get(text.get("note", ""), words.spoken_name(text.get("note", "")))
        return asks, case_words.answer_in_words(outcome), line.reason
    return "", "", ""


def _is_of_the_story(entry: Entry) -> bool:
    """Tell whether an entry is a line of the story: neither a look nor a receipt."""
    return entry.fields.get("kind") not in (LOOKED_AT, RECEIPT)


def _is_look(entry: Entry) -> bool:
    return entry.fields.get("kind") == LOOKED_AT


def lookers_of(written: Sequence[tuple[Node, Sequence[Entry]]]) -> tuple[Looker, ...]:
    """Return who looked, by person and party, the last one first."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for node, entries in written:
        for entry in filter(_is_look, entries):
            who = (str(entry.fields.get("person", "somebody")), node.party.id)
            found[who] = (found.get(who, (0, ""))[0] + 1, str(entry.fields["time"]))
    looked = [Looker(*who, times, from_wire(last)) for who, (times, last) in found.items()]
    return tuple(sorted(looked, key=lambda looker: looker.last, reverse=True))


def _drawn(nodes: Sequence[Node], told: Sequence[Told], own: str, now: datetime | None) -> Markup:
    """Return the picture of a story; each message is one arrow, opened as the own party holds it when it does.

    Args:
        nodes, told, own: whose story, the story, and the party of the reader.
        now: the network's time, at which answers may be pending; None for a case that has ended.
    """
    at_hand = {node.party.id for node in nodes}
    known = [party for node in nodes for party in node.services.directory.parties]
    order = {party.id: list(Role).index(party.role) for party in known}
    events = list(_events(told, at_hand, own))
    events += _pending(told, now) if now is not None else []
    seen = {name for event in events for name in (event.party, event.to) if name}
    lanes = [Lane(name, words.spoken_name(name)) for name in sorted(seen, key=lambda name: (order.get(name, 99), name))]
    return sequence(lanes, events, "What happened in this case") if lanes else Markup("")


def _events(told: Sequence[Told], at_hand: set[str], own: str) -> Iterator[Event]:
    sent = {(one.line.party, _last_part(one.href)) for one in told if one.kind == SENT}
    for one in told:
        line = one.line
        if one.kind == SENT:
            # The receiver's copy is the own one when the reader is the receiver.
            sender, message = line.party, _last_part(one.href)
            href = f"/messages/{own}/{sender}/{message}" if line.counterpart == own and own in at_hand else one.href
            yield _arrow(one, sender, line.counterpart, href)
        elif one.kind == RECEIVED and (line.counterpart, _last_part(one.href)) not in sent:
            yield _arrow(one, line.counterpart, line.party, one.href)
        elif (mark := _mark(one, _which_finding(one, told))) is not None:
            yield mark


def _pending(told: Sequence[Told], now: datetime) -> list[Event]:
    """Return the answers that are waited for, as arrows that have not come."""
    messages = [one for one in told if one.kind in (SENT, RECEIVED) and one.line.message_kind]
    come = {one.line.message_kind for one in messages}
    waited = {one.line.message_kind: one for one in messages if one.line.message_kind in case_words.PENDING}
    events = []
    for kind, one in waited.items():
        if case_words.PENDING[kind] not in come:
            line, is_sent = one.line, one.kind == SENT
            asked, asker = (line.counterpart, line.party) if is_sent else (line.party, line.counterpart)
            label = f"pending: the answer of the {words.spoken_name(asked)}"
            title = f"{label} to the {words.spoken_name(asker)}, asked {words.spoken_time(line.time)}"
            events.append(Event(now, asked, asker, Shape.PENDING, label, title, one.href))
    return events


def _last_part(href: str) -> str:
    return href.rpartition("/")[2]


def _arrow(one: Told, sender: str, recipient: str, href: str) -> Event:
    name = case_words.message_name(one.line.message_kind)
    title = (
        f"{name} from {words.spoken_name(sender)} to {words.spoken_name(recipient)}, {words.spoken_time(one.line.time)}"
    )
    return Event(one.line.time, sender, recipient, Shape.ARROW, name, title, href)


def _which_finding(one: Told, told: Sequence[Told]) -> str:
    """Return which of a person's two findings on one question this is: before or with the evidence; else nothing."""
    if one.kind != ANSWERED:
        return ""
    same = [other for other in told if (other.line.person, other.asked) == (one.line.person, one.asked)]
    same = [other for other in same if (other.kind, other.line.party) == (one.kind, one.line.party)]
    if len(same) < 2:
        return ""
    return " (first finding)" if one is same[0] else " (with the evidence)"


def _mark(one: Told, which: str) -> Event | None:
    line = one.line
    shape = {DECISION: Shape.RULE, ANSWERED: Shape.PERSON, CLOSED: Shape.CLOCK, OPENED: Shape.ASKED, CLOCK: Shape.CLOCK}
    if one.kind not in shape:
        return None
    kind = line.sentence.partition(": ")[2]
    label = {
        DECISION: f"{case_words.RULES.get(one.question, words.spoken_name(one.question))} {one.answer}",
        ANSWERED: f"{line.person}{which}: {one.answer}",
        CLOSED: "closed by a clock",
        OPENED: case_words.ASKED.get(kind.replace(" ", "_"), "asks a person"),
        CLOCK: "time is up: answer is due",
    }[one.kind]
    by = f"rule {line.rule}: " if line.rule else ""
    title = f"{words.spoken_name(line.party)}: {by}{line.sentence}, {words.spoken_time(line.time)}"
    return Event(line.time, line.party, "", shape[one.kind], label, title, one.href)


def _steps(had: Sequence[_Had], own: str, now: datetime) -> list[NextStep]:
    del now
    steps = []
    for one in had:
        party = one.node.party.id
        for task in one.tasks:
            href = f"/tasks/{task.id}" if party == own else ""
            steps.append(NextStep(words.TASK_TITLES[task.kind], party, task.due_at, href, str(task.kind)))
        for timer in one.node.store.waiting_timers(one.case.case_id):
            steps.append(NextStep(case_words.CLOCKS.get(timer.purpose, "a clock runs out"), party, timer.due_at))
    return sorted(steps, key=lambda step: (step.due_at is None, step.due_at or datetime.max))


def _known(one: _Had, had: Sequence[_Had], reasons: dict[Repository, str]) -> tuple[words.RepositoryWord, ...]:
    if "repositories" not in one.case.known:
        return ()
    return tuple(_word(one, repository, had, reasons) for repository in Repository)


def _word(
    one: _Had, repository: Repository, had: Sequence[_Had], reasons: dict[Repository, str]
) -> words.RepositoryWord:
    return case_words.repository_word(one.case, repository, _asked_at(repository, had), reasons.get(repository, ""))


def _best_word(repository: Repository, had: Sequence[_Had], reasons: dict[Repository, str]) -> words.RepositoryWord:
    """Return a repository's answer as its keeper tells it, else as whoever knows more than that it was not asked."""
    by_nearness = sorted(had, key=lambda one: one.node.party.role != KEEPERS[repository])
    found = [_word(one, repository, had, reasons) for one in by_nearness]
    return next((word for word in found if word.state != RepositoryState.NOT_ASKED), found[0])


def _asked_at(repository: Repository, had: Sequence[_Had]) -> datetime:
    """Return when a repository was asked: the time of the question, else of the first message of the case."""
    kinds, role = QUESTIONS[repository]
    sent = [heading for one in had for heading in one.headings]
    roles = {party.id: party.role for one in had for party in one.node.services.directory.parties}
    asked = [message.sent_at for message in sent if message.kind in kinds and roles.get(message.recipient) == role]
    return min(asked or [message.sent_at for message in sent] or [one.case.opened_at for one in had])


def _reasons(had: Sequence[_Had]) -> dict[Repository, str]:
    """Return why repositories could not answer, from their answers; those are read only where something failed."""
    failed = {
        Repository(name)
        for one in had
        for name, state in one.case.known.get("repositories", {}).items()
        if state in FAILED
    }
    reasons: dict[Repository, str] = {}
    for one in had if failed else ():
        for heading in one.headings:
            repository = {Kind.IDR: Repository.IMMIGRATION, Kind.STATE_SRE: Repository.STATE}.get(heading.kind)
            repository = Repository.CRIMINAL if heading.kind == Kind.SRE else repository
            if repository in failed and repository is not None and not reasons.get(repository):
                reasons[repository] = _reason(one.node, heading)
    return reasons


def _reason(node: Node, heading: Heading) -> str:
    try:
        body = node.store.message(heading.key).body
        if heading.kind != Kind.IDR:
            return read_result(read(body)).acn
        answer = IdentDataResponse.from_bytes(body)
    except (StorageError, RecordError) as problem:
        return f"its answer cannot be read ({problem.code})"
    if answer.text:
        return answer.text
    if answer.shards_answered < answer.shards_total:
        return f"{answer.shards_answered} of {answer.shards_total} parts of the gallery answered"
    return f"examiners found it {answer.finding}" if answer.finding else "not everybody could be compared"


__all__ = ["CaseView", "Holder", "Looker", "NextStep", "Told", "lookers_of", "view_of"]
