"""What a field table is: transactions, fields, codes and relations of the standard or of a profile.

A table says which transactions exist, what each field may hold and how often it occurs in which transaction. Files are
read by `tenprint.records.itl.tables`; patterns cannot hang (`tenprint.records.itl.patterns`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from tenprint.records.itl.patterns import compile_pattern

ANY = "*"
"""In `occurs`: every type of transaction that is not named itself."""
MANY = 1_000_000
"""The most occurrences of a field without a limit (``0-`` in a table)."""


@dataclass(frozen=True)
class TransactionRule:
    """One type of transaction.

    Args:
        tot: such as ``CAR``.
        title: in words.
        priority: 1 (highest) to 9, 0 when the table names none.
        clause: of the document that the table follows.
        like: the type whose fields it has, when a state renames it (``CARAAR`` is like ``CAR``), or ``""``.
    """

    tot: str
    title: str = ""
    priority: int = 0
    clause: str = ""
    like: str = ""


@dataclass(frozen=True)
class ItemRule:
    """One item of a grouped field.

    Args:
        mnemonic: such as ``AOL``.
        pattern: what the item matches as a whole, ``""`` for anything.
        codes: name of a code table, or ``""``.
        shortest, longest: characters.
        optional: it may be empty or, at the end of its subfield, left out.
        date: ``""``, ``date`` or ``zero`` (eight zeros are allowed).
    """

    mnemonic: str
    pattern: str = ""
    codes: str = ""
    shortest: int = 0
    longest: int = MANY
    optional: bool = False
    date: str = ""

    def fits(self, text: str) -> bool:
        """Tell whether the item has the right characters and length."""
        return self.shortest <= len(text) <= self.longest and _matches(self.pattern, text)


@dataclass(frozen=True)
class FieldRule:
    """What one field may hold.

    Args:
        tag: such as ``2.018``.
        mnemonic: such as ``NAM``.
        title: in words.
        pattern: regular expression that one occurrence matches as a whole, ``""`` for anything.
        shortest, longest: characters of one occurrence, separators between items included.
        occurs: fewest and most occurrences by type of transaction or ``*``; (0, 0) where the field is not allowed.
        date: ``""`` for no date, ``date`` for a calendar date, ``zero`` when eight zeros (unknown) are allowed too.
        codes: name of a code table, or ``""``.
        items: of a grouped field, in order.
        clause: of the document that the table follows.
        severity: ``error`` when even an optional one must be right, else ``""``.
        edition: of the table that gave the clause: this one, or one that it extends.
    """

    tag: str
    mnemonic: str
    title: str = ""
    pattern: str = ""
    shortest: int = 0
    longest: int = MANY
    occurs: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    date: str = ""
    codes: str = ""
    items: tuple[ItemRule, ...] = ()
    clause: str = ""
    severity: str = ""
    edition: str = ""

    @cached_property
    def type(self) -> int:
        """Return the record type, 2 for ``2.018``."""
        return int(self.tag.partition(".")[0])

    @cached_property
    def number(self) -> int:
        """Return the field's number, 18 for ``2.018``."""
        return int(self.tag.partition(".")[2])

    @cached_property
    def steps(self) -> int:
        """Return the most steps that matching one character of an occurrence takes."""
        patterns = (self.pattern, *(item.pattern for item in self.items))
        return max(compile_pattern(pattern).work_for(1) for pattern in patterns)

    def occurrences_in(self, tot: str) -> tuple[int, int] | None:
        """Return fewest and most occurrences in a type of transaction, None where the field is not defined."""
        span = self.occurs.get(tot, self.occurs.get(ANY))
        return None if span is None or span[1] == 0 else span

    def fits(self, text: str) -> bool:
        """Tell whether one occurrence has the right characters (length and calendar are looked at elsewhere)."""
        return _matches(self.pattern, text)


@dataclass(frozen=True)
class CodeTable:
    """The values that a field may hold.

    Args:
        name: such as ``SEX``.
        values: words by code.
        clause: of the document that the table follows.
        is_open: the list is known not to be complete; a value outside is worth a warning, no more.
    """

    name: str
    values: Mapping[str, str]
    clause: str = ""
    is_open: bool = False


@dataclass(frozen=True)
class RelationRule:
    """A relation between fields: a named function of `tenprint.records.itl.relations`.

    Args:
        name: of the function.
        code: that a violation is reported with.
        clause: of the document that the table follows.
        edition: of the table that gave the clause: this one, or one that it extends.
    """

    name: str
    code: str
    clause: str = ""
    edition: str = ""


class RulesInForce(NamedTuple):
    """The rules of one record type that hold in one type of transaction.

    Args:
        rules: by number, each with its fewest and most occurrences.
        numbers: of the fields that are defined.
    """

    rules: tuple[tuple[FieldRule, tuple[int, int]], ...]
    numbers: frozenset[int]


@dataclass(frozen=True)
class Table:
    """A standard or a profile.

    Args:
        name: such as ``ebts-8.001``.
        edition: of the document, in words.
        clause_of: the document that every `clause` cites.
        writes: VER (1.002) that a writer by this table gives.
        reads: lowest and highest VER that are taken without a remark.
        covers, unknown: sentences: what the table knows, what it does not know.
        base: name of the table that this one extends, or ``""``.
        transactions: by type. fields: by tag. codes: by name. relations: in order.
    """

    name: str
    edition: str = ""
    clause_of: str = ""
    writes: str = ""
    reads: tuple[str, str] = ("0200", "0502")
    covers: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    base: str = ""
    transactions: Mapping[str, TransactionRule] = field(default_factory=dict)
    fields: Mapping[str, FieldRule] = field(default_factory=dict)
    codes: Mapping[str, CodeTable] = field(default_factory=dict)
    relations: tuple[RelationRule, ...] = ()

    def meaning_of(self, tot: str) -> str:
        """Return the type of transaction whose rules `tot` follows: itself, or what a state's name stands for."""
        rule = self.transactions.get(tot)
        return rule.like if rule and rule.like else tot

    def of_type(self, record_type: int) -> tuple[FieldRule, ...]:
        """Return the rules of a record type, by number."""
        return self._by_type.get(record_type, ())

    def in_force(self, record_type: int, tot: str) -> RulesInForce:
        """Return the rules of a record type that hold in a type of transaction, picked out once for each."""
        key = (record_type, tot if tot in self._named else ANY)
        found = self._in_force.get(key)
        if found is None:
            spans = [(rule, rule.occurrences_in(tot)) for rule in self.of_type(record_type)]
            rules = tuple((rule, span) for rule, span in spans if span is not None)
            found = self._in_force[key] = RulesInForce(rules, frozenset(rule.number for rule, _ in rules))
        return found

    def is_generic(self, tot: str) -> bool:
        """Tell whether the table knows the name of a transaction but not its Type-2 fields."""
        meaning = self.meaning_of(tot)
        return not any(meaning in rule.occurs for rule in self.of_type(2))

    @cached_property
    def _named(self) -> frozenset[str]:
        """The types of transaction that any field names: the others all follow ``*``."""
        return frozenset(tot for rule in self.fields.values() for tot in rule.occurs)

    @cached_property
    def _in_force(self) -> dict[tuple[int, str], RulesInForce]:
        return {}

    @cached_property
    def _by_type(self) -> dict[int, tuple[FieldRule, ...]]:
        rules: dict[int, list[FieldRule]] = {}
        for rule in sorted(self.fields.values(), key=lambda r: (r.type, r.number)):
            rules.setdefault(rule.type, []).append(rule)
        return {kind: tuple(found) for kind, found in rules.items()}


def _matches(pattern: str, text: str) -> bool:
    return not pattern or compile_pattern(pattern).matches(text)
