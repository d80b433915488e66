"""The words of rules: facts with their types, and questions with their possible answers (`vocabulary.toml`).

One vocabulary serves all programmes, so that a booking can be put to any of them and the answers compared.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any, Final

from tenprint.core.errors import RecordError, SenderError

FactValue = bool | int | str | date
Outcome = str | int

VOCABULARY_FILE: Final = "vocabulary.toml"
NOT_KNOWN: Final = "not known"
_PYTHON_TYPES: Final[dict[str, type]] = {"bool": bool, "int": int, "text": str, "date": date}


@dataclass(frozen=True)
class Fact:
    """One fact that rules may speak of.

    Args:
        name: as in rule files.
        type: ``bool``, ``int``, ``text`` or ``date``.
        label: what it is, for people.
        one_of: the only texts allowed; empty for any.
        at_least, at_most: range of an int; None for no limit.
        words: how a text is spoken of in sentences.
    """

    name: str
    type: str
    label: str
    one_of: tuple[str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None
    words: dict[str, str] = field(default_factory=dict)

    def accepts(self, value: object) -> bool:
        """Tell whether `value` has this fact's type and lies in its range; True is no int, a datetime no date."""
        wrong_kin = (isinstance(value, bool) and self.type != "bool") or isinstance(value, datetime)
        if wrong_kin or not isinstance(value, _PYTHON_TYPES[self.type]):
            return False
        if isinstance(value, str):
            return not self.one_of or value in self.one_of
        if isinstance(value, int):
            return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)
        return True

    def in_words(self, value: FactValue | None) -> str:
        """Return `value` as it is spoken of in a sentence; ``not known`` for None."""
        if value is None:
            return NOT_KNOWN
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, date):
            return value.isoformat()
        return self.words.get(str(value), str(value))


@dataclass(frozen=True)
class Question:
    """One question that a programme answers.

    Args:
        name: as in rule files.
        asks: the question in words.
        outcomes: the possible answers; empty when the answer is a whole number.
        unit: of that number (``seconds``, ``hours``); empty for answers in words.
    """

    name: str
    asks: str
    outcomes: tuple[str, ...] = ()
    unit: str = ""

    def accepts(self, outcome: object) -> bool:
        """Tell whether `outcome` is a possible answer."""
        if self.unit:
            return isinstance(outcome, int) and not isinstance(outcome, bool) and outcome >= 0
        return outcome in self.outcomes


@dataclass(frozen=True)
class Vocabulary:
    """All facts and questions, by name."""

    facts: dict[str, Fact]
    questions: dict[str, Question]

    def check_facts(self, facts: Mapping[str, FactValue]) -> None:
        """Refuse a fact record that names an unknown fact or holds a value of another type or range.

        Raises:
            SenderError: ``POLICY_FACT_UNKNOWN`` or ``POLICY_FACT_VALUE``, with the fact as the field.
        """
        for name, value in facts.items():
            fact = self.facts.get(name)
            if fact is None:
                raise SenderError("POLICY_FACT_UNKNOWN", "the rules know no fact of this name", field=name[:64])
            if not fact.accepts(value):
                raise SenderError("POLICY_FACT_VALUE", f"this is no {fact.type} within range: {fact.label}", field=name)

    def question(self, name: str) -> Question:
        """Return the question of that name.

        Raises:
            SenderError: ``POLICY_QUESTION_UNKNOWN``.
        """
        question = self.questions.get(name)
        if question is None:
            raise SenderError("POLICY_QUESTION_UNKNOWN", "the rules answer no such question", field=name[:64])
        return question


@cache
def house_vocabulary() -> Vocabulary:
    """Return the vocabulary that lies in the package."""
    return parse_vocabulary(resources.files("tenprint.policy").joinpath(VOCABULARY_FILE).read_text(encoding="utf-8"))


def parse_vocabulary(text: str) -> Vocabulary:
    """Return the vocabulary that a TOML text describes; its form is in the head of `vocabulary.toml`.

    Raises:
        RecordError: ``POLICY_TOML`` when it is no TOML, ``POLICY_FORM`` for another key or type than the form has.
    """
    tables = read_toml(text)
    require_keys(tables, "vocabulary", needed=("facts", "questions"))
    facts = {name: _fact(name, table) for name, table in _tables(tables["facts"], "facts").items()}
    questions = {name: _question(name, table) for name, table in _tables(tables["questions"], "questions").items()}
    return Vocabulary(facts, questions)


def read_toml(text: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Raises:
        RecordError: ``POLICY_TOML`` when it is none.
    """
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise RecordError("POLICY_TOML", f"a policy file is no TOML: {problem}") from problem


def require_keys(table: Any, where: str, needed: Iterable[str], allowed: Iterable[str] = ()) -> None:
    """Refuse a table that lacks a needed key or has one that is neither needed nor allowed.

    Raises:
        RecordError: ``POLICY_FORM``, naming the place.
    """
    if not isinstance(table, dict):
        raise form_error(where, "is no table")
    needed = set(needed)
    for key in sorted(needed - table.keys()):
        raise form_error(where, f"lacks {key}")
    for key in sorted(table.keys() - needed - set(allowed)):
        raise form_error(where, f"has the unknown key {key}")


def require_text(table: dict[str, Any], key: str, where: str) -> str:
    """Return a text that is there and not blank.

    Raises:
        RecordError: ``POLICY_FORM``, naming the place.
    """
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise form_error(where, f"needs a text as {key}")
    return value


def form_error(where: str, what: str) -> RecordError:
    """Return the error for a policy file of another form."""
    return RecordError("POLICY_FORM", f"{where} {what}", field=where)


def _tables(value: Any, where: str) -> dict[str, dict[str, Any]]:
    if not isinstance(value, dict):
        raise form_error(where, "is no table")
    for name in value:
        if not (name.isascii() and name.isidentifier() and name == name.lower()):
            raise form_error(where, f"has a name that is no lower-case word: {name[:64]}")
    return value


def _fact(name: str, table: Any) -> Fact:
    where = f"facts.{name}"
    require_keys(table, where, needed=("type", "label"), allowed=("one_of", "at_least", "at_most", "words"))
    if table["type"] not in _PYTHON_TYPES:
        raise form_error(where, "has a type other than bool, int, text and date")
    allowed = {"int": ("at_least", "at_most"), "text": ("one_of", "words")}.get(table["type"], ())
    require_keys(table, where, needed=("type", "label"), allowed=allowed)
    limits = [table.get(key) for key in ("at_least", "at_most")]
    if any(limit is not None and type(limit) is not int for limit in limits):
        raise form_error(where, "has a limit that is no whole number")
    words = table.get("words", {})
    one_of = _texts(table.get("one_of", []), where)
    if not isinstance(words, dict) or not words.keys() <= set(one_of):
        raise form_error(where, "has words for texts that are not among one_of")
    _texts(list(words.values()), where)
    return Fact(name, table["type"], require_text(table, "label", where), one_of, limits[0], limits[1], dict(words))


def _question(name: str, table: Any) -> Question:
    where = f"questions.{name}"
    require_keys(table, where, needed=("asks",), allowed=("outcomes", "unit"))
    if ("outcomes" in table) == ("unit" in table):
        raise form_error(where, "needs either outcomes or a unit")
    asks = require_text(table, "asks", where)
    if "unit" in table:
        return Question(name, asks, unit=require_text(table, "unit", where))
    outcomes = _texts(table["outcomes"], where)
    if not outcomes:
        raise form_error(where, "has no outcomes")
    return Question(name, asks, outcomes)


def _texts(values: Any, where: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise form_error(where, "needs a list of texts")
    return tuple(values)
