"""Comparison of two fingers: how alike they are, why, and which minutiae belong together.

    compare(probe, candidate).score

The score is in thousandths of a point (an integer, so that ledgers can hold it), higher for more alike, and the same
whichever finger comes first: both are brought into a canonical order before anything is computed. A finger that is
compared often is prepared once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tenprint.core.template import Template
from tenprint.core.trace import trace
from tenprint.engine.compare._jit import drop_stale_cache
from tenprint.engine.compare.codes import build_codes
from tenprint.engine.compare.kernels import POINT, compare_chosen, compare_columns
from tenprint.engine.compare.placement import Columns
from tenprint.engine.compare.screen import probe_lanes, screen_finger
from tenprint.engine.parameters import comparison
from tenprint.engine.parameters.comparison import CodeParameters, PairingParameters, ScoreWeights, ScreenParameters

__all__ = ["Comparison", "PreparedFinger", "TermRow", "Terms", "compare", "compare_prepared", "prepare", "warm"]

PAIRING, WEIGHTS, CODES, SCREEN = PairingParameters(), ScoreWeights(), CodeParameters(), ScreenParameters()


@dataclass(frozen=True)
class Terms:
    """What a score is made of; what each is worth stands in `parameters.comparison.ScoreWeights`.

    Args:
        coverage: pairs times the share of the common area's minutiae that are paired.
        pairs: minutiae paired one to one.
        similarity: sum over pairs of the Dice similarity of local codes.
        distance, turn: sums over pairs of squared residuals after the warp, in units of the reach.
        kind: pairs of equal kind.
        missed: minutiae of the common area, of either finger, without a partner.
    """

    coverage: float = 0.0
    pairs: float = 0.0
    similarity: float = 0.0
    distance: float = 0.0
    turn: float = 0.0
    kind: float = 0.0
    missed: float = 0.0


class TermRow(NamedTuple):
    """One row of the explanation of a score: term, measured value, thousandths of a point it gave."""

    name: str
    value: float
    points: int


@dataclass(frozen=True, eq=False)
class Comparison:
    """The likeness of two fingers.

    Args:
        score: thousandths of a point, 0 or more.
        terms: what it is made of.
        pairs: minutiae that belong together, shape (n, 2): index in the probe, index in the candidate.
    """

    score: int
    terms: Terms
    pairs: npt.NDArray[np.int64]

    def rows(self, weights: ScoreWeights = WEIGHTS) -> tuple[TermRow, ...]:
        """Return the terms with their points; base and points add up to the score, unless they fall below 0."""
        values = [(name, float(getattr(self.terms, name))) for name in Terms.__dataclass_fields__]
        return tuple(TermRow(name, value, round(POINT * getattr(weights, name) * value)) for name, value in values)


@dataclass(frozen=True, eq=False)
class PreparedFinger:
    """A template made ready for comparison: the surest minutiae first, each with its local code.

    Args:
        columns: what the kernels read.
        order: shape (n,), the place of each minutia in the template.
        key: 64 bits of a hash; the finger with the smaller key is the first. Two different fingers share a key once in
            2**64 pairs, and only then could their order matter.
    """

    columns: Columns
    order: npt.NDArray[np.int64]
    key: int


def prepare(template: Template) -> PreparedFinger:
    """Return the finger ready for comparison; the order of minutiae in the template does not matter."""
    falling = -template.quality.astype(np.int64)
    order = np.lexsort((template.kind, template.angle, template.y, template.x, falling))
    order = order[template.quality[order] >= PAIRING.min_quality][: PAIRING.max_minutiae]
    x, y, angle = (np.ascontiguousarray(c[order], dtype=np.uint16) for c in (template.x, template.y, template.angle))
    kind, quality = (np.ascontiguousarray(c[order], dtype=np.uint8) for c in (template.kind, template.quality))
    columns = Columns(x, y, angle, kind, quality, build_codes(x, y, angle, CODES))
    digest = hashlib.sha256(b"".join(c.tobytes() for c in columns[:5])).digest()
    return PreparedFinger(columns, order, int.from_bytes(digest[:8], "big"))


def compare(probe: Template, candidate: Template) -> Comparison:
    """Return how alike two impressions are; `compare(a, b)` and `compare(b, a)` have the same score and terms."""
    return compare_prepared(prepare(probe), prepare(candidate))


def compare_prepared(probe: PreparedFinger, candidate: PreparedFinger) -> Comparison:
    """Return how alike two prepared fingers are, as `compare` does."""
    swapped = candidate.key < probe.key
    first, second = (candidate, probe) if swapped else (probe, candidate)
    score, terms, of_first, of_second = compare_columns(first.columns, second.columns, PAIRING, WEIGHTS)
    pairs = np.stack([first.order[of_first], second.order[of_second]], axis=1)
    comparison = Comparison(
        score=int(score),
        terms=Terms(*(float(value) for value in terms)),
        pairs=pairs[:, ::-1] if swapped else pairs,
    )
    trace("comparison_terms", lambda: comparison.terms)
    trace("comparison_pairs", lambda: comparison.pairs)
    return comparison


def warm() -> None:
    """Compile every kernel of the comparison into the cache beside the source (or `NUMBA_CACHE_DIR`).

    Also drops what was compiled from older sources, so call it after a change of source, while nothing else compares.
    """
    drop_stale_cache(Path(__file__).parent, Path(comparison.__file__))
    line = np.arange(8, dtype=np.uint16)
    template = Template(
        x=line * 20 + 10,
        y=(line * line) % np.uint16(50) * np.uint16(3) + np.uint16(10),
        angle=line * 5000,
        kind=np.ones(8, np.uint8),
        quality=np.full(8, 60, np.uint8),
        width=300,
        height=300,
    )
    finger = prepare(template)
    compare_prepared(finger, finger)
    starts, keys = np.array([0, len(finger.order)], np.int64), np.array([finger.key], np.uint64)
    place = (keys[0], keys, starts, np.zeros(1, np.int64))
    compare_chosen(finger.columns, finger.columns, place, PAIRING, WEIGHTS)
    lanes, scale = probe_lanes(finger.columns.codes, SCREEN)
    screen_finger(lanes, scale, finger.columns.codes, starts, SCREEN, np.zeros(1))
