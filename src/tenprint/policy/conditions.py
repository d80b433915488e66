"""Conditions of rules: one fact, one operator, one value; three answers: holds, does not hold, not known.

    { fact = "status", is = "citizen" }                       a literal of the fact's own type
    { fact = "score", at_least = { fact = "threshold" } }     another fact of the same type
    { fact = "victim_or_witness", known = false }             whether there is a value at all; never "not known"

Operators: ``is``, ``is_not`` (every type); ``in``, ``not_in`` (a list; int, text, date); ``at_least``, ``at_most``,
``above``, ``below`` (int, date); ``before``, ``after`` (date); ``known`` (every type; true or false). A condition
whose fact, or whose other fact, has no value is not known: it neither holds nor fails. The format has no functions and
no nesting, so that the same file is read for one case and for columns of a million (`columns`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tenprint.core.errors import RecordError
from tenprint.policy.vocabulary import Fact, FactValue, Vocabulary, form_error

ORDERED_TYPES: Final = ("int", "date")
LIST_TYPES: Final = ("int", "text", "date")
ALL_TYPES: Final = ("bool", "int", "text", "date")

COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "is": operator.eq,
    "is_not": operator.ne,
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
    "before": operator.lt,
    "after": operator.gt,
}
MEMBERSHIPS: Final = ("in", "not_in")
KNOWN: Final = "known"

_TYPES_OF: Final[dict[str, tuple[str, ...]]] = {
    "is": ALL_TYPES,
    "is_not": ALL_TYPES,
    "in": LIST_TYPES,
    "not_in": LIST_TYPES,
    "at_least": ORDERED_TYPES,
    "at_most": ORDERED_TYPES,
    "above": ORDERED_TYPES,
    "below": ORDERED_TYPES,
    "before": ("date",),
    "after": ("date",),
    KNOWN: ALL_TYPES,
}
OPERATORS: Final = tuple(_TYPES_OF)


@dataclass(frozen=True)
class FactReference:
    """A value that is taken from another fact."""

    name: str


Operand = FactValue | FactReference | tuple[FactValue, ...]


@dataclass(frozen=True)
class Condition:
    """One condition, already checked against the vocabulary.

    Args:
        fact: name of the fact.
        operator: one of `OPERATORS`.
        operand: a literal, a tuple of literals for ``in`` and ``not_in``, or another fact.
    """

    fact: str
    operator: str
    operand: Operand

    @property
    def facts(self) -> tuple[str, ...]:
        """Return the names of the facts it reads."""
        return (self.fact, self.operand.name) if isinstance(self.operand, FactReference) else (self.fact,)

    def describe(self, vocabulary: Vocabulary) -> str:
        """Return the condition as words, such as ``status is citizen``; facts by label, values as people say them."""
        fact = vocabulary.facts[self.fact]
        if self.operator == KNOWN:
            return f"{fact.label}: {'known' if self.operand else 'not known'}"
        if isinstance(self.operand, FactReference):
            value = vocabulary.facts[self.operand.name].label
        elif isinstance(self.operand, tuple):
            value = ", ".join(fact.in_words(one) for one in self.operand)
        else:
            value = fact.in_words(self.operand)
        return f"{fact.label}: {self.operator.replace('_', ' ')} {value}"


def parse_condition(table: Any, vocabulary: Vocabulary, where: str) -> Condition:
    """Return the condition that a TOML table describes.

    Args:
        table: one element of a rule's ``when``.
        vocabulary: against which facts, operators and values are checked.
        where: the rule, for error messages.

    Raises:
        RecordError: ``POLICY_FORM`` for another form, ``POLICY_RULE_FACT`` for an unknown fact,
            ``POLICY_CONDITION`` for an operator or a value that does not suit the fact.
    """
    if not isinstance(table, dict) or len(table) != 2 or not isinstance(table.get("fact"), str):
        raise form_error(where, "has a condition that is not one fact with one operator")
    fact = _known_fact(table["fact"], vocabulary, where)
    (used,) = table.keys() - {"fact"}
    if used not in _TYPES_OF:
        raise _condition_error(where, f"has the unknown operator {used[:32]}")
    if fact.type not in _TYPES_OF[used]:
        raise _condition_error(where, f"asks {used} of {fact.name}, which is of type {fact.type}")
    return Condition(fact.name, used, _operand(table[used], used, fact, vocabulary, where))


def holds(condition: Condition, facts: Mapping[str, FactValue]) -> bool | None:
    """Tell whether `condition` holds for the facts; None when a fact it needs has no value."""
    value = facts.get(condition.fact)
    if condition.operator == KNOWN:
        return (value is not None) == condition.operand
    operand: Any = condition.operand
    if isinstance(operand, FactReference):
        operand = facts.get(operand.name)
    if value is None or operand is None:
        return None
    if condition.operator in MEMBERSHIPS:
        return (value in operand) == (condition.operator == "in")
    return bool(COMPARISONS[condition.operator](value, operand))


def all_hold(conditions: tuple[Condition, ...], facts: Mapping[str, FactValue]) -> bool | None:
    """Tell whether all conditions hold: False as soon as one fails, else None when one is not known, else True."""
    answers = [holds(condition, facts) for condition in conditions]
    if False in answers:
        return False
    return None if None in answers else True


def missing_facts(conditions: tuple[Condition, ...], facts: Mapping[str, FactValue]) -> frozenset[str]:
    """Return the facts without a value on which it depends whether all `conditions` hold.

    Empty when one of the conditions fails whatever becomes known. A condition on a missing fact is open, also when it
    asks whether that fact is known: that changes as soon as somebody says it.
    """
    missing = frozenset(name for condition in conditions for name in condition.facts if name not in facts)
    is_lost = any(missing.isdisjoint(one.facts) and holds(one, facts) is False for one in conditions)
    return frozenset() if is_lost else missing


def _operand(value: Any, used: str, fact: Fact, vocabulary: Vocabulary, where: str) -> Operand:
    if used == KNOWN:
        if not isinstance(value, bool):
            raise _condition_error(where, f"asks whether {fact.name} is known with something other than true or false")
        return value
    if used in MEMBERSHIPS:
        if not isinstance(value, list) or not value or not all(fact.accepts(one) for one in value):
            raise _condition_error(where, f"compares {fact.name} with something that is no list of its values")
        return tuple(value)
    if isinstance(value, dict):
        if set(value) != {"fact"} or not isinstance(value["fact"], str):
            raise form_error(where, "has a value that is neither a literal nor one fact")
        other = _known_fact(value["fact"], vocabulary, where)
        if other.type != fact.type:
            raise _condition_error(where, f"compares {fact.name} with {other.name}, which is of another type")
        return FactReference(other.name)
    if not fact.accepts(value):
        raise _condition_error(where, f"compares {fact.name} with a value it can never have")
    literal: FactValue = value
    return literal


def _known_fact(name: str, vocabulary: Vocabulary, where: str) -> Fact:
    fact = vocabulary.facts.get(name)
    if fact is None:
        raise RecordError("POLICY_RULE_FACT", f"{where} speaks of the unknown fact {name[:64]}", field=where)
    return fact


def _condition_error(where: str, what: str) -> RecordError:
    return RecordError("POLICY_CONDITION", f"{where} {what}", field=where)
