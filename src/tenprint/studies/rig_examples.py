"""Submissions for a first try of the rig: an invented person, rings for prints, one file for each scenario."""

from __future__ import annotations

from dataclasses import replace

from tenprint.records.itl.booking import Booking, build_car
from tenprint.studies.example_file import ring_images
from tenprint.studies.rig_plays import ERRT, PLAYS

ERROR_CODES = ("A0004", "L0008")
"""Codes of which there is an example; any other code of Appendix M works in the same way."""
BOOKING = Booking(
    nam="SAMPLESON,EXAMPLE PERSON", pob="MM", dob="19790228", sex="F", rac="U", hgt="509", wgt="160", eye="BRO",
    hai="BLK", doa="20101004", charges=(("20101003", "5404 DRIVING UNDER INFLUENCE"),), ret="Y", cri=("COSIB0000",),
    ori="COSIB0000", dai="USRIG0001", dat="20101004", ndr=("1", "9"),
)  # fmt: skip
WRONG = "WRONG-0000000001"


def examples_of() -> dict[str, bytes]:
    """Return file names and submissions: a right one for each scenario, and one without a name (2.018)."""
    prefixes = [words.prefix for name, words in PLAYS.items() if name != ERRT]
    numbers = [f"{prefix}-0000000001" for prefix in (*prefixes, *ERROR_CODES)]
    images = ring_images()
    made = {f"{tcn}.eft": build_car(replace(BOOKING, tcn=tcn), images) for tcn in numbers}
    return made | {f"{WRONG}.eft": build_car(replace(BOOKING, tcn=WRONG, nam=""), images, checked=False)}
