"""Free text inside line-based records: folded to short lines, and unfolded without loss.

A text line becomes one line that begins with a blank, and continuation lines that begin with a plus sign. So a line of
free text can never be taken for a label, and long lines survive a medium of 72 characters (EBTS 2.075).
"""

from __future__ import annotations

from collections.abc import Iterable

LINE_BREAK = "\r\n"
LINE_CHARACTERS = 72
"""Characters a line, line break excluded (EBTS 8.001, ERS 2.075: text of 72 plus two line control characters)."""
NEW_LINE, CONTINUED = " ", "+"


def is_plain(text: str, *, lines: bool = False) -> bool:
    """Tell whether `text` is printable 7-bit ASCII; with `lines`, line feeds are allowed too."""
    line = text.replace("\n", "") if lines else text
    return line.isascii() and line.isprintable()


def fold(text: str) -> list[str]:
    """Return the folded lines of `text` (lines separated by LF); no lines for an empty text."""
    return [folded for line in text.split("\n") for folded in _fold_line(line)] if text else []


def unfold(lines: Iterable[str]) -> str:
    """Return the text that `fold` made `lines` of; lines without a mark are taken as they are."""
    parts: list[str] = []
    for line in lines:
        if line.startswith(CONTINUED) and parts:
            parts[-1] += line[1:]
        else:
            parts.append(line[1:] if line.startswith((NEW_LINE, CONTINUED)) else line)
    return "\n".join(parts)


def _fold_line(line: str) -> list[str]:
    room = LINE_CHARACTERS - 1
    folded: list[str] = []
    mark = NEW_LINE
    while len(line) > room:
        blank = line.rfind(" ", 1, room)
        cut = blank + 1 if blank > 0 else room
        folded.append(mark + line[:cut])
        line, mark = line[cut:], CONTINUED
    return [*folded, mark + line]
