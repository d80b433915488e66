"""The search of one block: a cheap look at everybody (so far it is exhaustive), then the most likely in full.

Everybody is compared by local codes. Each finger's likeness is measured against that finger's spread in the shard, so
that a person with few enrolled fingers is not at a disadvantage. The share that is compared in full falls with the
number of common fingers: all with one finger, a twentieth with five and more (`GalleryParameters.full_share`). A mate
whom the first look ranks below that share is lost, whatever the full comparison would have said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tenprint.core.fingers import FingerPosition
from tenprint.engine.compare import PAIRING, SCREEN, WEIGHTS, PreparedFinger
from tenprint.engine.compare.kernels import compare_chosen
from tenprint.engine.compare.screen import probe_lanes, screen_finger
from tenprint.engine.gallery.block import Block
from tenprint.engine.parameters.comparison import FUSION_CLIP, GalleryParameters

SMALLEST_SPREAD = 1e-6


class Found(NamedTuple):
    """One person compared in full: row in the block, fused score, score per common finger."""

    row: int
    score: int
    fingers: dict[FingerPosition, int]


class Searched(NamedTuple):
    """What a search of some rows gave: who was found, and how many people have a finger in common with the probe."""

    found: list[Found]
    subjects: int


def search_rows(
    block: Block,
    rows: tuple[int, int],
    alive: npt.NDArray[np.bool_],
    probe: Mapping[FingerPosition, PreparedFinger],
    rule: GalleryParameters,
) -> Searched:
    """Return the people of `rows` (first, end) that were compared in full and are alike at all, in rows' order.

    Who has no finger in common with the probe was not compared, and does not count as searched.

    Args:
        alive: which rows of the block count, shape (people,).
    """
    common = [position for position in block.fingers if position in probe]
    if not common:
        return Searched([], 0)
    likeness, present = screen_rows(block, rows, probe, common)
    present &= alive[rows[0] : rows[1], None]
    chosen = rows[0] + most_likely(likeness, present, rule)
    return Searched(_compared_in_full(block, chosen, probe, common), int(present.any(axis=1).sum()))


def screen_rows(
    block: Block,
    rows: tuple[int, int],
    probe: Mapping[FingerPosition, PreparedFinger],
    positions: list[FingerPosition],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return the likeness by local codes and whether the finger is there, shape (rows, positions) each."""
    first, end = rows
    likeness = np.zeros((len(positions), end - first))
    present = np.zeros((len(positions), end - first), np.bool_)
    for number, position in enumerate(positions):
        fingers = block.fingers[position]
        lanes, scale = probe_lanes(probe[position].columns.codes, SCREEN)
        screen_finger(lanes, scale, fingers.columns.codes, fingers.starts[first : end + 1], SCREEN, likeness[number])
        present[number] = fingers.present()[first:end]
    return likeness.T, present.T


def most_likely(
    likeness: npt.NDArray[np.float64], present: npt.NDArray[np.bool_], rule: GalleryParameters
) -> npt.NDArray[np.int64]:
    """Return the rows to compare in full, ascending.

    Args:
        likeness, present: shape (rows, positions); rows without any common finger are never chosen.
    """
    count = np.maximum(present.sum(axis=0), 1)
    mean = np.where(present, likeness, 0).sum(axis=0) / count
    off = np.where(present, likeness - mean, 0.0)
    variance = (off**2).sum(axis=0) / count + SMALLEST_SPREAD
    common = present.sum(axis=1)
    spread = np.sqrt(np.where(present, variance, 0.0).sum(axis=1) + SMALLEST_SPREAD)
    rank_value = off.sum(axis=1) / spread
    chosen: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
    for fingers in range(1, likeness.shape[1] + 1):
        group = np.flatnonzero(common == fingers)
        share = rule.full_share[min(fingers, len(rule.full_share)) - 1]
        wanted = max(rule.full_at_least, int(np.ceil(share * group.size)))
        chosen.append(group[np.argsort(-rank_value[group], kind="stable")[:wanted]])
    return np.sort(np.concatenate(chosen))


def _compared_in_full(
    block: Block,
    chosen: npt.NDArray[np.int64],
    probe: Mapping[FingerPosition, PreparedFinger],
    positions: list[FingerPosition],
) -> list[Found]:
    """Return fused and single scores of the chosen rows that have a fused score above 0."""
    scores = np.zeros((len(chosen), len(positions)), np.int64)
    there = np.zeros((len(chosen), len(positions)), np.bool_)
    for number, position in enumerate(positions):
        fingers = block.fingers[position]
        place = (np.uint64(probe[position].key), fingers.keys, fingers.starts, chosen)
        scores[:, number] = compare_chosen(probe[position].columns, fingers.columns, place, PAIRING, WEIGHTS)
        there[:, number] = fingers.present()[chosen]
    fused = np.minimum(scores, FUSION_CLIP).sum(axis=1)
    return [
        Found(
            int(chosen[place]),
            int(fused[place]),
            {p: int(scores[place, number]) for number, p in enumerate(positions) if there[place, number]},
        )
        for place in np.flatnonzero(fused > 0)
    ]
