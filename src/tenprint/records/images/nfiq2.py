"""NFIQ 2, NIST's measure of finger image quality (ISO/IEC 29794-4), when the optional package nbis-py is installed.

NFIQ 2 gives 0 to 100, higher is better, for 500 ppi. The library ends in a signal on some images (one of 8x500 pixels),
so sizes are checked first, and each image is measured by a process of its own with limits of memory and time. Only the
score and its reasons are taken from the library: its templates are not conformant (formats.md section 6).

14.024 FQM names who made a measure: `VENDOR` and `PRODUCT` are what NIST's own source of NFIQ 2.3 gives (constant
``NFIQ2::Identifiers::CBEFF``: ISO/IEC JTC 1 SC 37, 0x0101; NFIQ2Rev3, 0x39). The registry itself was not looked at.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tenprint.core.downsampling import FINE_PPI, to_500_ppi
from tenprint.core.errors import EngineError
from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.core.image import ENGINE_PPI, FingerImage
from tenprint.records.images.nfiq2_process import HEAD
from tenprint.records.itl.impressions import EncodedImage, QualityMetric

VENDOR = "0101"
"""ISO/IEC JTC 1 SC 37 Biometrics, four hexadecimal digits as 14.024 wants them."""
PRODUCT = 0x39
"""NFIQ2Rev3, which is NFIQ 2.3."""
LIBRARY = "nbis"
MIN_SIDE_PX = 150
"""7.6 mm. Narrower is no finger, and the library was seen to crash there."""
MAX_SIDE_PX, MAX_AREA_PX = 1_600, 1_500_000
"""A plain thumb may be 500x1500 (EBTS 8.001, Table 3-3)."""
LIBRARY_WIDTH_PX, LIBRARY_HEIGHT_PX = 800, 1000
"""What the library takes (NFIQ 2's own limit): card scans of 804 pixels were seen to fail. The margin is cut."""
MEMORY_BYTES = 1 << 30
CPU_LIMIT_SECONDS = 20
TIME_LIMIT_SECONDS = 60.0
MAX_SCORE = 100
FAILED = 255
"""What 14.024 says when a measure was tried and failed."""
MISSING = "NFIQ2_MISSING"
ONE_FINGER = frozenset({*SINGLE_FINGERS, FingerPosition.PLAIN_RIGHT_THUMB, FingerPosition.PLAIN_LEFT_THUMB})
HOW_TO_INSTALL = "pip install 'tenprint[nfiq2]'"


@dataclass(frozen=True)
class Nfiq2Score:
    """What NFIQ 2 says.

    Args:
        score: 0 to 100, higher is better.
        reasons: the library's own actionable values by their names, such as ``EmptyImageOrContrastTooLow``.
    """

    score: int
    reasons: dict[str, float]

    def metric(self, image: FingerImage) -> QualityMetric:
        """Return the subfield of 14.024 (FQM) for `image`."""
        return QualityMetric(image.fgp, self.score, VENDOR, PRODUCT)


def is_installed() -> bool:
    """Tell whether the optional package is there (``pip install 'tenprint[nfiq2]'``)."""
    return importlib.util.find_spec(LIBRARY) is not None


def require() -> None:
    """Refuse with ``NFIQ2_MISSING`` (EngineError) when the optional package is not there."""
    if not is_installed():
        raise EngineError(MISSING, "NFIQ 2 needs the package nbis-py", hint=HOW_TO_INSTALL)


def nfiq2(image: FingerImage) -> Nfiq2Score:
    """Return NFIQ 2 of one finger's image. Takes about a second, most of it loading the library's model.

    Raises:
        EngineError: ``NFIQ2_MISSING`` when the package is not installed; ``NFIQ2_SIZE`` for an image that is no single
            finger by its size; ``NFIQ2_FAILED`` when the library refused, crashed or took too long.
    """
    require()
    image = _at_500_ppi(image)
    sides = (image.width, image.height)
    if min(sides) < MIN_SIDE_PX or max(sides) > MAX_SIDE_PX or image.width * image.height > MAX_AREA_PX:
        raise EngineError("NFIQ2_SIZE", f"NFIQ 2 is not asked about {image.width}x{image.height} px at 500 ppi")
    pixels = _darkest_part(_darkest_part(image.pixels, LIBRARY_WIDTH_PX).T, LIBRARY_HEIGHT_PX).T
    script = Path(__file__).with_name("nfiq2_process.py")
    command = [sys.executable, "-P", "-B", str(script), str(MEMORY_BYTES), str(CPU_LIMIT_SECONDS)]
    given = HEAD.pack(pixels.shape[1], pixels.shape[0]) + np.ascontiguousarray(pixels).tobytes()
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and script
            command, input=given, capture_output=True, timeout=TIME_LIMIT_SECONDS, check=False
        )
        return _score(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as problem:
        raise EngineError("NFIQ2_FAILED", "NFIQ 2 gave no measure of this image") from problem


def _darkest_part(pixels: npt.NDArray[np.uint8], most: int) -> npt.NDArray[np.uint8]:
    """Return at most so many columns side by side, those with the most ink."""
    spare = pixels.shape[1] - most
    if spare <= 0:
        return pixels
    ink = (255 - pixels.astype(np.int64)).sum(axis=0)
    before = np.concatenate([[0], np.cumsum(ink)])
    begin = int(np.argmax(before[most:] - before[:-most]))
    return pixels[:, begin : begin + most]


def measured(
    encoded: EncodedImage,
    decode: Callable[[EncodedImage], FingerImage],
    measure: Callable[[FingerImage], Nfiq2Score] = nfiq2,
) -> EncodedImage:
    """Return an image of a record with NFIQ 2 of each of its fingers, to be written as 14.024 (FQM).

    A finger that cannot be measured gets `FAILED`, as the field has it. Of a plain set only segmented fingers have one.

    Args:
        encoded: of one finger, or of a plain set with its segments.
        decode: gives the pixels.
        measure: one finger's NFIQ 2.

    Raises:
        EngineError: ``NFIQ2_MISSING``. RecordError: as `decode`.
    """
    image = decode(encoded)
    fingers = [image]
    if encoded.fgp not in ONE_FINGER:
        boxes = [box for box in encoded.segments if box.fgp in SINGLE_FINGERS]
        cuts = [image.pixels[box.top : box.bottom + 1, box.left : box.right + 1] for box in boxes]
        fingers = [FingerImage(cut, image.ppi, box.fgp) for cut, box in zip(cuts, boxes, strict=True) if cut.size]
    return replace(encoded, qualities=tuple(_metric(finger, measure) for finger in fingers))


def _metric(image: FingerImage, measure: Callable[[FingerImage], Nfiq2Score]) -> QualityMetric:
    try:
        return measure(image).metric(image)
    except EngineError as problem:
        if problem.code == MISSING:
            raise
        return QualityMetric(image.fgp, FAILED, VENDOR, PRODUCT)


def _score(answer: bytes) -> Nfiq2Score:
    told = json.loads(answer)
    score = told["score"]
    if type(score) is not int or not 0 <= score <= MAX_SCORE:
        raise ValueError(score)
    return Nfiq2Score(score, {str(name): float(value) for name, value in told["actionable"].items()})


def _at_500_ppi(image: FingerImage) -> FingerImage:
    if image.ppi == FINE_PPI:
        return replace(to_500_ppi(image), fgp=image.fgp)
    if image.ppi != ENGINE_PPI:
        raise EngineError("NFIQ2_SIZE", f"NFIQ 2 is for 500 ppi; this image has {image.ppi}")
    return image
