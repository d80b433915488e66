"""Growing a ridge pattern from noise: repeated filtering along the wanted orientation and period.

After Cappelli, Maio and Maltoni, "SFinGe: an approach to synthetic fingerprint generation" (2004), but started from
noise everywhere, at half resolution first. Pixels and filters are integers, so that sums do not depend on the order in
which a processor takes them: the same seed grows the same ridges on every machine.
"""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np
import numpy.typing as npt
from numba import njit

from tenprint.synth.parameters import GROWTH, PERIOD

I16 = npt.NDArray[np.int16]
U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]
RIDGE_PEAK = 127
"""Ridge patterns are int16 from -127 (valley) to 127 (ridge)."""
_FILTER_PEAK = 1024


def grow_ridges(theta: F64, period: F64, mask: npt.NDArray[np.bool_], rng: np.random.Generator) -> I16:
    """Return a ridge pattern, shape (height, width), int16 from -127 to 127, ridges positive, zero outside the mask.

    Args:
        theta: shape (height, width), ridge orientation in radians, counter-clockwise.
        period: shape (height, width), ridge period in px.
        mask: where ridges grow.
        rng: the source of the first noise.
    """
    bins = _bin_maps(theta, period)
    half_mask = np.ascontiguousarray(mask[::2, ::2])
    small = rng.integers(-100, 101, half_mask.shape, dtype=np.int16)
    small = _run(small, bins[0][::2, ::2], bins[1][::2, ::2], half_mask, _bank(GROWTH.half_taps, 2), GROWTH.half_rounds)
    large = cv2.resize(small.astype(np.float32), mask.shape[::-1], interpolation=cv2.INTER_CUBIC)
    start = np.clip(np.rint(large), -RIDGE_PEAK, RIDGE_PEAK).astype(np.int16)
    return _run(start, bins[0], bins[1], mask, _bank(GROWTH.full_taps, 1), GROWTH.full_rounds)


def _bin_maps(theta: F64, period: F64) -> tuple[U8, U8]:
    orientation = np.rint(theta * (GROWTH.orientation_bins / math.pi)).astype(np.int64) % GROWTH.orientation_bins
    span = PERIOD.maximum_px - PERIOD.minimum_px
    step = np.rint((period - PERIOD.minimum_px) * ((GROWTH.period_bins - 1) / span))
    return orientation.astype(np.uint8), np.clip(step, 0, GROWTH.period_bins - 1).astype(np.uint8)


@functools.cache
def _bank(taps: int, shrink: int) -> I16:
    """Return the filters, shape (orientations, periods, taps, taps), int16, each without response to a flat field."""
    reach = taps // 2
    column, row = np.meshgrid(np.arange(taps) - reach, reach - np.arange(taps))
    span = np.linspace(PERIOD.minimum_px, PERIOD.maximum_px, GROWTH.period_bins) / shrink
    bank = np.zeros((GROWTH.orientation_bins, GROWTH.period_bins, taps, taps), dtype=np.int16)
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
            bank[i, j] = np.rint(wave * (_FILTER_PEAK / np.abs(wave).sum() * 8))
    return bank


def _run(image: I16, orientation: U8, period: U8, mask: npt.NDArray[np.bool_], bank: I16, rounds: int) -> I16:
    reach = bank.shape[-1] // 2
    padded = np.pad(image * mask, reach)
    rows, columns = (part.astype(np.int32) for part in np.nonzero(mask))
    orientation, period = orientation[rows, columns], period[rows, columns]
    table = _saturation_table()
    other = padded.copy()
    for _ in range(rounds):
        _filter_once(padded, other, rows, columns, orientation, period, bank, table)
        padded, other = other, padded
    return padded[reach:-reach, reach:-reach].copy()


def _saturation_table() -> I16:
    """Map a filter sum, shifted to 0..2047, to the next pixel: a smooth step that keeps ridges from running away."""
    level = (np.arange(2048) - 1024) / 1024
    return np.rint(RIDGE_PEAK * np.tanh(GROWTH.gain * level)).astype(np.int16)


@njit(cache=True, nogil=True)
def _filter_once(  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    source, target, rows, columns, orientation, period, bank, table
) -> None:
    taps = bank.shape[2]
    for k in range(rows.shape[0]):
        top, left = rows[k], columns[k]
        kernel = bank[orientation[k], period[k]]
        total = np.int32(0)
        for i in range(taps):
            source_row = source[top + i]
            kernel_row = kernel[i]
            for j in range(taps):
                total += np.int32(source_row[left + j]) * np.int32(kernel_row[j])
        # a full response is RIDGE_PEAK * 8 * _FILTER_PEAK, about 2**20: ten bits are kept
        level = (total >> 10) + 1024
        level = min(max(level, 0), 2047)
        target[top + taps // 2, left + taps // 2] = table[level]
