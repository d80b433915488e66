"""Tuned numbers of slap segmentation. Pixels are at 500 ppi; tuned on synthetic slaps of population 501 alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SlapParameters:
    """How fingers of a plain set are found, parted and named.

    Args:
        block_px: side of the squares in which print is told from paper.
        close_blocks: gaps up to about this many blocks inside a finger are filled; more would weld neighbours.
        open_blocks: lines and letters narrower than this are dropped.
        component_share: a piece of print smaller than this share of the largest is dropped.
        period_px: shortest and longest distance of ridges; other patterns are no print.
        ridge_share: least share of a block's variance that lies within `period_px`.
        paper_reach_px: how far away the paper may be with which a spot is compared.
        ridge_percentile: of the darkness in the print, taken as that of a ridge.
        ink_share: a spot darker than this share of a ridge's darkness is ink.
        ink_window_px: side of the window in which ink is counted, a little more than the distance of two ridges.
        ink_least: share of ink in that window from which a cell belongs to the print.
        grow_blocks: how far ink without clear ridges (wet, smudged, a worn rim) is followed from clear ones.
        rim_px: how far the contact of a finger reaches beyond its last clear ink, on each side.
        faint_least: the same share for the faint rim of a finger that was found.
        follow_cells: how far that rim is followed.
        speck_cells: what is narrower in it is dust.
        corner_px: how far the corners of an outline may cut into the finger.
        most_parts: the largest so many are looked at.
        clear_share: a part with a smaller share of clear ridges is writing, or the rim of another print.
        trim_share: what juts out of a part and is narrower than this share of it does not belong to it.
        welds: two parts are one finger when the bridge between them is above this share of the slimmer one's depth; a
            part too large for a finger is tried again with the next share.
        widest_px: no fingertip is wider (460 px are 23 mm).
        broad_ratio, broad_px: a part wider than both (times its height) is more than one finger.
        tall_ratio, tall_px: a part higher than both (times its width) has lower joints in it.
        least_depth_blocks: half the width below which a part is no fingertip.
        longest_ratio: length of a distal phalanx over the usual finger width: a longer one has lower joints in it.
        whole_ratio: a part longer than this share of its own width is a whole fingertip: nothing below belongs to it.
        fragment_ratio: a part shorter than this share of the usual width may be a fragment of the finger above it.
        hole_blocks: larger holes in the print are paper.
        upper_share: a speck smaller than this share of a part makes no joint of what lies below it.
        same_column: share of the usual width within which two parts lie one below the other.
        split_width: pieces narrower than this share of the usual width may be halves of one finger.
        spread_px: residual of a fingertip's place after hand place, turn and spread are fitted.
        height_px: the same along the fingers: how far each was put forward differs more.
        stretch_sd: spread of the distances of fingers, relative.
        turn_sd: spread of the hand's turn beyond its fingers' axes, as a slope.
        width_sd: spread of the relative widths of fingers.
        place_sd: spread of the hand's middle on the glass, in widths of the image.
        missing_cost: of a finger that is not there and was not said to be missing (in units of a squared deviation).
        present_cost: of a finger that is there although it was said to be missing.
        stray_cost: of a whole finger's area of print that belongs to no finger.
        border_share: what of `stray_cost` remains for print cut by the left or right border.
        least_area: share of the usual finger's area below which confidence falls.
    """

    block_px: int = 8
    close_blocks: int = 3
    open_blocks: int = 5
    component_share: float = 0.06
    period_px: tuple[float, float] = (5.0, 16.0)
    ridge_share: float = 0.35
    paper_reach_px: int = 160
    ridge_percentile: float = 70.0
    ink_share: float = 0.4
    ink_window_px: int = 16
    ink_least: float = 0.15
    grow_blocks: int = 5
    rim_px: int = 4
    faint_least: float = 0.07
    follow_cells: int = 6
    speck_cells: int = 7
    corner_px: float = 5.0
    most_parts: int = 40
    clear_share: float = 0.5
    trim_share: float = 0.3
    welds: tuple[float, ...] = (0.78, 0.87, 0.95, 1.0)
    widest_px: int = 460
    broad_ratio: float = 1.12
    broad_px: int = 300
    tall_ratio: float = 1.9
    tall_px: int = 560
    least_depth_blocks: float = 4.0
    longest_ratio: float = 1.75
    whole_ratio: float = 1.1
    fragment_ratio: float = 0.7
    hole_blocks: int = 160
    upper_share: float = 0.25
    same_column: float = 0.55
    split_width: float = 0.62
    spread_px: float = 50.0
    height_px: float = 90.0
    stretch_sd: float = 0.2
    turn_sd: float = 0.15
    width_sd: float = 0.12
    place_sd: float = 0.12
    missing_cost: float = 12.0
    present_cost: float = 14.0
    stray_cost: float = 40.0
    border_share: float = 0.35
    least_area: float = 0.35


DEFAULT_SLAPS = SlapParameters()

RIGHT_FOUR_TIPS = ((0.0, -160.0), (350.0, 0.0), (700.0, -60.0), (1040.0, -290.0))
"""Tips of a right hand's index to little finger: px to the right of, and above, the index (the middle finger's tip)."""
RIGHT_FOUR_WIDTHS = (1.0, 1.05, 1.02, 0.86)
THUMB_TIPS = ((0.0, 0.0), (450.0, 0.0))
THUMB_WIDTHS = (1.0, 1.0)
