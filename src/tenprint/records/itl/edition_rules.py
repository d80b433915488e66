"""What changed between editions: codes that came later, fields that went, lengths that grew. 1.002 decides.

Files that declare 1-2000 are left alone: profiles of that time took codes of the next edition ahead.
"""

from __future__ import annotations

from tenprint.records.itl.file_rules import VERSION_2007, VERSION_2011, VERSION_2013, VERSION_2015
from tenprint.records.itl.record_view import RecordView
from tenprint.records.itl.verdicts import Findings

_IMPRESSIONS = {VERSION_2011: [*range(30, 40)], VERSION_2015: [41, 42]}
_POSITIONS = {
    VERSION_2011: [16, 17, 18, 37, 38, *range(40, 51), *range(60, 80), *range(81, 87)],
    VERSION_2013: [51, 52, 53, 54],
}
_PICTURES = {
    VERSION_2011: [
        "FRONTAL-C", "REAR-C", "FRONTAL-N", "REAR-N", "TORSO-BACK", "TORSO-FRONT", "CONDITION", "MISSING", "OTHER",
        "CHEST", "FEET", "HANDS-PALM", "HANDS-BACK", "GENITALS", "BUTTOCKS", "RIGHT LEG", "LEFT LEG", "RIGHT ARM",
        "LEFT ARM",
    ],
    VERSION_2013: ["HEAD", "EXTRAORAL", "INTRAORAL", "LIP"],
}  # fmt: skip
_MISSING = {VERSION_2015: ["SR"]}
NEW_CODES: dict[tuple[int, int, int], dict[int, list[int] | list[str]]] = {
    **{(kind, 3, 0): {**_IMPRESSIONS} for kind in (4, 13, 14, 15)},
    **{(kind, 4 if kind == 4 else 13, 0): {**_POSITIONS} for kind in (4, 13, 14, 15)},
    **{(kind, 18, 1): {**_MISSING} for kind in (14, 15)},
    (10, 3, 0): {**_PICTURES},
    (10, 13, 0): {VERSION_2011: [32, 42, 52]},
    (14, 31, 0): {VERSION_2015: [145, 150, 160]},
}
"""By record type, field and place of the item: the edition that brought a code."""
_SINCE = {
    place: {str(code): version for version, codes in brought.items() for code in codes}
    for place, brought in NEW_CODES.items()
}
PHOTO_DESCRIPTION = 22
"""10.022, of editions up to 2007."""
COMMENTS = {10: 38, 13: 20, 14: 20, 15: 20, 16: 20, 17: 21}
MOST_OF_A_COMMENT = 126
MOST_OF_A_TOT = 4
MOST_OF_A_SOURCE = 36
"""Characters of 1.004 and of the source agency in 2007; later editions have more room, or no limit."""


def check_edition(view: RecordView, version: int, findings: Findings) -> None:
    """Judge what this record may hold in the edition that the file declares.

    Args:
        view: a record of any type.
        version: 1.002 as a number.
        findings: where to write.
    """
    if version < VERSION_2007:
        return
    for (kind, number, place), since in _SINCE.items():
        if kind == view.type:
            _codes(view, (number, place), since, version, findings)
    if version >= VERSION_2011:
        comment = COMMENTS.get(view.type, 0)
        _length(view, comment, MOST_OF_A_COMMENT, findings)
        if view.type == 10 and view.all(PHOTO_DESCRIPTION):
            findings.add(
                "field-edition",
                "the field is not in use since 2011",
                view=view,
                number=PHOTO_DESCRIPTION,
                found=view.text(PHOTO_DESCRIPTION),
                expected="10.026",
            )
    elif view.type == 1:
        _length(view, 4, MOST_OF_A_TOT, findings)
    elif view.type > 9:
        _length(view, 4, MOST_OF_A_SOURCE, findings)


def _codes(view: RecordView, where: tuple[int, int], since: dict[str, int], version: int, findings: Findings) -> None:
    number, place = where
    for at, occurrence in enumerate(view.all(number), 1):
        text = occurrence.items[place] if len(occurrence.items) > place else ""
        if since.get(text.lstrip("0"), 0) > version:
            findings.add(
                "code-edition",
                "the code came with a later edition than the file declares",
                view=view,
                number=number,
                occurrence=at,
                found=text,
                expected=f"1.002 of {since[text.lstrip('0')]:04d} or higher",
            )


def _length(view: RecordView, number: int, most: int, findings: Findings) -> None:
    if number and len(view.text(number)) > most:
        findings.add(
            "field-length",
            f"the field has more than the {most} characters of its edition",
            view=view,
            number=number,
            found=view.text(number),
            expected=f"1 to {most} characters",
        )
