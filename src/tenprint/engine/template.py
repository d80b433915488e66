"""From a list of minutiae to the template that galleries hold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tenprint.core.image import FingerImage
from tenprint.core.template import SUREST, Template, angle_from_radians
from tenprint.engine.minutiae.decoding import MinutiaSet
from tenprint.engine.parameters.extraction import ExtractionParameters


def template_of(
    minutiae: MinutiaSet, image: FingerImage, *, width: int, height: int, parameters: ExtractionParameters
) -> Template:
    """Return the template of the surest `minutiae`, whose x and y are pixels at 500 ppi inside `width` x `height`.

    They stay in their order, by falling confidence, so that a shorter template is a prefix. A confidence of 0 to 1
    becomes a quality of 0 to 63.
    """
    kept = minutiae.first(parameters.max_minutiae)
    return Template(
        x=kept.x.astype(np.uint16),
        y=kept.y.astype(np.uint16),
        angle=angle_from_radians(kept.radians),
        kind=kept.kind,
        quality=np.clip(np.rint(kept.confidence * SUREST), 0, SUREST).astype(np.uint8),
        width=width,
        height=height,
        fgp=image.fgp,
        impression=image.impression,
        overall_quality=overall_quality(kept.confidence, parameters),
    )


def overall_quality(confidence: npt.NDArray[np.float32], parameters: ExtractionParameters) -> int:
    """Return 0 to 100: the sum of the best confidences over their full number, in percent.

    It is the mean confidence of the best `full_quality_minutiae` minutiae, where missing ones count as 0: few minutiae
    and unsure ones both lower it. It says how much there is to compare, not how well the finger was captured (NFIQ 2).
    """
    best = np.sort(confidence.astype(np.float64))[::-1][: parameters.full_quality_minutiae]
    return min(100, round(100 * float(best.sum()) / parameters.full_quality_minutiae))
