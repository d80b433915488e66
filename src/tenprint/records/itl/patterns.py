r"""Regular expressions of profile files, matched in linear time: a profile is given by a user and must not hang us.

The language is a subset of Python's: literals, ``.``, classes, groups, ``|``, ``* + ? {m} {m,n}`` and the escapes
``\d \t \r \n \xHH`` and those of punctuation. There is nothing that needs backtracking (no back-references, no
look-around). A pattern becomes an automaton whose states are walked all at once (Thompson, 1968); the sets of states
met are kept, so that a common pattern costs one look-up a character.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

MAX_PATTERN = 500
"""Characters of one pattern."""
MAX_NODES = 2_000
"""Nodes of one automaton, repetitions written out."""
MAX_REPEAT = 1_000
MAX_DEPTH = 10
"""Groups inside groups."""
MAX_KEPT = 100_000
"""States in all the sets that one automaton keeps; then it forgets them and begins anew."""

_MATCH = 0
_ESCAPES = {"t": "\t", "r": "\r", "n": "\n"}
_COUNT = re.compile(r"\{([0-9]{1,4})(,([0-9]{1,4})?)?\}")
_PLAIN = re.compile(r"(?:\[[^\[\]\\^&|~]+\]|[A-Za-z0-9 ])(?:\{[0-9]{1,3}\}|[*+])?")
"""One class or letter of a pattern that Python's own engine matches in linear time when at most one repeats freely."""

Ranges = tuple[tuple[int, int], ...]


class PatternError(ValueError):
    """The pattern is outside the subset, or too large."""


@dataclass
class _Automaton:
    """Nodes by index; node 0 is the end. A node has a class and one successor, or no class and several."""

    classes: list[Ranges | None] = field(default_factory=lambda: [None])
    following: list[tuple[int, ...]] = field(default_factory=lambda: [()])
    work: int = 0

    def add(self, ranges: Ranges | None, following: tuple[int, ...]) -> int:
        """Add a node and return its index."""
        if len(self.classes) >= MAX_NODES:
            raise PatternError(f"the pattern is too large: more than {MAX_NODES} steps when written out")
        self.classes.append(ranges)
        self.following.append(following)
        return len(self.classes) - 1


@dataclass(frozen=True)
class _Set:
    ranges: Ranges


@dataclass(frozen=True)
class _Sequence:
    parts: tuple[_Part, ...]


@dataclass(frozen=True)
class _Choice:
    ways: tuple[_Part, ...]


@dataclass(frozen=True)
class _Repeat:
    part: _Part
    fewest: int
    most: int | None


_Part = _Set | _Sequence | _Choice | _Repeat


class Pattern:
    """A compiled pattern."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_PATTERN:
            raise PatternError(f"the pattern is longer than {MAX_PATTERN} characters")
        self.text = text
        self._automaton = _Automaton()
        tree = _Parser(text).parse()
        start = _build(self._automaton, tree, _MATCH)
        self._start = self._closure((start,))
        self._known: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        self._kept = 0
        self._simple = re.compile(text) if _is_simple(text) else None

    @property
    def size(self) -> int:
        """Return how many nodes the automaton has: the most work for one character."""
        return len(self._automaton.classes)

    def work_for(self, longest: int) -> int:
        """Return the most steps for a text of so many characters; a simple pattern takes one a character."""
        return longest if self._simple is not None else self.size * longest

    def matches(self, text: str) -> bool:
        """Tell whether the pattern matches the whole text; linear in its length."""
        if self._simple is not None:
            return self._simple.fullmatch(text) is not None
        states, known = self._start, self._known
        for character in text:
            states = known.get((states, character)) or self._step(states, character)
            if not states:
                return False
        return _MATCH in states

    def _step(self, states: frozenset[int], character: str) -> frozenset[int]:
        key = (states, character)
        after = self._known.get(key)
        if after is None:
            point = ord(character)
            classes, following = self._automaton.classes, self._automaton.following
            reached = [following[s][0] for s in states if _holds(classes[s], point)]
            after = self._closure(tuple(reached))
            if self._kept > MAX_KEPT:
                self._known.clear()
                self._kept = 0
            self._known[key] = after
            self._kept += len(after) + 1
        return after

    def _closure(self, begin: tuple[int, ...]) -> frozenset[int]:
        """Return the nodes that wait for a character (or the end) and are reached from `begin` without reading one."""
        seen, waiting, stack = set(begin), set(), list(begin)
        while stack:
            node = stack.pop()
            if node == _MATCH or self._automaton.classes[node] is not None:
                waiting.add(node)
                continue
            for successor in self._automaton.following[node]:
                if successor not in seen:
                    seen.add(successor)
                    stack.append(successor)
        return frozenset(waiting)


@functools.lru_cache(maxsize=4_096)
def compile_pattern(text: str) -> Pattern:
    """Return the pattern, compiled once.

    Raises:
        PatternError: it is outside the subset, or too large.
    """
    return Pattern(text)


def _holds(ranges: Ranges | None, point: int) -> bool:
    return ranges is not None and any(low <= point <= high for low, high in ranges)


def _is_simple(text: str) -> bool:
    """Tell whether Python's engine is linear here: no groups, no choice, at most one free repetition."""
    position, free = 0, 0
    while position < len(text):
        match = _PLAIN.match(text, position)
        if match is None:
            return False
        free += match[0][-1] in "*+"
        position = match.end()
    return free <= 1


def _build(automaton: _Automaton, part: _Part, after: int) -> int:
    """Add `part` in front of node `after`; return where it begins."""
    automaton.work += 1
    if automaton.work > 2 * MAX_NODES:
        raise PatternError("the pattern repeats too much")
    if isinstance(part, _Set):
        return automaton.add(part.ranges, (after,))
    if isinstance(part, _Sequence):
        for one in reversed(part.parts):
            after = _build(automaton, one, after)
        return after
    if isinstance(part, _Choice):
        return automaton.add(None, tuple(_build(automaton, way, after) for way in part.ways))
    begin = after
    if part.most is None:
        begin = automaton.add(None, ())
        automaton.following[begin] = (_build(automaton, part.part, begin), after)
    else:
        for _ in range(part.most - part.fewest):
            begin = automaton.add(None, (_build(automaton, part.part, begin), after))
    for _ in range(part.fewest):
        begin = _build(automaton, part.part, begin)
    return begin


class _Parser:
    """Recursive descent over the pattern's text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def parse(self) -> _Part:
        """Return the whole pattern as a tree."""
        tree = self._choice(0)
        if self.position < len(self.text):
            raise self._error("a closing bracket without an opening one")
        return tree

    def _error(self, what: str) -> PatternError:
        return PatternError(f"{what} at character {self.position + 1}")

    def _next(self) -> str:
        if self.position >= len(self.text):
            raise self._error("the pattern ends too early")
        self.position += 1
        return self.text[self.position - 1]

    def _take(self, literal: str) -> bool:
        if self.text.startswith(literal, self.position):
            self.position += len(literal)
            return True
        return False

    def _choice(self, depth: int) -> _Part:
        if depth > MAX_DEPTH:
            raise self._error(f"more than {MAX_DEPTH} groups inside each other")
        ways = [self._sequence(depth)]
        while self._take("|"):
            ways.append(self._sequence(depth))
        return ways[0] if len(ways) == 1 else _Choice(tuple(ways))

    def _sequence(self, depth: int) -> _Part:
        parts: list[_Part] = []
        while self.position < len(self.text) and self.text[self.position] not in "|)":
            parts.append(self._repeated(self._atom(depth)))
        return _Sequence(tuple(parts))

    def _atom(self, depth: int) -> _Part:
        character = self._next()
        if character == "(":
            if self._take("?") and not self._take(":"):
                raise self._error("only plain groups are allowed")
            inside = self._choice(depth + 1)
            if not self._take(")"):
                raise self._error("a group is not closed")
            return inside
        if character == "[":
            return _Set(self._class())
        if character == ".":
            return _Set(_inverse(((10, 10),)))
        if character == "\\":
            return _Set(self._escape())
        if character in "*+?{}^$":
            raise self._error(f"{character} is not allowed here (write \\{character} for the character)")
        return _Set(((ord(character), ord(character)),))

    def _repeated(self, part: _Part) -> _Part:
        for sign, fewest, most in (("*", 0, None), ("+", 1, None), ("?", 0, 1)):
            if self._take(sign):
                return self._once(_Repeat(part, fewest, most))
        match = _COUNT.match(self.text, self.position)
        if match is None:
            return part
        self.position = match.end()
        fewest = int(match[1])
        most = fewest if match[2] is None else int(match[3]) if match[3] else None
        if fewest > MAX_REPEAT or (most is not None and not fewest <= most <= MAX_REPEAT):
            raise self._error(f"a repetition must be within 0 to {MAX_REPEAT}, the smaller number first")
        return self._once(_Repeat(part, fewest, most))

    def _once(self, part: _Part) -> _Part:
        if self.position < len(self.text) and self.text[self.position] in "*+?{":
            raise self._error("a repetition of a repetition needs a group")
        return part

    def _escape(self) -> Ranges:
        character = self._next()
        if character == "d":
            return ((ord("0"), ord("9")),)
        point = ord(_ESCAPES.get(character, character))
        if character == "x":
            digits = self._next() + self._next()
            if not re.fullmatch("[0-9A-Fa-f]{2}", digits):
                raise self._error("\\x needs two hexadecimal digits")
            point = int(digits, 16)
        elif character.isalnum() and character not in _ESCAPES:
            raise self._error(f"\\{character} is not in the subset")
        return ((point, point),)

    def _class(self) -> Ranges:
        negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        while not self._take("]"):
            low = self._class_member()
            more = self.text[self.position : self.position + 1] == "-"
            if more and self.text[self.position + 1 : self.position + 2] not in ("]", ""):
                self.position += 1
                high = self._class_member()
                if high[-1][1] < low[0][0] or len(low) > 1:
                    raise self._error("a range goes backwards")
                low = ((low[0][0], high[-1][1]),)
            ranges += low
        if not ranges:
            raise self._error("a class is empty")
        return _inverse(tuple(ranges)) if negated else tuple(ranges)

    def _class_member(self) -> Ranges:
        character = self._next()
        if character == "[":
            raise self._error("write \\[ for a bracket inside a class")
        return self._escape() if character == "\\" else ((ord(character), ord(character)),)


def _inverse(ranges: Ranges) -> Ranges:
    gaps, position = [], 0
    for low, high in sorted(ranges):
        if low > position:
            gaps.append((position, low - 1))
        position = max(position, high + 1)
    return (*gaps, (position, 0x10FFFF))
