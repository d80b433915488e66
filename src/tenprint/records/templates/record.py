"""A template file as values: what its header says, its finger views, and what was wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tenprint.records.itl.record import Problem
from tenprint.records.templates.layout import Format

Numbers = npt.NDArray[np.int64]
MAX_PROBLEMS = 1_000
"""Problems listed of one file."""


@dataclass(frozen=True, eq=False)
class View:
    """The minutiae of one impression, in the units of the file.

    Args:
        position: finger position as written; 0 unknown, 1 to 10.
        number: view number as written, 0 to 15.
        impression: impression type as written.
        quality: of the finger, as written; 0 to 100.
        x, y: shape (n,), pixels of the image, y down; for .xyt already turned from its upward axis.
        angle: shape (n,), units of the format (`Format.steps_a_turn`), counter-clockwise, in the sense of ISO.
        kind: shape (n,): 0 other, 1 ridge ending, 2 bifurcation, 3 reserved.
        minutia_quality: shape (n,), as written; 0 not reported, 1 to 100.
        extended: extended data as received.
        offset: byte of the file at which the view begins.
    """

    position: int
    number: int
    impression: int
    quality: int
    x: Numbers
    y: Numbers
    angle: Numbers
    kind: Numbers
    minutia_quality: Numbers
    extended: bytes = b""
    offset: int = 0

    def __len__(self) -> int:
        return int(self.x.shape[0])


@dataclass(frozen=True, eq=False)
class MinutiaeRecord:
    """What a reader returns.

    Args:
        format: which format it is.
        length: length that the header declares; the number of bytes for .xyt.
        equipment: capture equipment as written.
        product: CBEFF product owner and type of an ANSI record, else (0, 0).
        width, height: image size as written, pixels; for .xyt as given, or large enough for the minutiae.
        across, down: resolution as written, pixels per centimetre; 0 when it is not told (.xyt).
        views: in file order.
        problems: what is wrong, with the byte at which it was noticed; codes ``TEMPLATE_…``.
        rest: bytes behind the record.
    """

    format: Format
    length: int
    equipment: int
    product: tuple[int, int]
    width: int
    height: int
    across: int
    down: int
    views: tuple[View, ...]
    problems: tuple[Problem, ...] = ()
    rest: bytes = b""
