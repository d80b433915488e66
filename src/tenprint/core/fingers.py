"""Finger positions and impression types, spelled as ANSI/NIST-ITL 1-2011 (Tables 8 and 7) spells them."""

from __future__ import annotations

from enum import IntEnum

ENGINE_PPI = 500
"""Resolution at which the engine sees every finger."""


class FingerPosition(IntEnum):
    """Friction ridge position (FGP): 1 to 10 single fingers, 11 to 15 plain sets."""

    UNKNOWN = 0
    RIGHT_THUMB = 1
    RIGHT_INDEX = 2
    RIGHT_MIDDLE = 3
    RIGHT_RING = 4
    RIGHT_LITTLE = 5
    LEFT_THUMB = 6
    LEFT_INDEX = 7
    LEFT_MIDDLE = 8
    LEFT_RING = 9
    LEFT_LITTLE = 10
    PLAIN_RIGHT_THUMB = 11
    PLAIN_LEFT_THUMB = 12
    PLAIN_RIGHT_FOUR = 13
    PLAIN_LEFT_FOUR = 14
    PLAIN_BOTH_THUMBS = 15

    @property
    def title(self) -> str:
        """Return the words a person would use, such as ``right thumb``."""
        return self.name.lower().replace("_", " ")


SINGLE_FINGERS: tuple[FingerPosition, ...] = tuple(FingerPosition(n) for n in range(1, 11))
PLAIN_SETS: dict[FingerPosition, tuple[FingerPosition, ...]] = {
    FingerPosition.PLAIN_RIGHT_THUMB: (FingerPosition.RIGHT_THUMB,),
    FingerPosition.PLAIN_LEFT_THUMB: (FingerPosition.LEFT_THUMB,),
    FingerPosition.PLAIN_RIGHT_FOUR: tuple(FingerPosition(n) for n in range(2, 6)),
    FingerPosition.PLAIN_LEFT_FOUR: tuple(FingerPosition(n) for n in range(7, 11)),
}
ALL_PLAIN_SETS: dict[FingerPosition, tuple[FingerPosition, ...]] = {
    **PLAIN_SETS,
    FingerPosition.PLAIN_BOTH_THUMBS: (FingerPosition.LEFT_THUMB, FingerPosition.RIGHT_THUMB),
}
"""With the thumbs laid down together, which take the place of two sets."""


class Impression(IntEnum):
    """Impression type (IMP) of an exemplar."""

    LIVESCAN_PLAIN = 0
    LIVESCAN_ROLLED = 1
    NONLIVE_PLAIN = 2
    NONLIVE_ROLLED = 3

    @property
    def is_rolled(self) -> bool:
        """Tell whether the finger was rolled nail to nail."""
        return self in (Impression.LIVESCAN_ROLLED, Impression.NONLIVE_ROLLED)
