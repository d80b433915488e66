"""Extraction: an image goes in, its template comes out. Pure: the same image gives the same bytes.

Trace keys, in the order in which they arise: ``extract.pixels`` (at 500 ppi), ``extract.foreground`` (blocks),
``extract.crop`` (box), ``extract.position``, ``extract.direction``, ``extract.kind``, ``extract.quality`` (the
network's maps over its canvas), ``extract.minutiae`` (columns before the limit on their number).
"""

from __future__ import annotations

import hashlib
from dataclasses import astuple
from pathlib import Path

import numpy as np

from tenprint.core.image import FingerImage
from tenprint.core.template import Template
from tenprint.core.trace import trace
from tenprint.engine import imaging
from tenprint.engine.minutiae import decoding, network, weights
from tenprint.engine.parameters.extraction import DEFAULT_EXTRACTION, ExtractionParameters
from tenprint.engine.template import template_of

ALGORITHM = "leader-2"
"""2: images of 1000 ppi are halved as NIST advises."""


def extractor_version(parameters: ExtractionParameters) -> str:
    """Return a name for algorithm, weights and numbers together: results are memoised under it and the image's hash."""
    facts = repr((ALGORITHM, weights.WEIGHTS_SHA256, astuple(parameters))).encode()
    return f"{ALGORITHM}-{hashlib.sha256(facts).hexdigest()[:8]}"


EXTRACTOR_VERSION = extractor_version(DEFAULT_EXTRACTION)


def extract(image: FingerImage, *, parameters: ExtractionParameters = DEFAULT_EXTRACTION) -> Template:
    """Return the template of `image`: positions at 500 ppi over its whole width and height, surest minutiae first.

    A print without a sure minutia gives an empty template of quality 0. Takes about 1.5 us for each pixel of the crop
    on one core.

    Raises:
        EngineError: ``EXTRACT_TOO_SMALL``, ``EXTRACT_TOO_LARGE`` (at 500 ppi), ``EXTRACT_NO_FOREGROUND``,
            ``EXTRACT_WEIGHTS`` (the network's weights are missing) or ``EXTRACT_NETWORK``.
    """
    pixels = imaging.at_engine_resolution(image, parameters)
    trace("extract.pixels", lambda: pixels)
    blocks = imaging.foreground(pixels, parameters)
    trace("extract.foreground", lambda: blocks)
    crop = imaging.crop_box(blocks, pixels, parameters)
    trace("extract.crop", lambda: crop)
    canvas, part = imaging.network_input(pixels, crop, parameters.grid_px)
    maps = network.minutia_maps(canvas)
    for name, values in maps._asdict().items():
        trace(f"extract.{name}", lambda values=values: values)  # type: ignore[misc]
    height, width = pixels.shape
    minutiae = decoding.decoded(maps, part, (height, width), parameters)
    trace("extract.minutiae", lambda: minutiae)
    return template_of(minutiae, image, width=width, height=height, parameters=parameters)


def warm() -> None:
    """Build the network and run it once, so that the first image of a process does not pay for it.

    Raises:
        EngineError: ``EXTRACT_WEIGHTS`` or ``EXTRACT_NETWORK`` when it cannot be built.
    """
    side = 2 * DEFAULT_EXTRACTION.grid_px
    network.minutia_maps(np.zeros((1, 1, side, side), dtype=np.float32))


def weights_path() -> Path:
    """Return the file of the network's weights.

    Raises:
        EngineError: ``EXTRACT_WEIGHTS`` when it is not installed.
    """
    return weights.weights_path()
