"""LEADER as an OpenVINO graph with fused steps, at float32.

The way of the data (all sizes relative to the input; five halvings, so its sides are multiples of 32)::

    image --+-- fine stem (1/2) ------------------------------+
            +-- coarse stem (1/2) -- context encoder (to 1/32)  |
                 -- context decoder (to 1/2) -- attention gate -+-- refinement encoder (to 1/32)
                 -- refinement decoder (to 1/2) -- three heads: position, direction, type

What differs from the published layers is arithmetic, not meaning (`folding`): gains of normalisations go into the
convolution behind them; the end of a bottleneck that narrows is one convolution; a head stays at half size up to its
last convolution, for doubling by repetition commutes with everything that works pixel by pixel; and its 5x5
convolution on the doubled map is a 3x3 convolution on the small one. The weights file numbers layers of a class by
their depth in the graph, so branches interleave: the numbers of the three heads below look shuffled for that reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import openvino
from openvino import opset13 as op

from tenprint.engine.minutiae import folding
from tenprint.engine.minutiae.folding import Affine
from tenprint.engine.minutiae.weights import Array, LeaderWeights

Node = Any  # openvino has no types that mypy can follow

NORMALISATION_EPSILON = 1e-3  # Keras' default, which LEADER keeps
DILATIONS = (1, 3, 6)
LEVELS = 4
OUTPUT_CHANNELS = ("position", "cosine", "sine", "type", "quality")


class Bottleneck(NamedTuple):
    """Numbers of the layers of an inverse bottleneck in the weights file."""

    depthwise: int
    normalisation: int
    expand: int
    reduce: int
    adjust: int


class Head(NamedTuple):
    """Numbers of the layers of a head in the weights file."""

    bottleneck: Bottleneck
    narrow: int
    normalisation: int
    mix: int
    last: int


REFINEMENT = tuple(Bottleneck(n, 10 + n, 8 + 3 * n, 9 + 3 * n, 10 + 3 * n) for n in range(2 * LEVELS))
POSITION_HEAD = Head(Bottleneck(8, 18, 32, 33, 35), 40, 21, 42, 44)
DIRECTION_HEAD = Head(Bottleneck(9, 19, 34, 36, 39), 43, 22, 46, 48)
TYPE_HEAD = Head(Bottleneck(10, 20, 37, 38, 41), 45, 23, 49, 50)
ATTENTION_GATE = 7
QUALITY_BLUR = 47


def leader_model(weights: LeaderWeights) -> openvino.Model:
    """Return the network for any input size.

    Input: shape (1, 1, rows, columns), float32, grey levels 0 to 255, sides multiples of 32. Output: shape
    (1, 5, rows, columns), float32, channels as in `OUTPUT_CHANNELS`: position, type and quality 0 to 1, cosine and
    sine of the direction times an unknown length.
    """
    layers = _Layers(weights)
    image = op.parameter([1, 1, -1, -1], np.float32, name="image")
    context = _context(layers, layers.stem(image, 0, 0, _maxima))
    fine = layers.stem(image, 2, 9, _means)
    features = _refined(layers, _joined(_gated(layers, context), fine))
    position = op.sigmoid(layers.head(features, POSITION_HEAD))
    direction = layers.head(features, DIRECTION_HEAD)
    kind = op.sigmoid(layers.head(features, TYPE_HEAD))
    blur = weights.blur(QUALITY_BLUR)
    quality = _convolved(position, Affine(blur, np.zeros(1)))
    return openvino.Model([_joined(position, direction, kind, quality)], [image], "leader")


def _context(layers: _Layers, features: Node) -> Node:
    kept = []
    for level in range(LEVELS):
        features = layers.separable(features, level, 1 + level)
        kept.append(features)
        features = _halved(features)
    for step, skipped in enumerate(reversed(kept)):
        features = _joined(_doubled(layers.separable(features, LEVELS + step, 1 + LEVELS + step)), skipped)
    return features


def _gated(layers: _Layers, features: Node) -> Node:
    views = [
        op.gelu(_convolved(features, layers.affine(4 + n), dilation), "erf") for n, dilation in enumerate(DILATIONS)
    ]
    return op.multiply(features, op.sigmoid(_convolved(_joined(*views), layers.affine(ATTENTION_GATE))))


def _refined(layers: _Layers, features: Node) -> Node:
    kept = []
    for numbers in REFINEMENT[:LEVELS]:
        features = layers.bottleneck(features, numbers)
        kept.append(features)
        features = _halved(features)
    for numbers, skipped in zip(REFINEMENT[LEVELS:], reversed(kept), strict=True):
        features = _joined(_doubled(layers.bottleneck(features, numbers)), skipped)
    return features


class _Layers:
    """The blocks of LEADER, each built from the weights with the given numbers."""

    def __init__(self, weights: LeaderWeights) -> None:
        self._weights = weights

    def affine(self, number: int) -> Affine:
        return Affine(*self._weights.convolution(number))

    def stem(self, image: Node, first: int, normalisation: int, pooled: Callable[[Node], Node]) -> Node:
        near, far = _convolved(image, self.affine(first)), _convolved(image, self.affine(first + 1), 2)
        return pooled(op.gelu(self._normalised(_joined(near, far), normalisation), "erf"))

    def separable(self, features: Node, number: int, normalisation: int) -> Node:
        across, along, bias = self._weights.separable(number)
        mixed = _convolved(_depthwise(features, across), Affine(along, bias))
        return op.gelu(self._normalised(mixed, normalisation), "erf")

    def bottleneck(self, features: Node, numbers: Bottleneck, then: Affine | None = None) -> Node:
        """Return the block's output; `then` is a pointwise convolution that follows it."""
        adjust = self.affine(numbers.adjust)
        gain, offset = self._weights.normalisation(numbers.normalisation)
        expand = folding.after_gain(gain, offset, self.affine(numbers.expand))
        standard = _standardised(_depthwise(features, self._weights.depthwise(numbers.depthwise)))
        expanded = op.gelu(_convolved(standard, expand), "erf")
        end = folding.bottleneck_end(self.affine(numbers.reduce), folding.chained(adjust, then) if then else adjust)
        if isinstance(end, folding.MergedEnd):
            return op.add(_convolved(expanded, end.merged), _convolved(features, end.skip))
        return _convolved(op.add(features, _convolved(expanded, end.reduce)), end.adjust)

    def head(self, features: Node, numbers: Head) -> Node:
        narrow = self.bottleneck(features, numbers.bottleneck, self.affine(numbers.narrow))
        mixed = op.gelu(_convolved(self._normalised(narrow, numbers.normalisation), self.affine(numbers.mix)), "erf")
        phases = folding.phases_of_upsampled(self.affine(numbers.last))
        return op.depth_to_space(_convolved(mixed, phases), "blocks_first", 2)

    def _normalised(self, features: Node, number: int) -> Node:
        gain, offset = self._weights.normalisation(number)
        scaled = op.multiply(_standardised(features), _constant(gain.reshape(1, -1, 1, 1)))
        return op.add(scaled, _constant(offset.reshape(1, -1, 1, 1)))


def _constant(values: Array) -> Node:
    return op.constant(np.ascontiguousarray(values, dtype=np.float32))


def _convolved(features: Node, layer: Affine, dilation: int = 1) -> Node:
    """Convolve with zeros around, so that the size stays."""
    border = dilation * (layer.kernel.shape[0] // 2)
    kernel = _constant(layer.kernel.transpose(3, 2, 0, 1))
    sums = op.convolution(features, kernel, [1, 1], [border] * 2, [border] * 2, [dilation] * 2)
    return op.add(sums, _constant(layer.bias.reshape(1, -1, 1, 1)))


def _depthwise(features: Node, kernel: Array) -> Node:
    border = kernel.shape[0] // 2
    grouped = _constant(kernel.transpose(2, 3, 0, 1)[:, :, None])
    return op.group_convolution(features, grouped, [1, 1], [border] * 2, [border] * 2, [1, 1])


def _standardised(features: Node) -> Node:
    """Take mean and deviation over the channels out of each pixel."""
    return op.mvn(features, op.constant(np.array([1])), True, NORMALISATION_EPSILON, "inside_sqrt")


def _maxima(features: Node) -> Node:
    return op.max_pool(features, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).output(0)


def _means(features: Node) -> Node:
    return op.avg_pool(features, [2, 2], [0, 0], [0, 0], [2, 2], True)


def _halved(features: Node) -> Node:
    """Halve the size: the first half of the channels by maxima, the other by means."""
    channels = features.get_output_partial_shape(0)[1].get_length()
    first, second = op.variadic_split(features, 1, [channels // 2, channels - channels // 2]).outputs()
    return _joined(_maxima(first), _means(second))


def _doubled(features: Node) -> Node:
    """Double the size by repetition."""
    return op.interpolate(
        features,
        op.constant(np.array([2.0, 2.0], dtype=np.float32)),
        "nearest",
        "scales",
        axes=op.constant(np.array([2, 3])),
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def _joined(*features: Node) -> Node:
    return op.concat(list(features), 1)
