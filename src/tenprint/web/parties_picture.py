"""One picture of the parties and of the way of a booking, as SVG made here; colours come from the stylesheet."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

from tenprint.exchange.model.words import Role

WIDTH, HEIGHT = 900, 330
_BOX_WIDTH, _BOX_HEIGHT = 165, 74
_COLUMNS, _ROWS = (15, 250, 485, 720), (50, 222)
TITLE = "The way of a booking through seven parties"
DESCRIPTION = (
    "The booking agency sends prints to the state bureau, which sends them to the criminal repository, which has the "
    "immigration repository searched. On a match the support center is asked about the person's status; it tells the "
    "field office, which may ask the jail to hold the person."
)


class _Box(NamedTuple):
    lines: tuple[str, ...]
    column: int
    row: int


_BOXES: dict[str, _Box] = {
    Role.AGENCY: _Box(("booking agency",), 0, 0),
    Role.STATE_BUREAU: _Box(("state bureau",), 1, 0),
    Role.CRIMINAL_REPOSITORY: _Box(("criminal", "repository"), 2, 0),
    Role.IMMIGRATION_REPOSITORY: _Box(("immigration", "repository"), 3, 0),
    Role.SUPPORT_CENTER: _Box(("support center",), 2, 1),
    Role.FIELD_OFFICE: _Box(("field office",), 1, 1),
    Role.JAIL: _Box(("jail",), 0, 1),
}
_ARROWS: tuple[tuple[str, str, str], ...] = (
    (Role.AGENCY, Role.STATE_BUREAU, "prints"),
    (Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, "prints"),
    (Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY, "search"),
    (Role.CRIMINAL_REPOSITORY, Role.SUPPORT_CENTER, "who is this?"),
    (Role.SUPPORT_CENTER, Role.FIELD_OFFICE, "status"),
    (Role.FIELD_OFFICE, Role.JAIL, "request"),
)
PEOPLE = frozenset({Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER, Role.FIELD_OFFICE, Role.JAIL})
"""Where a person must decide: these boxes carry the mark of a person."""


def parties_picture() -> str:
    """Return the picture as an `svg` element with title and description."""
    parts = [
        f'<svg class="parties" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="parties-title parties-desc">',
        f'<title id="parties-title">{escape(TITLE)}</title><desc id="parties-desc">{escape(DESCRIPTION)}</desc>',
        '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
        'orient="auto-start-reverse"><path class="head" d="M0 0 10 5 0 10z"/></marker></defs>',
    ]
    parts += [_arrow(*arrow) for arrow in _ARROWS]
    parts += [_box(role, box) for role, box in _BOXES.items()]
    return "".join(parts) + "</svg>"


def _place(role: str) -> tuple[int, int]:
    box = _BOXES[role]
    return _COLUMNS[box.column], _ROWS[box.row]


def _box(role: str, box: _Box) -> str:
    x, y = _place(role)
    middle, first = x + _BOX_WIDTH // 2, y + _BOX_HEIGHT // 2 + 6 - 11 * (len(box.lines) - 1)
    lines = "".join(
        f'<text x="{middle}" y="{first + 22 * number}">{escape(line)}</text>' for number, line in enumerate(box.lines)
    )
    person = ""
    if role in PEOPLE:
        person = (
            f'<circle class="person" cx="{x + _BOX_WIDTH - 14}" cy="{y - 14}" r="7"/>'
            f'<path class="person" d="M{x + _BOX_WIDTH - 27} {y + 8}a13 13 0 0 1 26 0z"/>'
        )
    return f'<g><rect x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="6"/>{lines}{person}</g>'


def _arrow(sender: str, recipient: str, word: str) -> str:
    (x0, y0), (x1, y1) = _place(sender), _place(recipient)
    half_w, half_h = _BOX_WIDTH // 2, _BOX_HEIGHT // 2
    if y0 == y1:
        start, end = (x0 + _BOX_WIDTH, x1) if x1 > x0 else (x0, x1 + _BOX_WIDTH)
        level = y0 + half_h
        label = f'<text class="word" x="{(start + end) // 2}" y="{level - 12}">{escape(word)}</text>'
        return f'<path class="way" d="M{start} {level}H{end}" marker-end="url(#arrow)"/>{label}'
    start, end = y0 + _BOX_HEIGHT, y1
    label = f'<text class="word beside" x="{x0 + half_w + 10}" y="{(start + end) // 2 + 5}">{escape(word)}</text>'
    return f'<path class="way" d="M{x0 + half_w} {start}V{end}" marker-end="url(#arrow)"/>{label}'
