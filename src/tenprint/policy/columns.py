"""The same rules over columns: one question for a million cases in NumPy, equal to `evaluate.decide` row by row.

A column is a value per case, with a mask of the cases in which it is known. No sentence and no fact record is made;
for the reasons of one row, ask `decide` with that row's facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tenprint.core.errors import SenderError
from tenprint.policy.conditions import COMPARISONS, KNOWN, Condition, FactReference
from tenprint.policy.programme import Programme, Rule, rules_for
from tenprint.policy.vocabulary import Fact, Outcome

Mask = npt.NDArray[np.bool_]

_KINDS: Final[dict[str, str]] = {"bool": "b", "int": "iu", "text": "U", "date": "M"}


@dataclass(frozen=True, eq=False)
class Column:
    """One fact of many cases.

    Args:
        values: shape (n,); bool, a whole-number type, ``<U…`` text, or ``datetime64[D]``. What stands where the fact
            is not known does not matter.
        known: shape (n,), bool; None when the fact is known in every case.
    """

    values: npt.NDArray[Any]
    known: Mask | None = None


@dataclass(frozen=True, eq=False)
class ColumnDecisions:
    """The answers of many cases.

    Args:
        rules: the rules of the question, in order.
        spoke: shape (n,), int16: which of them spoke.
        unsettled: shape (n,), bool: whether a fact that is not known could have led to another answer.
    """

    rules: tuple[Rule, ...]
    spoke: npt.NDArray[np.int16]
    unsettled: Mask

    def outcomes(self) -> npt.NDArray[Any]:
        """Return the answer of every case, shape (n,), text or int64."""
        answers: list[Outcome] = [rule.outcome for rule in self.rules]
        return np.array(answers)[self.spoke]

    def rule_ids(self) -> npt.NDArray[np.str_]:
        """Return the id of the rule that spoke in every case, shape (n,)."""
        return np.array([rule.id for rule in self.rules])[self.spoke]


def decide_columns(programme: Programme, question: str, columns: Mapping[str, Column], rows: int) -> ColumnDecisions:
    """Return what `programme` answers to `question` for `rows` cases.

    Args:
        programme, question: as in `evaluate.decide`.
        columns: by fact; a fact without a column is known in no case.
        rows: number of cases, the length of every column.

    Raises:
        SenderError: ``POLICY_QUESTION_UNKNOWN``; ``POLICY_FACT_UNKNOWN``; ``POLICY_COLUMN`` for a column of another
            length or type than its fact; ``POLICY_FACT_VALUE`` for one that holds a value outside the fact's range.
    """
    rules = rules_for(programme, question)
    for name, column in columns.items():
        fact = programme.vocabulary.facts.get(name)
        if fact is None:
            raise SenderError("POLICY_FACT_UNKNOWN", "the rules know no fact of this name", field=name[:64])
        _check_column(fact, column, rows)
    spoke = np.full(rows, len(rules) - 1, dtype=np.int16)
    undecided, unsettled = np.ones(rows, dtype=np.bool_), np.zeros(rows, dtype=np.bool_)
    for position, rule in enumerate(rules[:-1]):
        is_true, is_open = _all_hold(rule, columns, rows)
        unsettled |= undecided & is_open
        spoke[undecided & is_true] = position
        undecided &= ~is_true
    return ColumnDecisions(rules, spoke, unsettled)


def _all_hold(rule: Rule, columns: Mapping[str, Column], rows: int) -> tuple[Mask, Mask]:
    """Return two masks, shape (rows,): where all conditions hold, and where that depends on a missing fact."""
    holds, may_hold, all_there = (np.ones(rows, dtype=np.bool_) for _ in range(3))
    for condition in rule.conditions:
        there = np.ones(rows, dtype=np.bool_)
        for name in condition.facts:
            there &= _has_value(name, columns, rows)
        answer = _compare(condition, columns, rows)
        holds &= answer if condition.operator == KNOWN else answer & there
        may_hold &= answer | ~there
        all_there &= there
    return holds, may_hold & ~all_there


def _has_value(name: str, columns: Mapping[str, Column], rows: int) -> Mask:
    column = columns.get(name)
    if column is None:
        return np.zeros(rows, dtype=np.bool_)
    return np.ones(rows, dtype=np.bool_) if column.known is None else column.known


def _compare(condition: Condition, columns: Mapping[str, Column], rows: int) -> Mask:
    """Return where the condition holds, shape (rows,); meaningless where it is not known."""
    if condition.operator == KNOWN:
        has_value = _has_value(condition.fact, columns, rows)
        return has_value if condition.operand else ~has_value
    column = columns.get(condition.fact)
    if column is None:
        return np.zeros(rows, dtype=np.bool_)
    operand: Any = condition.operand
    if isinstance(operand, FactReference):
        other = columns.get(operand.name)
        if other is None:
            return np.zeros(rows, dtype=np.bool_)
        operand = other.values
    elif isinstance(operand, tuple):
        is_date = column.values.dtype.kind == "M"  # a column's own text type would cut longer texts off
        found = np.isin(column.values, np.array(operand, dtype="datetime64[D]" if is_date else None))
        return found if condition.operator == "in" else ~found
    answer: Mask = np.asarray(COMPARISONS[condition.operator](column.values, operand), dtype=np.bool_)
    return answer


def _check_column(fact: Fact, column: Column, rows: int) -> None:
    lengths_fit = column.values.shape == (rows,) and (column.known is None or column.known.shape == (rows,))
    if not lengths_fit or column.values.dtype.kind not in _KINDS[fact.type]:
        raise SenderError("POLICY_COLUMN", f"a column of {rows} values of type {fact.type} is needed", field=fact.name)
    known = column.values if column.known is None else column.values[column.known]
    if not _are_in_range(fact, known):
        raise SenderError("POLICY_FACT_VALUE", f"a value is out of range: {fact.label}", field=fact.name)


def _are_in_range(fact: Fact, known: npt.NDArray[Any]) -> bool:
    if not known.size:
        return True
    if fact.one_of:
        return bool(np.isin(known, np.array(fact.one_of)).all())
    if fact.at_least is not None and known.min() < fact.at_least:
        return False
    return not (fact.at_most is not None and known.max() > fact.at_most)
