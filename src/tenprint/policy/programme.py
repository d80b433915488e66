"""Programmes: rules that were in force together from one date on, read from `programs/*.toml`.

    [programme]   id, version, title, effective_from; optional: effective_to, about, based_on, was_in_force
    [[rules]]     question, id, when = [conditions, all must hold], outcome, basis, sentence, source, code (optional)

Within a question the rules stand in order; the first that holds speaks. The last one has no conditions: every question
has an answer. ``basis`` says where a rule comes from: ``programme`` for what was in force at the date, ``house`` for
what Tenprint demands of every programme. A sentence may name facts in braces: ``{status}``.

A programme that is ``based_on`` another one answers some questions anew and has that one's rules for all others. One
with ``was_in_force = false`` is invented, to be run beside those that were.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from importlib import resources
from typing import Any, Final

from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import RecordError, SenderError
from tenprint.policy.conditions import Condition, parse_condition
from tenprint.policy.vocabulary import (
    Outcome,
    Vocabulary,
    form_error,
    house_vocabulary,
    read_toml,
    require_keys,
    require_text,
)

PROGRAMS_FOLDER: Final = "programs"
SUFFIX: Final = ".toml"
BASES: Final = ("programme", "house")
PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")

_PROGRAMME_KEYS: Final = ("id", "version", "title", "effective_from")
_MORE_KEYS: Final = ("effective_to", "about", "based_on", "was_in_force")
_RULE_KEYS: Final = ("question", "id", "when", "outcome", "basis", "sentence", "source")
MAX_IDENTIFIER: Final = 64
"""A rule that refuses is the code of that refusal, which has no more room than other codes."""
_IDENTIFIER: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Rule:
    """One rule.

    Args:
        question: which question it answers.
        id: unique in the programme, for ever.
        conditions: all must hold; empty for the rule that answers when no other does.
        outcome: the answer.
        basis: ``programme`` or ``house``.
        sentence: why, for a layperson; facts in braces.
        source: statute, standard, document or the house's own reason.
        code: code to be sent with the answer, such as ``L0008``, or empty.
    """

    question: str
    id: str
    conditions: tuple[Condition, ...]
    outcome: Outcome
    basis: str
    sentence: str
    source: str
    code: str = ""

    @property
    def is_default(self) -> bool:
        """Tell whether this is the rule that answers when no other does."""
        return not self.conditions

    def describe(self, vocabulary: Vocabulary) -> str:
        """Return its conditions as one line of words; ``otherwise`` for the last rule."""
        return " and ".join(condition.describe(vocabulary) for condition in self.conditions) or "otherwise"


@dataclass(frozen=True)
class Programme:
    """Rules in force together.

    Args:
        id, version: which programme, which state of it; ``id-version`` is its file's name.
        title, about: for people.
        effective_from, effective_to: first and last day in force; None for open.
        text_hash: SHA-256 of the file's text, followed by the text hash of the programme that it is based on if it is;
            hex: what a decision was made under can be proved later.
        vocabulary: the facts and questions it was checked against.
        rules: by question, in order.
        based_on: name of the programme whose rules answer the questions that this one does not, or ``""``.
        own_questions: those that its own file answers.
        was_in_force: False for an invented one.
    """

    id: str
    version: str
    title: str
    about: str
    effective_from: date
    effective_to: date | None
    text_hash: str
    vocabulary: Vocabulary
    rules: dict[str, tuple[Rule, ...]]
    based_on: str = ""
    own_questions: frozenset[str] = frozenset()
    was_in_force: bool = True

    @property
    def name(self) -> str:
        """Return ``id-version``."""
        return f"{self.id}-{self.version}"

    @cached_property
    def answered(self) -> dict[Any, Any]:
        """Return the decisions that `evaluate.decide` remembers, by question and facts."""
        return {}

    def in_force(self, on: date) -> bool:
        """Tell whether the programme was in force on that day."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)

    def rule(self, rule_id: str) -> Rule:
        """Return the rule of that id.

        Raises:
            SenderError: ``POLICY_RULE_UNKNOWN``.
        """
        for rules in self.rules.values():
            for rule in rules:
                if rule.id == rule_id:
                    return rule
        raise SenderError("POLICY_RULE_UNKNOWN", "the programme has no such rule", field=rule_id[:64])


def available() -> tuple[str, ...]:
    """Return the names of the programmes that lie in the package, sorted."""
    names = (entry.name for entry in resources.files("tenprint.policy").joinpath(PROGRAMS_FOLDER).iterdir())
    return tuple(sorted(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)))


@cache
def load(name: str) -> Programme:
    """Return the programme that lies in the package under `name`, such as ``secure-communities-2010-10``.

    Raises:
        SenderError: ``POLICY_PROGRAMME_UNKNOWN`` when there is none.
        RecordError: as `parse_programme`; ``POLICY_FORM`` when the file's name is not ``id-version``.
    """
    programme = parse_programme(_text_of(name), house_vocabulary(), _whole)
    if programme.name != name:
        raise form_error("programme", f"stands in a file of another name than {programme.name}")
    return programme


def _text_of(name: str) -> str:
    if name not in available():
        hint = f"there are: {', '.join(available())}"
        raise SenderError("POLICY_PROGRAMME_UNKNOWN", "there is no programme of this name", hint=hint)
    return resources.files("tenprint.policy").joinpath(PROGRAMS_FOLDER, name + SUFFIX).read_text(encoding="utf-8")


def _whole(name: str) -> Programme:
    """Return a programme to base another one on: one that answers every question itself."""
    return parse_programme(_text_of(name), house_vocabulary())


def programme_in_force(programme_id: str, on: date) -> Programme:
    """Return the version of a programme that was in force on a day: of several, the one that began last.

    Raises:
        SenderError: ``POLICY_PROGRAMME_UNKNOWN`` when none was.
    """
    found = [load(name) for name in available() if name.startswith(f"{programme_id}-")]
    in_force = [one for one in found if one.id == programme_id and one.in_force(on)]
    if not in_force:
        raise SenderError("POLICY_PROGRAMME_UNKNOWN", f"no version of this programme was in force on {on.isoformat()}")
    return max(in_force, key=lambda one: one.effective_from)


def rules_for(programme: Programme, question: str) -> tuple[Rule, ...]:
    """Return the rules that answer a question, in the order in which they are tried.

    Raises:
        SenderError: ``POLICY_QUESTION_UNKNOWN``.
    """
    return programme.rules[programme.vocabulary.question(question).name]


def reads_fact(programme: Programme, question: str, fact: str) -> bool:
    """Tell whether any rule for a question has a condition on a fact: then a new value of it is a reason to ask again.

    Raises:
        SenderError: ``POLICY_QUESTION_UNKNOWN``.
    """
    return any(fact in condition.facts for rule in rules_for(programme, question) for condition in rule.conditions)


def parse_programme(text: str, vocabulary: Vocabulary, base_of: Callable[[str], Programme] | None = None) -> Programme:
    """Return the programme that a TOML text describes, checked in full.

    Args:
        text: a file in the form of this module's docstring.
        vocabulary: normally `house_vocabulary()`.
        base_of: finds the programme that this one is based on; without it none may be.

    Raises:
        SenderError: ``POLICY_PROGRAMME_UNKNOWN`` when there is no programme of the name that this one is based on.
        RecordError: ``POLICY_TOML`` no TOML; ``POLICY_FORM`` other keys or types; ``POLICY_RULE_FACT`` an unknown
            fact; ``POLICY_RULE_QUESTION`` an unknown question; ``POLICY_CONDITION`` an operator or value that does
            not suit its fact; ``POLICY_OUTCOME`` an answer that the question does not have; ``POLICY_RULE_ID`` an id
            used twice; ``POLICY_DEFAULT`` a question whose last rule, and only that, is not without conditions.
    """
    tables = read_toml(text)
    require_keys(tables, "programme file", needed=("programme", "rules"))
    head = tables["programme"]
    require_keys(head, "programme", needed=_PROGRAMME_KEYS, allowed=_MORE_KEYS)
    if not isinstance(tables["rules"], list):
        raise form_error("rules", "is no list of tables")
    rules = [_rule(table, position, vocabulary) for position, table in enumerate(tables["rules"], start=1)]
    effective_from, effective_to = _day(head, "effective_from"), _day(head, "effective_to")
    if effective_from is None or (effective_to is not None and effective_to < effective_from):
        raise form_error("programme", "ends before it begins")
    base, was_in_force = _base(head, base_of), head.get("was_in_force", True)
    if not isinstance(was_in_force, bool):
        raise form_error("programme", "has a was_in_force that is neither true nor false")
    return Programme(
        id=_identifier(head, "id", "programme"),
        version=_identifier(head, "version", "programme"),
        title=require_text(head, "title", "programme"),
        about=require_text(head, "about", "programme").strip() if "about" in head else "",
        effective_from=effective_from,
        effective_to=effective_to,
        text_hash=sha256_hex((text + (base.text_hash if base else "")).encode()),
        vocabulary=vocabulary,
        rules=_by_question(rules, vocabulary, base),
        based_on=base.name if base else "",
        own_questions=frozenset(rule.question for rule in rules),
        was_in_force=was_in_force,
    )


def _base(head: dict[str, Any], base_of: Callable[[str], Programme] | None) -> Programme | None:
    if "based_on" not in head:
        return None
    name = require_text(head, "based_on", "programme")
    if base_of is None:
        raise form_error("programme", "is based on another one where only a whole programme may stand")
    return base_of(name)


def _rule(table: Any, position: int, vocabulary: Vocabulary) -> Rule:
    where = f"rule {position}"
    require_keys(table, where, needed=_RULE_KEYS, allowed=("code",))
    rule_id = _identifier(table, "id", where)
    where = f"rule {rule_id}"
    question = vocabulary.questions.get(require_text(table, "question", where))
    if question is None:
        raise RecordError("POLICY_RULE_QUESTION", f"{where} answers an unknown question", field=where)
    if not question.accepts(table["outcome"]):
        raise RecordError("POLICY_OUTCOME", f"{where} has an answer that {question.name} does not have", field=where)
    if table["basis"] not in BASES:
        raise form_error(where, f"has a basis other than {' and '.join(BASES)}")
    if not isinstance(table["when"], list):
        raise form_error(where, "has conditions that are no list")
    return Rule(
        question=question.name,
        id=rule_id,
        conditions=tuple(parse_condition(one, vocabulary, where) for one in table["when"]),
        outcome=table["outcome"],
        basis=table["basis"],
        sentence=_sentence(table, vocabulary, where),
        source=require_text(table, "source", where),
        code=require_text(table, "code", where) if "code" in table else "",
    )


def _sentence(table: dict[str, Any], vocabulary: Vocabulary, where: str) -> str:
    sentence = require_text(table, "sentence", where)
    for name in PLACEHOLDER.findall(sentence):
        if name not in vocabulary.facts:
            raise RecordError("POLICY_RULE_FACT", f"{where} names an unknown fact in its sentence", field=where)
    if set(PLACEHOLDER.sub("", sentence)) & set("{}"):
        raise form_error(where, "has a brace without its partner in its sentence")
    return sentence


def _by_question(rules: list[Rule], vocabulary: Vocabulary, base: Programme | None) -> dict[str, tuple[Rule, ...]]:
    grouped = {name: tuple(rule for rule in rules if rule.question == name) for name in vocabulary.questions}
    if base is not None:
        grouped = {name: group or base.rules[name] for name, group in grouped.items()}
    seen: set[str] = set()
    for rule in (rule for group in grouped.values() for rule in group):
        if rule.id in seen:
            raise RecordError("POLICY_RULE_ID", f"two rules have the id {rule.id}", field=rule.id)
        seen.add(rule.id)
    for name, group in grouped.items():
        if [rule.is_default for rule in group] != [False] * (len(group) - 1) + [True]:
            message = f"of the rules for {name} the last one, and only that, must have no conditions"
            raise RecordError("POLICY_DEFAULT", message, field=name)
    return grouped


def _identifier(table: dict[str, Any], key: str, where: str) -> str:
    text = require_text(table, key, where)
    if _IDENTIFIER.fullmatch(text) is None or len(text) > MAX_IDENTIFIER:
        said = f"has an {key} that is not lower-case words joined by dashes, at most {MAX_IDENTIFIER} characters"
        raise form_error(where, said)
    return text


def _day(head: dict[str, Any], key: str) -> date | None:
    day = head.get(key)
    if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
        raise form_error("programme", f"has a {key} that is no day")
    return day
