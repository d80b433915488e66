"""Why a rule decided as it did: the question, the rule, its source, the facts, the rules before it, who has looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tenprint.core.clock import from_wire, to_wire
from tenprint.core.errors import RecordError, SenderError, StorageError
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import TaskKind
from tenprint.exchange.ports import Node
from tenprint.ledger.entry import Entry
from tenprint.policy import programme as programmes
from tenprint.policy.conditions import holds
from tenprint.policy.evaluate import decide
from tenprint.policy.programme import Programme, Rule, rules_for
from tenprint.web import case_words, rule_words, written
from tenprint.web.case_view import Looker, lookers_of
from tenprint.web.facts import Found, Trail, find

HOLDS = {True: "holds", False: "does not hold", None: "not known"}
UNKNOWN_SOURCE = "kept nowhere that this page can read"


@dataclass(frozen=True)
class FactLine:
    """A fact that the rules read: its name, what it is, its value in words, where it was read."""

    name: str
    label: str
    value: str
    source: str


@dataclass(frozen=True)
class Tested:
    """A condition of a rule that was read: in words, whether it holds, and the facts that it reads."""

    text: str
    holds: bool | None
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Tried:
    """A rule that was read: which, its conditions each with whether it holds, its answer, whether it spoke."""

    rule: Rule
    conditions: tuple[Tested, ...]
    answer: str
    speaks: bool


@dataclass(frozen=True)
class WhyView:
    """The reasons of one decision.

    Args:
        party, sequence, time, case_id: where it stands, when it was made, in which case.
        asks, outcome, sentence: question, answer and sentence, as the ledger has them.
        rule_id, version: which rule spoke, of which version.
        rule, programme: None when this installation does not have that version.
        facts: what the rules read.
        tried: the rules before it and itself, in the order in which they are read.
        check: what asking again with these facts gave, in a sentence.
        is_same: asking again gives the same rule.
        lookers: who looked at the case, the last one first.
        message_href: the message at whose handling it was asked, or ``""``.
        task_href: where the candidates' scores are explained, or ``""``.
    """

    party: str
    sequence: int
    time: datetime
    case_id: str
    asks: str
    outcome: str
    sentence: str
    rule_id: str
    version: str
    rule: Rule | None
    programme: Programme | None
    facts: tuple[FactLine, ...]
    tried: tuple[Tried, ...]
    check: str
    is_same: bool
    lookers: tuple[Looker, ...]
    message_href: str
    task_href: str

    @property
    def found(self) -> dict[str, str]:
        """Return the facts' values in words by name, as far as the reader may see them."""
        return {fact.name: fact.value for fact in self.facts}


def view_of(node: Node, entry: Entry, ledgers: Sequence[Node], own: str) -> WhyView:
    """Return the reasons of the decision in a ledger entry.

    Args:
        node: whose ledger.
        entry: of kind ``decision``.
        ledgers: parties whose ledgers may be seen, for the looks.
        own: party of the person who asks.
    """
    text = {name: str(value) for name, value in entry.fields.items()}
    programme, rule = _rule_of(node.services.programme, text.get("version", ""), text.get("rule", ""))
    trail = _trail(node, entry, text)
    facts = find(trail, programme, rule) if programme and rule else {}
    question = node.services.programme.vocabulary.questions.get(text.get("question", ""))
    check, is_same = _asked_again(programme, rule, facts)
    return WhyView(
        party=node.party.id,
        sequence=int(text.get("sequence", 0)),
        time=from_wire(text["time"]),
        case_id=text.get("case", ""),
        asks=question.asks if question else text.get("question", ""),
        outcome=case_words.outcome_in_words(text.get("outcome", ""), question.unit if question else ""),
        sentence=text.get("note", ""),
        rule_id=text.get("rule", ""),
        version=text.get("version", ""),
        rule=rule,
        programme=programme,
        facts=_fact_lines(programme, rule, facts),
        tried=_tried(programme, rule, facts),
        check=check,
        is_same=is_same,
        lookers=_lookers(ledgers, text.get("case", "")),
        message_href=_message_href(node, trail),
        task_href=_task_href(trail.tasks, text.get("question", "")) if own == node.party.id else "",
    )


def twin(view: WhyView) -> dict[str, Any]:
    """Return what the page says as JSON values."""
    rule, programme = view.rule, view.programme
    return {
        "party": view.party,
        "entry": view.sequence,
        "time": to_wire(view.time),
        "case": view.case_id,
        "question": view.asks,
        "outcome": view.outcome,
        "sentence": view.sentence,
        "rule": {
            "id": view.rule_id,
            "version": view.version,
            "basis": rule.basis if rule else None,
            "source": rule.source if rule else None,
            "programme": programme.title if programme else None,
            "effective_from": programme.effective_from.isoformat() if programme else None,
            "effective_to": programme.effective_to.isoformat() if programme and programme.effective_to else None,
            "text_sha256": programme.text_hash if programme else None,
        },
        "facts": [
            {"name": one.name, "label": one.label, "value": one.value, "source": one.source} for one in view.facts
        ],
        "rules_read": [
            {
                "id": one.rule.id,
                "speaks": one.speaks,
                "conditions": [{"condition": part.text, "state": HOLDS[part.holds]} for part in one.conditions],
            }
            for one in view.tried
        ],
        "asked_again": {"is_same": view.is_same, "sentence": view.check},
        "lookers": [
            {"person": one.person, "party": one.party, "times": one.times, "last": to_wire(one.last)}
            for one in view.lookers
        ],
    }


def _rule_of(current: Programme, version: str, rule_id: str) -> tuple[Programme | None, Rule | None]:
    try:
        programme = current if current.version == version else programmes.load(f"{current.id}-{version}")
        return programme, programme.rule(rule_id)
    except (SenderError, RecordError):
        return None, None


def _trail(node: Node, entry: Entry, text: dict[str, str]) -> Trail:
    case_id = text.get("case", "")
    entries = list(written.of_case(node, case_id).entries) if case_id else [entry]
    with node.store.transaction() as tx:
        case, tasks = tx.case(case_id), tx.tasks(case_id)
        try:
            headings = tx.headings(case_id)
        except StorageError:
            headings = []
    about = (text.get("message"), text.get("message_hash"))
    key = next((one.key for one in headings if (one.id, one.content_hash) == about), None)
    message: Envelope | None = None
    if key is not None:
        try:
            message = node.store.message(key)
        except StorageError:
            message = None
    return Trail(node, entry, entries, case, message, tasks)


def _asked_again(programme: Programme | None, rule: Rule | None, facts: dict[str, Found]) -> tuple[str, bool]:
    if programme is None or rule is None:
        return (
            "This installation does not have that version of the rules, so the question cannot be asked again.",
            False,
        )
    again = decide(programme, rule.question, {name: one.value for name, one in facts.items()})
    if again.rule == rule.id:
        return "Asked again for this page with the facts below, the same rule answers.", True
    return (
        f"Asked again for this page with the facts below, rule {again.rule} answers: a fact that mattered is not known "
        "here.",
        False,
    )


def _read_so_far(programme: Programme, rule: Rule) -> tuple[Rule, ...]:
    rules = rules_for(programme, rule.question)
    return rules[: rules.index(rule) + 1]


def _fact_lines(programme: Programme | None, rule: Rule | None, facts: dict[str, Found]) -> tuple[FactLine, ...]:
    if programme is None or rule is None:
        return ()
    read = {name for one in _read_so_far(programme, rule) for part in one.conditions for name in part.facts}
    vocabulary = programme.vocabulary.facts
    lines = []
    for name in sorted(read | facts.keys()):
        found, fact = facts.get(name), vocabulary[name]
        value = fact.in_words(found.value if found else None)
        lines.append(FactLine(name, fact.label, value, found.source if found else UNKNOWN_SOURCE))
    return tuple(lines)


def _tried(programme: Programme | None, rule: Rule | None, facts: dict[str, Found]) -> tuple[Tried, ...]:
    if programme is None or rule is None:
        return ()
    values = {name: one.value for name, one in facts.items()}
    vocabulary = programme.vocabulary
    return tuple(
        Tried(
            one,
            tuple(
                Tested(rule_words.condition(part, vocabulary), holds(part, values), part.facts)
                for part in one.conditions
            ),
            rule_words.answer(one, vocabulary),
            one.id == rule.id,
        )
        for one in _read_so_far(programme, rule)
    )


def _lookers(ledgers: Sequence[Node], case_id: str) -> tuple[Looker, ...]:
    return lookers_of([(node, written.of_case(node, case_id).entries) for node in ledgers]) if case_id else ()


def _message_href(node: Node, trail: Trail) -> str:
    if trail.message is None:
        return ""
    return case_words.message_path(node.party.id, trail.message.sender, trail.message.id)


def _task_href(tasks: Sequence[Task], question: str) -> str:
    examined = (task.id for task in tasks if task.kind == TaskKind.EXAMINE and question == "verify_candidate")
    return next((f"/tasks/{task_id}" for task_id in examined), "")
