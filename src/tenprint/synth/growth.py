"""Growing a ridge pattern from noise: repeated filtering along the wanted orientation and period.

After Cappelli, Maio and Maltoni, "SFinGe: an approach to synthetic fingerprint generation" (2004), but started from
noise everywhere, at half resolution first. Pixels and filters are whole numbers, and sums stay below 2**24, so float32
adds them up without rounding, in whatever order a processor likes: one seed grows the same ridges on every machine.
"""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np
import numpy.typing as npt

from tenprint.synth._jit import unordered_kernel
from tenprint.synth.parameters import GROWTH, PERIOD

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]
RIDGE_PEAK = 127
"""Ridge patterns run from -127 (valley) to 127 (ridge)."""
_FILTER_SUM = 8192
"""Sum of a filter's absolute values."""
_LANES = 16
"""Filter rows are filled up with zeros to a multiple of this: the width of a vector register."""


def grow_ridges(theta: F64, period: F64, mask: npt.NDArray[np.bool_], rng: np.random.Generator, rounds: int) -> F32:
    """Return a ridge pattern: shape (height, width), whole numbers from -127 to 127, ridges positive, zero outside.

    Args:
        theta: shape (height, width), ridge orientation in radians, counter-clockwise.
        period: shape (height, width), ridge period in px.
        mask: where ridges grow.
        rng: the source of the first noise.
        rounds: of filtering at half resolution; each lets a few more pairs of minutiae meet and vanish.
    """
    bins = _bin_maps(theta, period)
    half_mask = np.ascontiguousarray(mask[::2, ::2])
    small = rng.integers(-100, 101, half_mask.shape, dtype=np.int16).astype(np.float32)
    small = _run(small, (bins[0][::2, ::2], bins[1][::2, ::2]), half_mask, _bank(GROWTH.half_taps, 2), rounds)
    large = cv2.resize(small, mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    start = np.clip(np.rint(large), -RIDGE_PEAK, RIDGE_PEAK)
    return _run(start, bins, mask, _bank(GROWTH.full_taps, 1), GROWTH.full_rounds)


def _bin_maps(theta: F64, period: F64) -> tuple[U8, U8]:
    orientation = np.rint(theta * (GROWTH.orientation_bins / math.pi)).astype(np.int64) % GROWTH.orientation_bins
    span = PERIOD.maximum_px - PERIOD.minimum_px
    step = np.rint((period - PERIOD.minimum_px) * ((GROWTH.period_bins - 1) / span))
    return orientation.astype(np.uint8), np.clip(step, 0, GROWTH.period_bins - 1).astype(np.uint8)


@functools.cache
def _bank(taps: int, shrink: int) -> F32:
    """Return the filters, shape (orientations, periods, taps, lanes), whole numbers; columns from `taps` on are zero.

    None of them answers to a flat field, apart from rounding.
    """
    reach = taps // 2
    column, row = np.meshgrid(np.arange(taps) - reach, reach - np.arange(taps))
    span = np.linspace(PERIOD.minimum_px, PERIOD.maximum_px, GROWTH.period_bins) / shrink
    bank = np.zeros((GROWTH.orientation_bins, GROWTH.period_bins, taps, -(-taps // _LANES) * _LANES), dtype=np.float32)
    for i in range(GROWTH.orientation_bins):
        angle = i * math.pi / GROWTH.orientation_bins
        across = -column * math.sin(angle) + row * math.cos(angle)
        along = column * math.cos(angle) + row * math.sin(angle)
        for j, period in enumerate(span):
            across_sd = GROWTH.sigma_across_periods * period
            along_sd = GROWTH.sigma_along_periods * period
            window = np.exp(-0.5 * (across / across_sd) ** 2 - 0.5 * (along / along_sd) ** 2)
            wave = window * np.cos(2 * math.pi * across / period)
            wave -= window * (wave.sum() / window.sum())
            bank[i, j, :, :taps] = np.rint(wave * (_FILTER_SUM / np.abs(wave).sum()))
    return bank


def _run(image: F32, bins: tuple[U8, U8], mask: npt.NDArray[np.bool_], bank: F32, rounds: int) -> F32:
    taps, lanes = bank.shape[2:]
    reach = taps // 2
    # windows are as wide as the filters with their lanes of zeros, so the right margin is wider
    padded = np.pad(image * mask, ((reach, reach), (reach, lanes)))
    rows, columns = (part.astype(np.int32) for part in np.nonzero(mask))
    orientation, period = (part[rows, columns] for part in bins)
    table = _saturation_table()
    other = padded.copy()
    for _ in range(rounds):
        _filter_once(padded, other, rows, columns, orientation, period, bank, table)
        padded, other = other, padded
    return np.asarray(padded[reach : reach + mask.shape[0], reach : reach + mask.shape[1]].copy())


def _saturation_table() -> F32:
    """Map a filter sum, shifted to 0..2047, to the next pixel: a smooth step that keeps ridges from running away."""
    level = (np.arange(2048) - 1024) / 1024
    return np.asarray(np.rint(RIDGE_PEAK * np.tanh(GROWTH.gain * level)), dtype=np.float32)


@unordered_kernel
def _filter_once(  # noqa: PLR0917 - kernel
    source: F32, target: F32, rows: I32, columns: I32, orientation: U8, period: U8, bank: F32, table: F32
) -> None:
    # unsigned counters spare the test for negative indices, which would keep the loop from using vectors
    taps, lanes = np.uint64(bank.shape[2]), np.uint64(bank.shape[3])
    reach = bank.shape[2] // 2
    for k in range(rows.shape[0]):
        top, left = np.uint64(rows[k]), np.uint64(columns[k])
        kernel = bank[orientation[k], period[k]]
        total = np.float32(0)
        for i in range(taps):
            for j in range(lanes):
                total += source[top + i, left + j] * kernel[i, j]
        # a full response is RIDGE_PEAK * _FILTER_SUM, about 2**20: ten bits are kept
        level = max((int(total) >> 10) + 1024, 0)
        target[rows[k] + reach, columns[k] + reach] = table[min(level, 2047)]
