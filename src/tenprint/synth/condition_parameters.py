"""Tuned numbers of what ails skin and contact, with their units; set by eye beside real prints."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ConditionParameters:
    """What one condition of skin or contact changes, beside `INK`."""

    share: float
    """Share of impressions that come out so."""
    threshold_shift: float = 0.0
    """Added to ``INK.threshold``: above zero is drier, below is wetter."""
    threshold_spread: float = 1.0
    """Factor on ``INK.moisture_sd``."""
    grade_spread: float = 1.0
    """Factor on ``INK.grade_sd``."""
    ragged_gain: float = 1.0
    patch_gain: float = 1.0
    cloud_gain: float = 1.0
    fill_px: float = 0.0
    """Blur of the relief by moisture that fills the valleys and drowns the pores."""
    crease_depth: float = 0.0
    """Depth of the finger's white lines in units of relief."""
    smudges: tuple[int, int] = (0, 0)
    """Least and largest number of wiped places."""
    reach: tuple[float, float] | None = None
    """How far contact goes beyond the middle, in half lengths of the finger (1 is all of it); None is all of it."""


GOOD_SKIN = ConditionParameters(share=0.80)
DRY_SKIN = ConditionParameters(share=0.06, threshold_shift=0.58, threshold_spread=0.4, grade_spread=0.5, cloud_gain=1.1)
WET_SKIN = ConditionParameters(
    share=0.06,
    threshold_shift=-0.62,
    threshold_spread=0.4,
    ragged_gain=0.6,
    patch_gain=0.6,
    cloud_gain=1.2,
    fill_px=1.3,
)
CREASED_SKIN = ConditionParameters(share=0.04, threshold_shift=0.08, threshold_spread=0.7, crease_depth=2.2)
SMUDGED_CONTACT = ConditionParameters(share=0.02, smudges=(1, 2))
PARTIAL_CONTACT = ConditionParameters(share=0.02, reach=(-0.1, 0.4))


@dataclass(frozen=True)
class CreaseParameters:
    """White lines: folds of the skin across the ridges."""

    count: tuple[int, int] = (10, 24)
    place_px: float = 190.0
    """Largest distance of a line's middle from the origin, in x and in y."""
    length_px: tuple[float, float] = (50.0, 210.0)
    width_px: tuple[float, float] = (1.0, 3.2)
    heading_sd_rad: float = 0.22
    """Spread around the finger's common direction."""
    stray_share: float = 0.3
    """Share of lines in any other direction."""
    step_px: float = 12.0
    wander_px: float = 1.7
    """Spread of a line's turn from step to step."""
    end_depth: float = 0.35
    """Depth of a line's very end, as a share of its middle's."""
    softness_px: float = 0.8
    loss_depth: float = 0.6
    """Depth (0 to 1) from which a line hides a minutia."""
    loss_px: int = 5
    """Side of the window in which a hiding line is looked for."""


@dataclass(frozen=True)
class ScarParameters:
    """Healed cuts."""

    share: float = 0.03
    """Share of fingers that have one."""
    place_px: float = 130.0
    length_px: tuple[float, float] = (70.0, 260.0)
    width_px: tuple[float, float] = (4.0, 9.0)
    bend_sd_px: float = 14.0
    slip_px: tuple[float, float] = (1.5, 5.0)
    """How far ridges on the two sides slid against each other."""
    reach_px: float = 30.0
    """Distance from the scar over which that slip dies out."""
    depth: float = 1.3
    """Depth of the band in units of relief."""
    filled: float = 0.8
    """Share of the relief that is gone inside the band."""
    lip: float = 0.5
    """Height of the swollen skin along the band in units of relief."""
    lip_px: float = 3.0
    loss_px: float = 4.0
    """Minutiae this near to the band are lost."""


@dataclass(frozen=True)
class PartialParameters:
    """The edge of a contact that leaves one side of the finger out; how far it reaches is the condition's number."""

    bow_per_px: tuple[float, float] = (0.0006, 0.0018)
    """How far the edge bends back, in px for each squared px beside its middle."""
    ragged: float = 7.0
    """Spread of the edge's noise, px."""
    ragged_px: float = 20.0
    """Width of that noise."""


@dataclass(frozen=True)
class SmudgeParameters:
    """A finger that slides while it lies on the glass."""

    slide_px: tuple[float, float] = (14.0, 34.0)
    half_length_px: tuple[float, float] = (60.0, 150.0)
    half_width_px: tuple[float, float] = (45.0, 95.0)
    inside_px: float = 25.0
    """Least distance of a smudge's middle from the outline."""
    ragged: float = 0.18
    """Noise on the edge of a wiped place, as a share of its radius."""
    ragged_px: float = 18.0
    edge: float = 0.6
    """Width of that edge as a share of the radius."""
    darkness: float = 0.9
    streak: float = 0.22
    """Strength of the streaks, in units of ink."""
    streak_px: float = 1.2
    """Width of a streak, across."""
    streak_gain: float = 3.0
    """From the inverse of this ink on, streaks are at full strength; below, they fade with the ink."""
    bare: float = 0.36
    """Ink that must be dragged along to leave a trace."""
    softness: float = 0.13
    """Width of the step between a bare and a full streak."""
    loss: float = 0.7
    """From this much wiping (0 to 1) a minutia is lost."""


CREASE = CreaseParameters()
SCAR = ScarParameters()
PARTIAL = PartialParameters()
SMUDGE = SmudgeParameters()
