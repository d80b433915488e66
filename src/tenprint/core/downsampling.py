"""From 1000 to 500 ppi as NIST advises: a Gaussian filter, then every second pixel.

NISTIR 7839 (2013) compared averaging, plain decimation, truncated JPEG 2000 codestreams, spectral truncation and a
Gaussian filter by examiners, a matcher and spectra, and advises the filter with sigma 0.8475 px and radius 4 px; SP
500-289 (2014) makes it the rule. What is left open there is taken from NIST's own NISTDownsampler: rows and columns
1, 3, 5, ... stay, counted from 0, and values are rounded to the nearest, halves to even. Beyond its edge the image goes
on as its last pixel.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tenprint.core.errors import EngineError
from tenprint.core.image import ENGINE_PPI, FingerImage

FINE_PPI = 2 * ENGINE_PPI
SIGMA_PX = 0.8475
RADIUS_PX = 4

Values = npt.NDArray[np.float32]


def to_500_ppi(image: FingerImage) -> FingerImage:
    """Return an image of 1000 ppi at 500 ppi: half as wide and high, a last odd row or column is dropped.

    Raises:
        EngineError: ``IMAGE_PPI`` when its resolution is another; ``IMAGE_SHAPE`` when nothing would be left.
    """
    if image.ppi != FINE_PPI:
        raise EngineError("IMAGE_PPI", f"only {FINE_PPI} ppi is halved, not {image.ppi}")
    pixels = image.pixels.astype(np.float32)
    halved = _every_second(_every_second(pixels).T).T
    return FingerImage(np.rint(halved).astype(np.uint8), ENGINE_PPI, image.fgp, image.impression)


def weights() -> Values:
    """Return the filter along one axis, shape (2 * RADIUS_PX + 1,), sum 1: a Gaussian in two is the product of two."""
    at = np.arange(-RADIUS_PX, RADIUS_PX + 1)
    values = np.exp(-(at**2) / (2 * SIGMA_PX**2)).astype(np.float64)
    shares: Values = (values / values.sum()).astype(np.float32)
    return shares


def _every_second(pixels: Values) -> Values:
    """Return rows 1, 3, 5, ... of `pixels`, filtered along the columns, shape (height // 2, width)."""
    kept = pixels.shape[0] // 2
    padded = np.pad(pixels, ((RADIUS_PX, RADIUS_PX), (0, 0)), mode="edge")
    total = np.zeros((kept, pixels.shape[1]), np.float32)
    for offset, weight in enumerate(weights()):
        # Row 1 + 2k of the image is row 1 + 2k + RADIUS of the padded one: its window starts at 1 + 2k.
        total += weight * padded[1 + offset : 1 + offset + 2 * kept : 2][:kept]
    return total
