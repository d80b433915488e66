"""Control numbers that are made from content, so that a repeated run gives the same ones."""

from __future__ import annotations

from tenprint.core.chance import content_id

ICN_CHARACTERS = 20
NUMBER_CHARACTERS = 12
"""Most characters of a short number: 62 of the 80 bits of a content id."""
SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def control_number(*parts: str) -> str:
    """Return a transaction control number of 20 upper-case letters and digits, like an ICN (EBTS 8.001, 1.009).

    Equal parts give an equal number. Unique as long as the parts name party, case and purpose.
    """
    return content_id("icn", *parts).partition("-")[2].upper()[:ICN_CHARACTERS]


def short_number(prefix: str, length: int, *parts: str) -> str:
    """Return `prefix` and upper-case digits and letters made from the parts, `length` characters together.

    Nine characters are 46 bits: among a million people two share a number with probability 0.5 %.

    Raises:
        ValueError: there is no room for at least six characters beside the prefix.
    """
    room = length - len(prefix)
    if not 6 <= room <= NUMBER_CHARACTERS:
        raise ValueError(f"no number of {length} characters can begin with {prefix!r}")
    number = int(content_id("number", *parts).partition("-")[2], 16)
    return prefix + "".join(SIGNS[number // len(SIGNS) ** place % len(SIGNS)] for place in range(room))
