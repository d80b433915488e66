"""LEADER's weights, read from the installed `pyfing` wheel without importing it (it would import Keras)."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tenprint.core.errors import EngineError

Array = npt.NDArray[np.float64]

WEIGHTS_FILE = "models/LEADER.weights.h5"
WEIGHTS_SHA256 = "0cbf12af936482d10ba54b23f40a9b192ab767df2f81bc96c5954585735fefe6"
"""Of the file in pyfing 0.7.3, the one every figure was measured with. Other weights would be another extractor."""


@dataclass(frozen=True)
class LeaderWeights:
    """The arrays of the file by layer, as float64 so that folding layers together rounds only once.

    The file names layers by class and by depth in the graph (``conv2d_12``), not by what they do; which number does
    what is told in `graph`.

    Args:
        layers: layer name -> its arrays, in the order in which Keras stores them.
    """

    layers: Mapping[str, tuple[Array, ...]]

    def convolution(self, number: int) -> tuple[Array, Array]:
        """Return kernel, shape (rows, columns, inputs, outputs), and bias, shape (outputs,)."""
        kernel, bias = self._named("conv2d", number)
        return kernel, bias

    def blur(self, number: int) -> Array:
        """Return the kernel of a convolution without bias, shape (rows, columns, inputs, outputs)."""
        (kernel,) = self._named("conv2d", number)
        return kernel

    def depthwise(self, number: int) -> Array:
        """Return the kernel of a depthwise convolution, shape (rows, columns, channels, 1)."""
        (kernel,) = self._named("depthwise_conv2d", number)
        return kernel

    def separable(self, number: int) -> tuple[Array, Array, Array]:
        """Return depthwise kernel (rows, columns, channels, 1), pointwise (1, 1, channels, outputs) and bias."""
        across, along, bias = self._named("separable_conv2d", number)
        return across, along, bias

    def normalisation(self, number: int) -> tuple[Array, Array]:
        """Return gain and offset of a layer normalisation, each of shape (channels,)."""
        gain, offset = self._named("layer_normalization", number)
        return gain, offset

    def _named(self, kind: str, number: int) -> tuple[Array, ...]:
        return self.layers[f"{kind}_{number}" if number else kind]


def weights_path() -> Path:
    """Return where the installed `pyfing` keeps LEADER's weights.

    Raises:
        EngineError: ``EXTRACT_WEIGHTS`` when the package or the file is missing.
    """
    found = importlib.util.find_spec("pyfing")
    folders = list(found.submodule_search_locations or ()) if found else []
    path = Path(folders[0]) / WEIGHTS_FILE if folders else None
    if path is None or not path.is_file():
        raise EngineError(
            "EXTRACT_WEIGHTS", "the weights of the LEADER network are not installed", hint="install pyfing 0.7.3"
        )
    return path


def read_weights(path: Path) -> LeaderWeights:
    """Return the weights in `path`.

    Raises:
        EngineError: ``EXTRACT_WEIGHTS`` when the file is not the one that was checked (`WEIGHTS_SHA256`).
    """
    import h5py  # noqa: PLC0415 - heavy, and needed once in the life of a process

    if hashlib.sha256(path.read_bytes()).hexdigest() != WEIGHTS_SHA256:
        raise EngineError(
            "EXTRACT_WEIGHTS",
            "the installed LEADER weights are not those this extractor was checked with",
            hint="install pyfing 0.7.3",
        )
    with h5py.File(path) as file:
        layers = {
            name: tuple(np.array(layer["vars"][str(n)], dtype=np.float64) for n in range(len(layer["vars"])))
            for name, layer in file["layers"].items()
            if "vars" in layer and len(layer["vars"])
        }
    return LeaderWeights(layers)
