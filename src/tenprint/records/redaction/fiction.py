"""Values that nobody has, in the place of those of a person: of the same kind, and right where the others were right.

Everything is visibly made up: names are FICTITIOUS, numbers are zeros and X, dates are one day in 2001. Equal values
become equal values, so that what belongs together still does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain, islice

from tenprint.records.itl.judging import is_date, judge_value
from tenprint.records.itl.table_model import FieldRule, ItemRule, Table

LEAST_TELLING = 4
"""Characters from which on a value may tell who somebody is."""
LONGEST_KNOWN = 200
"""Characters of a value that are compared as a whole; fictitious values are never as long."""
LONGEST_SHAPE = 40
"""Characters of a number whose shape is kept."""
MAX_TRIES = 200
MAX_TRIES_OF_FILE = 20_000
"""Values tried for one file, about a second; then the rest of a hostile one is left blank."""
MAX_ITEMS_OF_FILE = 200_000
"""Items replaced of one file; a card with the minutiae of ten fingers has some ten thousand."""
BORN, DAY = date(1970, 1, 1), date(2001, 1, 1)
MOMENT = "20010101010203Z"
DAYS = frozenset({"born", "date", "moment"})
"""Kinds that are one day for the whole file: so any order of events stays right."""
DIFFERENT = frozenset({"name", "number"})
"""Kinds of which two different values stay different."""
TEXT = "REDACTED"
DIGITS = "01234"
"""Digits of fictitious numbers; a file may hold a number of zeros itself."""
LIKELY_CODES = ("U", "X", "XX", "XXX", "UNK", "UNKNOWN", "OTHER", "ZZZ", "0", "00")
"""Codes for what is not known, in the tables of the standard and of EBTS."""
_WORDS = re.compile(r"[A-Za-z]+(\|[A-Za-z]+)+")
"""A pattern that lists words."""

Rule = FieldRule | ItemRule


@dataclass
class Fiction:
    """The fictitious values of one file.

    Args:
        told: values of the file that must not come back, of `LEAST_TELLING` characters and more.
    """

    told: frozenset[str]
    _made: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _done: dict[tuple[int, str, str], str] = field(default_factory=dict)
    _tries_left: int = MAX_TRIES_OF_FILE
    _items_left: int = MAX_ITEMS_OF_FILE

    def __post_init__(self) -> None:
        """Note how long the values are, so that no other length is looked for."""
        self._sizes = sorted({len(value) for value in self.told if len(value) <= LONGEST_KNOWN})

    @property
    def tries(self) -> int:
        """Return how many values were tried so far."""
        return MAX_TRIES_OF_FILE - self._tries_left

    @property
    def items(self) -> int:
        """Return how many items were replaced so far."""
        return MAX_ITEMS_OF_FILE - self._items_left

    def occurrence(self, rule: FieldRule, table: Table, text: str, kind: str) -> str:
        """Return what takes the place of one occurrence of a field.

        Args:
            rule: of the field.
            table: that has the rule and its codes.
            text: as received, items separated by US.
            kind: ``name``, ``born``, ``date``, ``moment``, ``number``, ``points``, ``shape``, ``status``, or ``""``
                for what the rule wants.
        """
        items = text.count("\x1f") + 1
        if items > self._items_left:
            return ""
        self._items_left -= items
        if kind in WHOLE:
            return "\x1f".join(self._whole(kind, n, item) for n, item in enumerate(text.split("\x1f")))
        if rule.items or "\x1f" in text:
            rules: list[ItemRule | None] = [*rule.items, *[None] * items]
            return "\x1f".join(self._item(r, table, t, kind) for r, t in zip(rules, text.split("\x1f"), strict=False))

        def is_right(value: str) -> bool:
            return judge_value(rule, table, value, severity="error", index=0, number=1) is None

        return self._chosen((id(rule), rule.tag), text, kind, _candidates(rule, table, text, kind), is_right)

    def _whole(self, kind: str, place: int, text: str) -> str:
        """Return the shape of one item of an occurrence whose rule is about all of it; a long one has none."""
        if len(text) > LONGEST_SHAPE:
            return ""
        shape = WHOLE[kind](place, text)
        if len(text) < LEAST_TELLING:
            return shape.replace("#", DIGITS[0])
        for digit in islice(DIGITS, max(0, self._tries_left)):
            self._tries_left -= 1
            value = shape.replace("#", digit)
            if not self.tells(value):
                return value
        return ""

    def _item(self, rule: ItemRule | None, table: Table, text: str, kind: str) -> str:
        """Return what takes the place of one item; an empty one stays empty."""
        if not text:
            return ""
        if rule is None:
            return self._chosen((0, ""), text, kind, _texts(text, 0, len(text)), lambda value: True)

        def is_right(value: str) -> bool:
            is_known = not rule.codes or value in table.codes[rule.codes].values
            return rule.fits(value) and is_known and is_date(value, rule.date)

        return self._chosen((id(rule), rule.mnemonic), text, kind, _candidates(rule, table, text, kind), is_right)

    def _chosen(
        self, rule: tuple[int, str], text: str, kind: str, candidates: Iterable[str], is_right: Callable[[str], bool]
    ) -> str:
        """Return the first candidate that is right where the original was, and tells nothing of the file.

        A rule is known by itself, and by a name that rules for the same thing share.
        """
        done = (rule[0], kind, text[:LONGEST_KNOWN])
        if done in self._done:
            return self._done[done]
        known = ("", kind, "") if kind in DAYS else ("" if kind in DIFFERENT else rule[1], *done[1:])
        if self._tries_left <= 0 and known not in self._made:
            return ""
        was_right = len(text) > LONGEST_KNOWN or is_right(text)  # to judge a long one takes long
        if known not in self._made or (was_right and not is_right(self._made[known])):
            self._made[known] = self._tried(candidates, kind, is_right if was_right else lambda value: True)
        self._done[done] = self._made[known]
        return self._done[done]

    def _tried(self, candidates: Iterable[str], kind: str, is_right: Callable[[str], bool]) -> str:
        second = ""
        for value in islice(candidates, max(0, min(MAX_TRIES, self._tries_left))):
            self._tries_left -= 1
            is_used = kind in DIFFERENT and value in self._used
            if (is_used and second) or not is_right(value) or self.tells(value):
                continue
            second = value
            if not is_used:
                break
        self._used.add(second)
        return second

    def tells(self, value: str) -> bool:
        """Tell whether a value holds one of the file's own."""
        spans = ((start, size) for size in self._sizes for start in range(len(value) - size + 1))
        return any(value[start : start + size] in self.told for start, size in spans)


def _candidates(rule: Rule, table: Table, text: str, kind: str) -> Iterator[str]:
    if rule.codes:
        known = table.codes[rule.codes].values
        yield from (code for code in chain(LIKELY_CODES, sorted(known)) if code in known)
    if _WORDS.fullmatch(rule.pattern):
        yield from rule.pattern.split("|")
    if kind == "name":
        yield from (f"FICTITIOUS,PERSON {chr(n)}" for n in range(ord("A"), ord("Z") + 1))
    elif kind == "moment" or (len(text) == len(MOMENT) and text.endswith("Z")):
        yield from (f"{DAY + timedelta(n):%Y%m%d}{n % 24:02d}{MOMENT[10:]}" for n in range(1, MAX_TRIES // 2))
    elif kind in DAYS or rule.date:
        first = BORN if kind == "born" else DAY
        yield from (f"{first + timedelta(n):%Y%m%d}" for n in range(MAX_TRIES // 2))
    is_number = kind == "number" or (any(c.isdigit() for c in text) and " " not in text)
    if len(text) <= LONGEST_SHAPE and is_number:
        yield from _numbers(text)
    yield from _texts(text, rule.shortest, rule.longest)


def _texts(text: str, shortest: int, longest: int) -> Iterator[str]:
    shortest = min(shortest, LONGEST_KNOWN)
    if longest >= len(TEXT):
        yield TEXT.ljust(min(shortest, longest), "X")
    yield "X" * max(1, min(len(text), longest, LONGEST_SHAPE))
    yield from _numbers(text[: min(longest, LONGEST_SHAPE)])
    for filler in "0X19NYU ":
        yield filler * min(max(shortest, 1), longest)


def _numbers(text: str) -> Iterator[str]:
    """Yield the shape of `text` in zeros and X, then with its last digits counting up, then in other digits."""
    shape = _shaped(0, text).replace("#", "0") if len(text) > 1 else "0" if text.isdigit() else "X"
    places = [n for n, c in enumerate(shape) if c == "0"][-4:]
    for number in range(MAX_TRIES // 4 if places else 1):
        made = list(shape)
        for place, digit in zip(reversed(places), reversed(str(number)), strict=False):
            made[place] = digit
        yield "".join(made)
    for digit in DIGITS:
        other = shape.replace("0", digit)
        yield other
        if text[:1].isalpha() and text.isascii():
            yield text[0] + other[1:]


def _shaped(_: int, text: str) -> str:
    """Return the shape of an item in # (a digit) and X; a letter that stands alone is a code and stays."""
    if len(text) == 1 and text.isascii() and text.isalpha():
        return text
    return "".join("#" if c.isdigit() else c if c in "-./+, " else "X" for c in text)


def _numbered(place: int, text: str) -> str:
    """Return the shape of an item; the first, a number in a series, stays."""
    return text if not place and len(text) <= 3 and text.isascii() and text.isdecimal() else _shaped(place, text)


def _point(_: int, text: str) -> str:
    """Return an item of a list of points: how many there are stays, and where they are becomes one corner."""
    if not text.isdecimal():
        return _shaped(0, text)
    return "1"


def _points(place: int, text: str) -> str:
    is_count = place in (1, 2) and len(text) <= 2 and text.isascii() and text.isdecimal()
    return text if is_count else _point(place, text)


def _status(place: int, _: str) -> str:
    """Return that nothing is known of a subject; the state of a body, which only the dead have, goes."""
    return "" if place else "X"


WHOLE: dict[str, Callable[[int, str], str]] = {
    "points": _points,
    "shape": _shaped,
    "numbered": _numbered,
    "status": _status,
}
"""Kinds whose rule is about the occurrence as a whole: the shape stays, what it says goes."""
