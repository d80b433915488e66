"""From a view in the units of its file to Template v1: 500 ppi, y down, 65,536 steps a turn."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tenprint.core.errors import RecordError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.template import (
    ANGLE_STEPS,
    KIND_BIFURCATION,
    KIND_OTHER,
    MAX_MINUTIAE,
    QUALITY_UNKNOWN,
    Template,
    angle_from_radians,
)
from tenprint.records.itl.impressions import nominal_ppi
from tenprint.records.templates import complaints
from tenprint.records.templates.layout import MAX_POSITION, MAX_QUALITY, PIXELS_PER_CENTIMETRE, Format
from tenprint.records.templates.record import MinutiaeRecord, Numbers, View

ENGINE_PPI = 500
CENTIMETRES_PER_INCH = 2.54
QUALITY_STEPS = 64
"""Levels of a minutia's quality in Template v1."""


def to_template(record: MinutiaeRecord, view: int = 0, *, laid_over: tuple[int, int] | None = None) -> Template:
    """Return one view as Template v1.

    Minutiae outside the image are left out, the reserved type becomes "other", a swipe becomes live-scan plain, an
    unknown position becomes 0. A view that reports no minutia quality gets 0 for all. Of more than 255 minutiae the
    surest stay.

    Args:
        record: as read.
        view: which one, from 0.
        laid_over: width and height, pixels at 500 ppi, of the image that the file's image was squeezed from; when
            left out, the declared resolution decides.

    Raises:
        RecordError: ``TEMPLATE_VIEW`` when there is no such view, ``TEMPLATE_HEADER`` when the size is impossible.
    """
    if not 0 <= view < len(record.views):
        raise RecordError(complaints.VIEW, f"there is no view {view}; the record has {len(record.views)}")
    chosen = record.views[view]
    width, height = _image_size(record, chosen)
    # Resolutions within one per cent of 500 ppi count as 500: most files then keep their whole numbers.
    scale_x, scale_y = _scales(record) if laid_over is None else (laid_over[0] / width, laid_over[1] / height)
    size = laid_over or (math.ceil(width * scale_x), math.ceil(height * scale_y))
    if not all(0 < side < ANGLE_STEPS for side in size):
        raise RecordError(complaints.HEADER, f"an image of {size[0]}x{size[1]} pixels at 500 ppi is too large")
    kept = _kept(chosen, width, height)
    return Template(
        x=_scaled(chosen.x[kept], scale_x, size[0]),
        y=_scaled(chosen.y[kept], scale_y, size[1]),
        angle=_angles(chosen.angle[kept], record.format.steps_a_turn, scale_x, scale_y),
        kind=np.where(chosen.kind[kept] > KIND_BIFURCATION, KIND_OTHER, chosen.kind[kept]).astype(np.uint8),
        quality=_qualities(chosen.minutia_quality[kept]),
        width=size[0],
        height=size[1],
        fgp=FingerPosition(chosen.position if chosen.position <= MAX_POSITION else 0),
        impression=Impression(chosen.impression if chosen.impression in tuple(Impression) else 0),
        overall_quality=chosen.quality if 0 < chosen.quality <= MAX_QUALITY else QUALITY_UNKNOWN,
    )


def quality_to_percent(quality: Numbers) -> Numbers:
    """Return qualities of Template v1 (0 to 63) as 1 to 100; all 0 stay 0, which says that none was reported."""
    if not quality.any():
        return quality
    return -(-quality * MAX_QUALITY // QUALITY_STEPS) + 1


def _qualities(percent: Numbers) -> npt.NDArray[np.uint8]:
    known = np.clip(percent, 1, MAX_QUALITY) - 1
    return (known * QUALITY_STEPS // MAX_QUALITY).astype(np.uint8)


def _image_size(record: MinutiaeRecord, view: View) -> tuple[int, int]:
    width = record.width or int(view.x.max(initial=0)) + 1
    height = record.height or int(view.y.max(initial=0)) + 1
    return width, height


def _scales(record: MinutiaeRecord) -> tuple[float, float]:
    """Return by what x and y are multiplied to be pixels at 500 ppi; 0 pixels per centimetre counts as 500 ppi."""
    both = (record.across or PIXELS_PER_CENTIMETRE, record.down or PIXELS_PER_CENTIMETRE)
    across, down = (ENGINE_PPI / max(1, nominal_ppi(side * CENTIMETRES_PER_INCH)) for side in both)
    return across, down


def _kept(view: View, width: int, height: int) -> Numbers:
    """Return the minutiae inside the image, in file order; of too many the surest."""
    inside = np.flatnonzero((view.x >= 0) & (view.x < width) & (view.y >= 0) & (view.y < height))
    surest = np.argsort(-view.minutia_quality[inside], kind="stable")[:MAX_MINUTIAE]
    kept: Numbers = inside[np.sort(surest)]
    return kept


def _scaled(values: Numbers, scale: float, side: int) -> npt.NDArray[np.uint16]:
    placed: npt.NDArray[np.uint16] = np.minimum(np.rint(values * scale), side - 1).astype(np.uint16)
    return placed


def _angles(angle: Numbers, steps: int, scale_x: float, scale_y: float) -> npt.NDArray[np.uint16]:
    radians = angle * (2 * math.pi / steps)
    if scale_x != scale_y:
        # A picture stretched along one axis turns its ridges towards that axis.
        radians = np.arctan2(np.sin(radians) * scale_y, np.cos(radians) * scale_x)
    return angle_from_radians(radians)


def angle_steps(template: Template, form: Format) -> Numbers:
    """Return a template's angles in the nearest units of a format, below a whole turn."""
    steps = form.steps_a_turn
    nearest: Numbers = (2 * template.angle.astype(np.int64) * steps + ANGLE_STEPS) // (2 * ANGLE_STEPS) % steps
    return nearest
