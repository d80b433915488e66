"""A case as a picture: parties as columns, time downwards, an arrow for every message, marks for what was decided.

The picture is inline SVG made here from escaped parts. Its colours are classes of `static/picture.css`; shapes and
words carry the meaning. Every arrow and mark is a link with a name of its own, in the order in which it happened, so
that the picture can be walked by keyboard and listened to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from textwrap import wrap

from markupsafe import Markup

from tenprint.web.words import spoken_date, spoken_span

GUTTER, COLUMN, MARGIN = 72, 122, 60
"""Width of the times on the left, of a party's column, and beside the outermost lines; pixels."""
HEAD, ROW, BAND = 52, 34, 30
"""Height of the parties' names, of an arrow or mark, and of a day or a gap; pixels."""
ARROW_HEAD, MARK = 8, 6
GAP = timedelta(minutes=1)
"""From this wait on the picture says in words how long it was."""
LETTER, LINE = 7.2, 15
"""Width of the widest usual letter at the picture's size, and height of a line of text; pixels."""


class Shape(StrEnum):
    """What an event looks like; the legend says the same in words."""

    ARROW = "arrow"
    PENDING = "pending"
    PERSON = "person"
    RULE = "rule"
    ASKED = "asked"
    CLOCK = "clock"


@dataclass(frozen=True)
class Lane:
    """A party's column: its id, and its name for people."""

    party: str
    title: str


@dataclass(frozen=True)
class Event:
    """Something that happened in the case.

    Args:
        time: when.
        party: on whose line; the sender of a message.
        to: the receiver of a message, or of the answer that is waited for, else ``""``.
        shape: how it is drawn.
        label: a few words beside it.
        title: the whole of it, for whoever listens or points.
        href: the page that tells all about it.
    """

    time: datetime
    party: str
    to: str
    shape: Shape
    label: str
    title: str
    href: str


def sequence(lanes: Sequence[Lane], events: Sequence[Event], title: str) -> Markup:
    """Return the picture as SVG.

    Args:
        lanes: parties from left to right; every event's parties are among them.
        events: in the order in which they happened.
        title: names the picture for whoever listens.
    """
    places = {lane.party: GUTTER + MARGIN + number * COLUMN for number, lane in enumerate(lanes)}
    width = GUTTER + 2 * MARGIN + (len(lanes) - 1) * COLUMN
    parts: list[Markup] = []
    head = HEAD + LINE * max(0, *(len(_lines(lane.title, COLUMN - 8)) - 2 for lane in lanes))
    height = head
    for row in _rows(events):
        drawn, tall = row.draw(places, height, width)
        parts.append(drawn)
        height += tall
    bottom = height + head
    lines = Markup("").join(
        Markup('<line class="life" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>').format(x, head - 4, height + 8)
        for x in places.values()
    )
    heads = _heads(lanes, places, 0) + _heads(lanes, places, height)
    return Markup(
        '<svg class="picture" role="group" aria-labelledby="picture-title picture-about" width="{0}" height="{1}" '
        'viewBox="0 0 {0} {1}" xmlns="http://www.w3.org/2000/svg"><title id="picture-title">{2}</title>'
        '<desc id="picture-about">Parties are columns, time runs downwards. Every arrow is a message and leads to it. '
        "The list below tells the same in words.</desc>{3}{4}{5}</svg>"
    ).format(width, bottom, title, lines, heads, Markup("").join(parts))


@dataclass(frozen=True)
class _Band:
    """A row that says a day or a wait."""

    text: str
    css: str

    def draw(self, places: dict[str, int], top: int, width: int) -> tuple[Markup, int]:
        del places
        middle = top + BAND // 2
        drawn = Markup(
            '<g class="{0}"><rect x="0" y="{1}" width="{2}" height="{3}"/><text x="10" y="{4}">{5}</text></g>'
        )
        return drawn.format(self.css, top + 3, width, BAND - 6, middle + 4, self.text), BAND


@dataclass(frozen=True)
class _Drawn:
    """A row with an event; `clock` is its time, or ``""`` when the row above says it."""

    event: Event
    clock: str

    def draw(self, places: dict[str, int], top: int, width: int) -> tuple[Markup, int]:
        from_x = places[self.event.party]
        if self.event.to:
            lines = _lines(self.event.label, width - GUTTER - 12)
            tall = ROW + LINE * (len(lines) - 1)
            y = top + tall - 10
            shape = _arrow(self.event, places, y, width, lines)
        else:
            is_right = from_x > (GUTTER + width) // 2
            lines = _lines(self.event.label, (from_x - GUTTER if is_right else width - from_x) - 2 * MARK - 10)
            tall, y = ROW + LINE * (len(lines) - 1), top + ROW - 10
            shape = _mark(self.event, from_x, y, lines, is_right=is_right)
        drawn = Markup(
            '<text class="time" x="6" y="{0}">{1}</text>'
            '<a href="{2}" class="{3}" aria-label="{4}"><title>{4}</title>'
            '<rect class="hit" x="{5}" y="{6}" width="{7}" height="{8}" rx="4"/>{9}</a>'
        )
        return drawn.format(
            y + 4, self.clock, self.event.href, str(self.event.shape), self.event.title, GUTTER, top + 2,
            width - GUTTER - 4, tall - 2, shape,
        ), tall  # fmt: skip


def _rows(events: Sequence[Event]) -> Iterator[_Band | _Drawn]:
    before: datetime | None = None
    clock = ""
    for event in events:
        if before is not None and event.time - before >= GAP:
            yield _Band(f"{spoken_span(event.time - before)} later", "gap")
        if before is None or event.time.date() != before.date():
            yield _Band(f"{spoken_date(event.time.date())} (times in UTC)", "day")
            clock = ""
        now = f"{event.time:%H:%M}"
        yield _Drawn(event, "" if now == clock else f"{now} UTC")
        before, clock = event.time, now


def _heads(lanes: Sequence[Lane], places: dict[str, int], top: int) -> Markup:
    named = Markup('<text class="lane" x="{0}" y="{1}">{2}</text>')
    drawn = [
        named.format(places[lane.party], top + 20 + LINE * number, text)
        for lane in lanes
        for number, text in enumerate(_lines(lane.title, COLUMN - 8))
    ]
    return Markup("").join(drawn)


def _arrow(event: Event, places: dict[str, int], y: int, width: int, lines: Sequence[str]) -> Markup:
    """Return an arrow with its words above it; one that is still waited for has an open head, and its shaft dashes."""
    kind, from_x, to_x = event.shape, places[event.party], places[event.to]
    back = -ARROW_HEAD if to_x > from_x else ARROW_HEAD
    half = max(_wide(line) for line in lines) / 2
    middle = min(max((from_x + to_x) / 2, GUTTER + 4 + half), width - 4 - half)
    head = Markup('<polyline class="open" points="{0},{1} {2},{3} {0},{4}"/>')
    if kind != Shape.PENDING:
        head = Markup('<polygon class="head" points="{2},{3} {0},{1} {0},{4}"/>')
    shaft_end = to_x if kind == Shape.PENDING else to_x + back
    shaft = Markup('<line class="shaft" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>').format(from_x, shaft_end, y)
    top = y - 6 - LINE * (len(lines) - 1)
    return shaft + head.format(to_x + back, y - 5, to_x, y, y + 5) + _text(lines, round(middle), top, "middle")


def _mark(event: Event, x: int, y: int, lines: Sequence[str], *, is_right: bool) -> Markup:
    shape = {
        Shape.PERSON: Markup('<circle class="dot" cx="{0}" cy="{1}" r="{2}"/>'),
        Shape.ASKED: Markup('<circle class="ring" cx="{0}" cy="{1}" r="{2}"/>'),
        Shape.RULE: Markup('<rect class="dot" x="{3}" y="{4}" width="{5}" height="{5}"/>'),
        Shape.CLOCK: Markup('<polygon class="dot" points="{0},{4} {6},{7} {3},{7}"/>'),
    }[event.shape]
    drawn = shape.format(x, y, MARK, x - MARK, y - MARK, 2 * MARK, x + MARK, y + MARK)
    beside = x - MARK - 6 if is_right else x + MARK + 6
    return drawn + _text(lines, beside, y + 4, "end" if is_right else "start")


def _text(lines: Sequence[str], x: int, y: int, anchor: str) -> Markup:
    named = Markup('<text class="label" x="{0}" y="{1}" text-anchor="{2}">{3}</text>')
    return Markup("").join(named.format(x, y + LINE * number, anchor, line) for number, line in enumerate(lines))


def _wide(text: str) -> float:
    return len(text) * LETTER


def _lines(text: str, room: float) -> list[str]:
    """Return a text in lines that fit into so many pixels; nothing of it is left out."""
    return wrap(text, max(int(room / LETTER), 8)) or [""]


__all__ = ["Event", "Lane", "Shape", "sequence"]
