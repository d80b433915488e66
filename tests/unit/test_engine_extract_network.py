"""The folded network against a slow twin that computes the published layers one by one, in float64."""

import math
from functools import partial

import numpy as np
import pytest

from tenprint.core.errors import EngineError
from tenprint.engine.minutiae import folding, network, weights
from tenprint.engine.minutiae.folding import Affine

erf = np.vectorize(math.erf, otypes=[np.float64])

EPSILON = 1e-3


@pytest.fixture(scope="module")
def leader():
    try:
        return weights.read_weights(weights.weights_path())
    except EngineError as problem:
        pytest.skip(str(problem))


def convolved(x, kernel, bias=0.0, dilation=1):
    """Sum shifted copies; x has the shape (rows, columns, channels)."""
    border = dilation * (kernel.shape[0] // 2)
    padded = np.pad(x, ((border, border), (border, border), (0, 0)))
    total = np.zeros((*x.shape[:2], kernel.shape[3]))
    for row in range(kernel.shape[0]):
        for column in range(kernel.shape[1]):
            top, left = row * dilation, column * dilation
            total += padded[top : top + x.shape[0], left : left + x.shape[1]] @ kernel[row, column]
    return total + bias


def depthwise(x, kernel):
    channels = [convolved(x[..., c : c + 1], kernel[:, :, c : c + 1]) for c in range(x.shape[2])]
    return np.concatenate(channels, axis=-1)


def gelu(x):
    return 0.5 * x * (1 + erf(x / np.sqrt(2)))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def quads(x):
    return x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2, -1)


def halved(x):
    middle = x.shape[-1] // 2
    return joined(quads(x[..., :middle]).max((1, 3)), quads(x[..., middle:]).mean((1, 3)))


def doubled(x):
    return x.repeat(2, axis=0).repeat(2, axis=1)


def joined(*parts):
    return np.concatenate(parts, axis=-1)


class Twin:
    """LEADER as its author publishes it: one call a layer, numbers of layers by depth written down on their own."""

    def __init__(self, leader):
        self.w = leader

    def conv(self, x, number, dilation=1):
        return convolved(x, *self.w.convolution(number), dilation)

    def norm(self, x, number):
        gain, offset = self.w.normalisation(number)
        standard = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + EPSILON)
        return standard * gain + offset

    def stem(self, image, first, norm):
        return gelu(self.norm(joined(self.conv(image, first), self.conv(image, first + 1, 2)), norm))

    def separable(self, x, number, norm):
        across, along, bias = self.w.separable(number)
        return gelu(self.norm(convolved(depthwise(x, across), along, bias), norm))

    def bottleneck(self, x, numbers):
        depth, norm, expand, reduce, adjust = numbers
        inner = self.norm(depthwise(x, self.w.depthwise(depth)), norm)
        inner = self.conv(gelu(self.conv(inner, expand)), reduce)
        return self.conv(x + inner, adjust)

    def down_and_up(self, x, block):
        kept = []
        for n in range(4):
            kept.append(block(x, n))
            x = halved(kept[-1])
        for n in range(4, 8):
            x = joined(doubled(block(x, n)), kept.pop())
        return x

    def head(self, x, block, numbers):
        narrow, norm, mix, last = numbers
        x = doubled(self.bottleneck(x, block))
        return self.conv(gelu(self.conv(self.norm(self.conv(x, narrow), norm), mix)), last)

    def maps(self, image):
        context = quads(self.stem(image, 0, 0)).max((1, 3))
        fine = quads(self.stem(image, 2, 9)).mean((1, 3))
        context = self.down_and_up(context, lambda x, n: self.separable(x, n, n + 1))
        views = [gelu(self.conv(context, number, dilation)) for number, dilation in ((4, 1), (5, 3), (6, 6))]
        gate = sigmoid(self.conv(joined(*views), 7))
        features = self.down_and_up(
            joined(context * gate, fine),
            lambda x, n: self.bottleneck(x, (n, n + 10, 3 * n + 8, 3 * n + 9, 3 * n + 10)),
        )
        position = sigmoid(self.head(features, (8, 18, 32, 33, 35), (40, 21, 42, 44)))
        direction = self.head(features, (9, 19, 34, 36, 39), (43, 22, 46, 48))
        kind = sigmoid(self.head(features, (10, 20, 37, 38, 41), (45, 23, 49, 50)))
        quality = convolved(position, self.w.blur(47))
        return position[..., 0], direction, kind[..., 0], quality[..., 0]


def ridges_with_a_dislocation(side):
    """Return waves with a period of 9 px and one extra half wave that begins in the middle."""
    y, x = np.mgrid[:side, :side] - side / 2
    phase = 2 * np.pi * y / 9 + np.arctan2(y, x)
    return np.clip(np.rint(128 + 100 * np.cos(phase)), 0, 255).astype(np.float32)


@pytest.mark.parametrize("shape", [(64, 64), (32, 96)])
def test_the_folded_network_computes_what_the_published_layers_compute(leader, shape):
    image = ridges_with_a_dislocation(96)[: shape[0], : shape[1]]
    fast = network.minutia_maps(image[None, None])
    position, direction, kind, quality = Twin(leader).maps(image[..., None].astype(np.float64))
    for name, expected in (("position", position), ("kind", kind), ("quality", quality)):
        np.testing.assert_allclose(getattr(fast, name), expected, atol=5e-5, err_msg=name)
    # Where both components are near 0 the direction means nothing, so its unit vector is weighed by their length.
    length = np.hypot(direction[..., 0], direction[..., 1])
    for expected, part in ((direction[..., 0], np.cos), (direction[..., 1], np.sin)):
        np.testing.assert_allclose(length * part(fast.direction), expected, atol=2e-4)


def test_the_oracle_input_holds_a_minutia_so_that_agreement_means_something(leader):
    image = ridges_with_a_dislocation(64)
    assert network.minutia_maps(image[None, None]).quality.max() > 0.5


def test_equal_canvases_give_equal_bits():
    canvas = ridges_with_a_dislocation(64)[None, None]
    first, second = network.minutia_maps(canvas), network.minutia_maps(canvas)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def random_affine(generator, *shape):
    return Affine(generator.normal(size=shape), generator.normal(size=shape[-1]))


def test_a_gain_before_a_convolution_can_live_inside_it():
    generator = np.random.default_rng(1)
    x, gain, offset = generator.normal(size=(4, 5, 6)), generator.normal(size=6), generator.normal(size=6)
    layer = random_affine(generator, 1, 1, 6, 3)
    expected = convolved(x * gain + offset, *layer)
    np.testing.assert_allclose(convolved(x, *folding.after_gain(gain, offset, layer)), expected, atol=1e-12)


@pytest.mark.parametrize(("outputs", "kind"), [(3, folding.MergedEnd), (9, folding.PublishedEnd)])
def test_both_ends_of_a_bottleneck_compute_the_same(outputs, kind):
    generator = np.random.default_rng(2)
    x, middle = generator.normal(size=(4, 5, 6)), generator.normal(size=(4, 5, 24))
    reduce, adjust = random_affine(generator, 1, 1, 24, 6), random_affine(generator, 1, 1, 6, outputs)
    end = folding.bottleneck_end(reduce, adjust)
    assert isinstance(end, kind)
    if isinstance(end, folding.MergedEnd):
        found = convolved(middle, *end.merged) + convolved(x, *end.skip)
    else:
        found = convolved(x + convolved(middle, *end.reduce), *end.adjust)
    np.testing.assert_allclose(found, convolved(x + convolved(middle, *reduce), *adjust), atol=1e-12)


def test_a_convolution_on_a_doubled_map_is_four_phases_on_the_small_one():
    generator = np.random.default_rng(3)
    small, layer = generator.normal(size=(6, 7, 4)), random_affine(generator, 5, 5, 4, 2)
    phases = convolved(small, *folding.phases_of_upsampled(layer)).reshape(6, 7, 2, 2, 2)
    found = phases.transpose(0, 2, 1, 3, 4).reshape(12, 14, 2)
    np.testing.assert_allclose(found, convolved(doubled(small), *layer), atol=1e-12)


def test_other_weights_than_those_that_were_checked_are_refused(tmp_path):
    other = tmp_path / "LEADER.weights.h5"
    other.write_bytes(b"not the weights")
    with pytest.raises(EngineError, match="EXTRACT_WEIGHTS"):
        weights.read_weights(other)


@pytest.mark.parametrize("folders", [None, ["/nonexistent"]])
def test_missing_weights_are_told_with_what_to_install(monkeypatch, folders):
    spec = type("Spec", (), {"submodule_search_locations": folders})() if folders else None
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(EngineError, match="EXTRACT_WEIGHTS") as refusal:
        weights.weights_path()
    assert "pyfing" in refusal.value.hint


def test_a_failing_runtime_becomes_our_error(monkeypatch):
    def fail(canvas):
        raise RuntimeError("shape")

    request = type("Request", (), {"infer": staticmethod(fail)})
    compiled = type("Compiled", (), {"create_infer_request": staticmethod(request)})
    monkeypatch.setattr(network, "compiled_network", compiled)
    with pytest.raises(EngineError, match="EXTRACT_NETWORK"):
        network.minutia_maps(np.zeros((1, 1, 64, 64), dtype=np.float32))


def test_extraction_never_imports_pyfing_or_keras(tmp_path):
    import subprocess
    import sys

    code = (
        "import sys; import tenprint.engine.extract as e; e.warm();"
        "print([m for m in sys.modules if m.split('.')[0] in ('pyfing', 'keras', 'tensorflow')])"
    )
    run = partial(subprocess.run, capture_output=True, text=True, check=True)
    assert run([sys.executable, "-c", code]).stdout.strip() == "[]"
