"""Algebra on weights: layers that follow each other without a bend between them become one.

Everything here is exact but for rounding: the folded network computes the function of the published one.
Kernels have the shape (rows, columns, inputs, outputs).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tenprint.engine.minutiae.weights import Array

UPSAMPLED_KERNEL = 5
PHASE_KERNEL = 3


class Affine(NamedTuple):
    """A convolution: kernel, shape (rows, columns, inputs, outputs), and bias, shape (outputs,)."""

    kernel: Array
    bias: Array


class MergedEnd(NamedTuple):
    """An inverse bottleneck's end as ``merged(expanded) + skip(input)``."""

    merged: Affine
    skip: Affine


class PublishedEnd(NamedTuple):
    """An inverse bottleneck's end as ``adjust(input + reduce(expanded))``."""

    reduce: Affine
    adjust: Affine


def after_gain(gain: Array, offset: Array, layer: Affine) -> Affine:
    """Return the pointwise `layer` with the gain and offset of the normalisation before it, shape (inputs,), inside."""
    matrix = layer.kernel[0, 0]
    return Affine((gain[:, None] * matrix)[None, None], layer.bias + offset @ matrix)


def chained(first: Affine, second: Affine) -> Affine:
    """Return the one pointwise convolution that does `first`, then `second`."""
    matrix = second.kernel[0, 0]
    return Affine((first.kernel[0, 0] @ matrix)[None, None], first.bias @ matrix + second.bias)


def bottleneck_end(reduce: Affine, adjust: Affine) -> MergedEnd | PublishedEnd:
    """Return the cheaper of two ways to end an inverse bottleneck.

    With c channels in, 4 c in its middle and f out, the published order costs 4 c c + c f products a pixel; as
    ``reduce`` and ``adjust`` are both linear, adjust(x + reduce(e)) = (adjust reduce)(e) + adjust(x) costs 4 c f + c f.
    """
    channels, outputs = adjust.kernel.shape[2:]
    if outputs >= channels:
        return PublishedEnd(reduce, adjust)
    return MergedEnd(chained(reduce, adjust), Affine(adjust.kernel, np.zeros(outputs)))


def phases_of_upsampled(layer: Affine) -> Affine:
    """Return the 3x3 convolution on a small map that equals the 5x5 `layer` on that map doubled by repetition.

    Each of the four pixels that come from one sees the same nine neighbours, some of them twice. Output channels are
    ordered (row phase, column phase, output), as depth-to-space with blocks first wants them.
    """
    inputs, outputs = layer.kernel.shape[2:]
    phases = np.zeros((PHASE_KERNEL, PHASE_KERNEL, inputs, 2, 2, outputs))
    for row_phase in range(2):
        for column_phase in range(2):
            for row in range(UPSAMPLED_KERNEL):
                for column in range(UPSAMPLED_KERNEL):
                    small = (row_phase + row) // 2, (column_phase + column) // 2
                    phases[small[0], small[1], :, row_phase, column_phase] += layer.kernel[row, column]
    return Affine(phases.reshape(PHASE_KERNEL, PHASE_KERNEL, inputs, 4 * outputs), np.tile(layer.bias, 4))
