"""Every tuned number of the room, with its unit. Where no source is named, the value was set by eye and by counting."""

from __future__ import annotations

from dataclasses import dataclass

WHITE = 255.0
"""Grey of white in 8 bits."""

MASTER_WIDTH_PX, MASTER_HEIGHT_PX = 800, 750
"""Size of the canvas of a rolled print at 500 ppi (EBTS 8.001 Table 3-3)."""

ORIGIN_X_PX, ORIGIN_Y_PX = 400, 335
"""Where the finger's own origin (the middle of its pattern) lies on the master canvas."""


@dataclass(frozen=True)
class FlowParameters:
    """Shape of the ridge flow around the singular points."""

    arch_slope_rad: float = 0.72
    """Slope of the background arch half-way to the side of the finger."""
    arch_half_width_px: float = 250.0
    """Distance from the axis at which the background arch is steepest."""
    arch_rise_px: float = 120.0
    """Height over which the background arch grows from nothing (crease) to its full slope."""
    core_turn_reach_px: float = 75.0
    """Reach of the turn that sets a loop upright: the delta alone would lean it twice too much."""
    wobble_rad: float = 0.10
    """Standard deviation of the slow random deviation of one finger's flow."""
    wobble_waves: int = 8
    """Number of plane waves that make up that deviation."""
    wobble_length_px: tuple[float, float] = (220.0, 600.0)
    """Wave lengths of the deviation."""


@dataclass(frozen=True)
class PeriodParameters:
    """Distance between neighbouring ridges."""

    mean_male_px: float = 9.4
    mean_female_px: float = 8.7
    person_sd_px: float = 0.45
    finger_sd_px: float = 0.25
    variation: float = 0.10
    """Relative slow variation inside one finger."""
    below_delta_gain: float = 0.16
    """Relative growth of the period from the pattern down to the crease."""
    minimum_px: float = 7.0
    maximum_px: float = 12.5


@dataclass(frozen=True)
class GrowthParameters:
    """Growing ridges from noise with oriented filters (the idea of Cappelli et al., SFinGe, 2004)."""

    orientation_bins: int = 48
    period_bins: int = 10
    half_taps: int = 11
    """Side of a filter at half resolution, pixels."""
    full_taps: int = 17
    """Side of a filter at full resolution, pixels."""
    sigma_across_periods: float = 0.38
    """Gaussian spread across the ridges, in periods."""
    sigma_along_periods: float = 0.50
    """Gaussian spread along the ridges, in periods: longer filters leave fewer minutiae."""
    half_rounds: tuple[int, int] = (20, 64)
    """Fewest and most rounds at half resolution; fingers differ in how many minutiae are left, as people's do."""
    full_rounds: int = 3
    gain: float = 3.0
    """Steepness of the saturation after each filtering."""


@dataclass(frozen=True)
class TruthParameters:
    """Which ends and forks of the skeleton count as minutiae."""

    border_px: int = 12
    """Nearest allowed distance to the border of the ridge area."""
    spur_px: int = 9
    """Branches shorter than this are removed as spurs."""
    trace_px: int = 12
    """Length of ridge that decides the direction of a minutia."""
    pair_px: float = 7.0
    """Two minutiae nearer than this are noise of the growth: both are dropped."""


FLOW = FlowParameters()
PERIOD = PeriodParameters()
GROWTH = GrowthParameters()
TRUTH = TruthParameters()


@dataclass(frozen=True)
class SkinParameters:
    """Outline of the ridge skin around the origin, and what lies on the ridges."""

    half_width_px: float = 285.0
    tip_px: float = 290.0
    root_px: float = 335.0
    tip_power: float = 2.4
    root_power: float = 5.0
    rounding_px: float = 1.1
    """Blur that turns the saturated pattern into rounded ridges."""
    pore_distance_px: float = 10.0
    pore_radius_px: float = 1.0
    pore_depth: float = 0.8
    fine_creases: float = 4.0
    """Mean number of fine white lines per finger."""
    crease_depth: float = 1.1


SKIN = SkinParameters()


@dataclass(frozen=True)
class ContactParameters:
    """How one kind of impression touches the platen. Lengths are px for a finger of size 1."""

    half_width_px: float
    tip_px: float
    root_px: float
    tip_power: float
    root_power: float
    spread: float
    """Relative spread of the lengths from impression to impression."""
    turn_sd_rad: float
    """Spread of the finger's turn on the platen."""
    shift_sd_px: float
    stretch_px: float
    """Root mean square of the elastic displacement's waves."""
    shear_sd_px: float
    """Spread of the displacement between the middle, which sticks, and the rest, which slides."""
    torsion_sd_rad: float


ROLLED = ContactParameters(
    half_width_px=262,
    tip_px=258,
    root_px=285,
    tip_power=2.9,
    root_power=5.0,
    spread=0.05,
    turn_sd_rad=0.05,
    shift_sd_px=8.0,
    stretch_px=4.0,
    shear_sd_px=4.0,
    torsion_sd_rad=0.02,
)
PLAIN = ContactParameters(
    half_width_px=138,
    tip_px=178,
    root_px=192,
    tip_power=2.15,
    root_power=2.5,
    spread=0.08,
    turn_sd_rad=0.06,
    shift_sd_px=8.0,
    stretch_px=2.2,
    shear_sd_px=5.0,
    torsion_sd_rad=0.03,
)


@dataclass(frozen=True)
class ElasticParameters:
    """The displacement field of one impression (the sticking middle after Cappelli, Maio and Maltoni, 2001)."""

    waves: int = 6
    wave_length_px: tuple[float, float] = (260.0, 700.0)
    sticking_radius_px: float = 120.0
    inversion_rounds: int = 12
    grid_px: int = 8
    """Distance of the points at which a map is computed before it is interpolated."""


@dataclass(frozen=True)
class InkParameters:
    """From relief to grey values. Relief runs from -1 to 1; thresholds and noise are in its unit."""

    threshold: float = 0.0
    moisture_sd: float = 0.27
    """Spread of the threshold between impressions: below is wet (broad ridges), above is dry."""
    grade_sd: float = 0.45
    """Spread of the logarithm of an impression's raggedness: some come out clean, some do not."""
    grade_most: float = 0.4
    """Largest logarithm of it: beyond, ridges drown in specks as no live-scan would accept."""
    ragged: float = 0.46
    """Fine noise that makes edges of ridges ragged."""
    ragged_dry: float = 0.38
    """How much more of it a threshold raised by 1 brings."""
    grain_px: float = 1.4
    patch: float = 0.24
    patch_dry: float = 0.2
    patch_px: float = 3.6
    cloud: float = 0.34
    cloud_px: float = 42.0
    driest: float = 0.55
    """Threshold from which more dryness takes little more ink."""
    wettest: float = -0.48
    """Threshold from which more moisture fills few valleys more."""
    beyond: float = 0.3
    """How much of the dryness or moisture beyond these two still counts."""
    valley_relief: float = -0.75
    """Relief of a valley's floor: up to there, noise has only `valley_share` of its strength."""
    valley_span: float = 0.9
    """Rise of the relief over which noise grows to its full strength."""
    valley_share: float = 0.2
    softness: float = 0.20
    """Width of the step between paper and ridge."""
    fade_px: float = 34.0
    """Width of the rim in which contact fades."""
    fade_depth: float = 1.0
    overrun_px: float = 8.0
    """How far ink reaches over the outline before it is gone."""
    outline_wide_px: float = 5.2
    """Raggedness of the outline, of this much over lengths of `outline_wide_length_px`."""
    outline_wide_length_px: float = 45.0
    outline_fine_px: float = 2.8
    outline_fine_length_px: float = 9.0
    skin_share: float = 0.5
    """Share of ridge skin from which a pixel counts as skin."""
    far_px: float = 50.0
    """Depth outside the contact that is given to what is no skin."""
    fade_most: float = 2.0
    """Widths of the rim up to which contact fades further outside."""
    dryness_most: float = 1.5
    """Threshold from which skin counts as dry as can be."""


@dataclass(frozen=True)
class SensorParameters:
    """From ink to the 8-bit image of a live-scan."""

    paper_grey: tuple[float, float] = (236.0, 250.0)
    ridge_grey: tuple[float, float] = (28.0, 70.0)
    noise_grey: float = 3.5
    ridge_noise_grey: float = 11.0
    blur_px: float = 0.55
    ridge_noise_px: float = 1.2
    pale: float = 0.10
    """How much lighter ridges become in places, as a share of their darkness."""
    pale_px: float = 70.0
    shade_grey: float = 2.5
    """Unevenness of the light, over lengths of `shade_px`."""
    shade_px: float = 90.0
    halo: float = 0.05
    """Share of ridge darkness that moisture leaves around the finger."""
    halo_px: float = 24.0
    halo_shrink: int = 4
    """The halo is computed on an image this many times smaller."""
    column_noise_grey: float = 0.8
    """Spread of the fixed differences between the sensor's columns."""
    dust_per_megapixel: float = 14.0
    """Mean number of specks on the glass."""
    dust_px: tuple[float, float] = (0.7, 1.8)
    """Radius of a speck."""
    dust_grey: tuple[float, float] = (25.0, 90.0)
    """How much darker a speck is than the paper."""


@dataclass(frozen=True)
class VisibleParameters:
    """When a minutia of the skin counts as present in an impression."""

    rim_px: float = 12.0
    window_px: int = 23
    least_ink: float = 0.17
    most_ink: float = 0.86
    least_likeness: float = 0.62
    """Least share of the surroundings that shows ridge where there is ridge and paper where there is valley."""
    broad_ink: float = 0.5
    """Share of ink from which ridges count as broad; then only the contrast of ridges and valleys decides."""
    least_contrast: float = 0.15
    """Least difference of ink between ridges and valleys: some 30 grey levels, three times the ridges' noise."""
    worthless: float = 0.5
    """Likeness of chance alone: quality begins here."""
    quality_gain: float = 2.2
    """Quality for each unit of likeness above that, 1 being the best."""
    least_share: float = 0.05
    """Ridges and valleys count as at least this share of the surroundings, so that neither mean is of nothing."""


ELASTIC = ElasticParameters()
INK = InkParameters()
SENSOR = SensorParameters()
VISIBLE = VisibleParameters()


@dataclass(frozen=True)
class SparseParameters:
    """Minutiae drawn without ridges, for galleries and tests; figures follow those counted on grown ridges."""

    candidates: int = 800
    """Places tried per finger before the outline and the distances thin them out."""
    density_per_px2: float = 3.3e-4
    density_spread: float = 0.10
    """Relative spread between fingers."""
    period_power: float = 1.75
    """Minutiae become rarer with this power of the ridge period."""
    crowd_gain: float = 5.0
    """How much denser minutiae lie at cores and deltas."""
    crowd_px: float = 27.0
    apart_px: float = 12.0
    """Least distance of two minutiae."""
    wobble_rad: float = 0.09
    """Spread of directions around the flow."""
    turn_gain_px: float = 700.0
    """How strongly ridges that spread decide where new ridges begin: log odds per 1/px of divergence."""
    ending_share: float = 0.52


@dataclass(frozen=True)
class RereadParameters:
    """What differs between two readings of the same finger, when no ridges are drawn."""

    jitter_px: float = 1.6
    jitter_rad: float = 0.07
    dropout: float = 0.14
    spurious: float = 0.07
    """Extra minutiae as a share of the true ones."""


SPARSE = SparseParameters()
REREAD = RereadParameters()


@dataclass(frozen=True)
class HandParameters:
    """What the fingers of one person have in common on one occasion."""

    moisture_share: float = 0.6
    """Share of the variance of moisture that all fingers of an occasion have in common."""


@dataclass(frozen=True)
class SetParameters:
    """Where fingers lie in a plain set. Places are a finger's origin x and y in px and its turn in degrees."""

    thumb_size: tuple[int, int] = (500, 1000)
    thumbs_size: tuple[int, int] = (1000, 1000)
    four_size: tuple[int, int] = (1600, 1000)
    layer_size: tuple[int, int] = (460, 620)
    """One plain impression by itself."""
    layer_origin: tuple[int, int] = (230, 290)
    thumb_place: tuple[float, float, float] = (250.0, 440.0, 0.0)
    right_thumb_of_pair: tuple[float, float, float] = (725.0, 440.0, 7.0)
    """Thumbs laid down side by side lean towards each other at their tips."""
    right_four_places: tuple[tuple[float, float, float], ...] = (
        # index to little, left to right on the print; turned counter-clockwise
        (255.0, 440.0, 5.0),
        (620.0, 335.0, 2.0),
        (985.0, 405.0, -2.0),
        (1335.0, 610.0, -8.0),
    )
    place_sd_px: float = 14.0
    hand_turn_sd_deg: float = 4.0
    gap_px: int = 12
    """Least distance between the contacts of two neighbouring fingers."""
    touching_px: tuple[float, float] = (-28.0, 2.0)
    """Range of that distance, column to column, when fingers are pressed together."""
    crease_px: tuple[float, float] = (4.0, 36.0)
    """Range of the distance between a fingertip and the middle phalanx below it."""


HAND = HandParameters()
SETS = SetParameters()
