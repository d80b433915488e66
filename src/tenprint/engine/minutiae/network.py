"""LEADER at work: built once a process, one thread, full float32 precision."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import openvino

from tenprint.core.errors import EngineError
from tenprint.engine.minutiae.graph import leader_model
from tenprint.engine.minutiae.weights import read_weights, weights_path

Map = npt.NDArray[np.float32]

DEVICE = "CPU"
COMPILATION = {
    "INFERENCE_PRECISION_HINT": "f32",  # bf16, the default where the processor has it, finds other minutiae
    "INFERENCE_NUM_THREADS": 1,  # one worker process a core is the house's way to be parallel
    "NUM_STREAMS": 1,
    "ENABLE_CPU_PINNING": False,  # pinned, several workers would share the first core
}


class Maps(NamedTuple):
    """What the network says about each pixel; each map has shape (rows, columns), float32.

    Args:
        position: 0 to 1, how surely a minutia is here.
        direction: radians, -pi to pi, counter-clockwise with y downwards (ISO/IEC 19794-2); only meant at minutiae.
        kind: 0 to 1, from bifurcation to ridge ending; only meant at minutiae.
        quality: 0 to 1, `position` blurred: the confidence of a minutia at its peaks.
    """

    position: Map
    direction: Map
    kind: Map
    quality: Map


def minutia_maps(canvas: Map) -> Maps:
    """Return the network's answer to `canvas`, shape (1, 1, rows, columns), float32, grey levels 0 to 255.

    Both sides are multiples of 32. Equal canvases give equal bits on one machine. Safe to call from several threads.

    Raises:
        EngineError: ``EXTRACT_WEIGHTS`` when the weights are missing or others; ``EXTRACT_NETWORK`` when it fails.
    """
    try:
        answer = compiled_network().create_infer_request().infer({0: canvas})[0][0]
    except RuntimeError as problem:
        raise EngineError("EXTRACT_NETWORK", "the minutia network failed on this image") from problem
    position, cosine, sine, kind, quality = (np.array(channel) for channel in answer)
    return Maps(position, np.arctan2(sine, cosine), kind, quality)


@cache
def compiled_network() -> Any:
    """Return the compiled network; the first call in a process takes about half a second.

    Raises:
        EngineError: ``EXTRACT_WEIGHTS`` or ``EXTRACT_NETWORK`` when it cannot be built.
    """
    weights = read_weights(weights_path())
    try:
        return openvino.Core().compile_model(leader_model(weights), DEVICE, COMPILATION)
    except RuntimeError as problem:
        raise EngineError("EXTRACT_NETWORK", "the minutia network could not be built on this machine") from problem
