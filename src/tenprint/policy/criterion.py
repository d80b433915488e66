"""Which charges the criminal repository keeps: criterion offences, as dated data (`criterion_offences.toml`).

After a state identification only a booking with a criterion offence is to be forwarded (EBTS 8.001, 3.1). The
regulation names what is *not* kept when nothing else is charged with it: one criterion offence makes the booking one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Final

from tenprint.core.errors import RecordError

FILE: Final = "criterion_offences.toml"
STANDINGS: Final = ("confirmed", "unconfirmed")
_REQUIRED: Final = frozenset({"since", "source", "standing", "classes"})
_ALLOWED: Final = _REQUIRED | {"until", "says_nothing"}
_CLASS: Final = frozenset({"says", "codes", "words"})
_BLANK_SIGNS: Final = str.maketrans(dict.fromkeys("-/,.;:()", " ") | {"'": ""})


@dataclass(frozen=True)
class Charge:
    """A charge as it could be read.

    Args:
        code: its NCIC code, four digits of the table, or ``""``.
        words: the rest of its text.
    """

    code: str
    words: str


@dataclass(frozen=True)
class Excluded:
    """What a regulation leaves out, from a day on.

    Args:
        source: which regulation.
        standing: ``confirmed`` or ``unconfirmed``.
        since, until: first and last day in force; None for open.
        codes, words: NCIC codes, and whole texts of charges in capitals, of the offences left out.
        says_nothing: codes that do not tell whether the offence is one of them.
    """

    source: str
    standing: str
    since: date
    until: date | None
    codes: frozenset[str]
    words: frozenset[str]
    says_nothing: frozenset[str]

    def has(self, charge: Charge) -> bool | None:
        """Tell whether a charge is left out; None when it cannot be read."""
        is_coded = bool(charge.code) and charge.code not in self.says_nothing
        if is_coded:
            return charge.code in self.codes
        return True if self._names(charge) else None

    def _names(self, charge: Charge) -> bool:
        return " ".join(charge.words.upper().translate(_BLANK_SIGNS).split()) in self.words


def is_criterion(charges: Iterable[Charge], on: date) -> bool | None:
    """Tell whether a booking of a day has a criterion offence.

    Args:
        charges: all that the booking states.
        on: its day; before the first list was in force, the first one speaks.

    Returns:
        True when one charge is a criterion offence; False when every charge is one that is left out; None when that
        cannot be read: a charge is free text, and not guessed at.
    """
    excluded = excluded_on(on)
    found = [excluded.has(charge) for charge in charges]
    if False in found:
        return True
    return None if None in found or not found else False


def excluded_on(on: date) -> Excluded:
    """Return what was left out on a day; before the first list was in force, the first one.

    Raises:
        RecordError: ``CRITERION_OFFENCES_INVALID``: the file is not in order, or no list speaks for that day.
    """
    lists = all_lists()
    day = max(on, lists[0].since)
    found = [each for each in lists if each.since <= day and (each.until is None or day <= each.until)]
    if not found:
        raise _invalid(f"no list speaks for {day.isoformat()}")
    return found[-1]


@cache
def all_lists() -> tuple[Excluded, ...]:
    """Return all lists, by their first day.

    Raises:
        RecordError: ``CRITERION_OFFENCES_INVALID``.
    """
    text = resources.files("tenprint.policy").joinpath(FILE).read_text(encoding="utf-8")
    return read_lists(tomllib.loads(text))


def read_lists(data: dict[str, Any]) -> tuple[Excluded, ...]:
    """Return the lists in a parsed file, by their first day.

    Raises:
        RecordError: ``CRITERION_OFFENCES_INVALID``: something is missing, unknown or of no standing, or there is none.
    """
    lists = [_list(number, row) for number, row in enumerate(data.get("lists", ()), 1)]
    if not lists or data.keys() != {"lists"}:
        raise _invalid("it has no lists, or says more")
    return tuple(sorted(lists, key=lambda each: each.since))


def _list(number: int, row: dict[str, Any]) -> Excluded:
    is_whole = row.keys() >= _REQUIRED and row.keys() <= _ALLOWED and row["classes"] and row["source"]
    if not is_whole or row["standing"] not in STANDINGS or any(each.keys() != _CLASS for each in row["classes"]):
        raise _invalid(f"list {number} lacks something or says too much")
    codes = [code for each in row["classes"] for code in each["codes"]]
    says_nothing = row.get("says_nothing", [])
    if not all(len(code) == 4 and code.isdecimal() for code in [*codes, *says_nothing]):
        raise _invalid(f"list {number} has a code that is not four digits")
    return Excluded(
        source=row["source"],
        standing=row["standing"],
        since=row["since"],
        until=row.get("until"),
        codes=frozenset(codes),
        words=frozenset(words for each in row["classes"] for words in each["words"]),
        says_nothing=frozenset(says_nothing),
    )


def _invalid(what: str) -> RecordError:
    return RecordError("CRITERION_OFFENCES_INVALID", f"{FILE}: {what}")
