"""Relations inside a photograph record (Type-10): what a face needs, and what only a face may have."""

from __future__ import annotations

from tenprint.records.itl.file_rules import VERSION_2007, VERSION_2011
from tenprint.records.itl.findings import ERROR, WARNING
from tenprint.records.itl.record_view import RecordView
from tenprint.records.itl.verdicts import Findings

NEEDS_CODE = ("CONDITION", "OTHER")
BODY_MARKS = ("SCAR", "MARK", "TATTOO", "CONDITION", "MISSING", "OTHER")
ONLY_FACES = {18: "DIST", 19: "LAF", 20: "POS", 21: "POA", 23: "PAS", 24: "SQS", 25: "SPA"}
"""Fields that describe a face: distortion, lighting, pose, source, quality."""
BEST_PRACTICE = 40
"""From this acquisition profile on, the face is described too."""
DESCRIBES = {26: "SXS", 27: "SEC", 28: "SHC"}
VENDOR = "VENDOR"


def check_photograph(view: RecordView, version: int, findings: Findings) -> None:
    """Judge what the type of image asks for and rules out.

    Args:
        view: of a Type-10 record.
        version: 1.002 as a number.
        findings: where to write.
    """
    _profile(view, version, findings)
    _marks(view, findings)
    if version >= VERSION_2011 and view.text(3) and view.text(3) != "FACE":
        for number, name in ONLY_FACES.items():
            if view.text(number):
                _add(
                    findings,
                    view,
                    "photo-face-only",
                    f"only a face has {name}",
                    number,
                    expected="absent, or FACE in 10.003",
                )
    _pose(view, findings)
    source = view.all(23)
    if source and len(source[0].items) > 1 and source[0].items[1] and source[0].items[0] != VENDOR:
        message = "a source is described only where it is special"
        _add(findings, view, "photo-source", message, 23, expected=VENDOR, severity=WARNING)


def _profile(view: RecordView, version: int, findings: Findings) -> None:
    kind = view.text(3)
    if kind == "FACE" and not view.text(13) and version >= VERSION_2007:
        _add(
            findings, view, "photo-profile", "a face needs its acquisition profile", 13, expected="mandatory with FACE"
        )
    if kind and kind != "FACE" and view.text(13):
        _add(findings, view, "photo-profile", "only a face has an acquisition profile", 13, expected="absent")
    if kind != "FACE" or view.number(13) < BEST_PRACTICE or version < VERSION_2007:
        return
    for number, name in DESCRIBES.items():
        if not view.all(number):
            message = f"a face of profile {BEST_PRACTICE} and above needs {name}"
            _add(
                findings,
                view,
                "photo-described",
                message,
                number,
                expected=f"mandatory from profile {BEST_PRACTICE} on",
            )
    if not view.all(23):
        # The sources differ on whether the photo's source is mandatory too: a remark.
        message = f"a face of profile {BEST_PRACTICE} and above needs PAS"
        _add(findings, view, "photo-described", message, 23, expected="the photo's source", severity=WARNING)


def _marks(view: RecordView, findings: Findings) -> None:
    kind = view.text(3)
    if kind in NEEDS_CODE and not view.all(40):
        _add(
            findings, view, "photo-smt", "this type of image needs its NCIC code", 40, expected=f"mandatory with {kind}"
        )
    if kind and kind not in BODY_MARKS and view.all(40):
        _add(findings, view, "photo-smt", "only a scar, mark or tattoo has an NCIC code", 40, expected="absent")


def _pose(view: RecordView, findings: Findings) -> None:
    if view.text(21) and view.text(20) != "A":
        message = "an offset angle belongs to an angled pose"
        _add(findings, view, "photo-pose-angle", message, 21, expected="absent, or pose A in 10.020")
    if view.text(20) == "D" and not view.all(25):
        message = "a pose determined in three dimensions needs its angles"
        _add(findings, view, "photo-pose-angle", message, 25, expected="mandatory with pose D")


def _add(
    findings: Findings,
    view: RecordView,
    rule: str,
    message: str,
    number: int,
    *,
    expected: str,
    severity: str = ERROR,
) -> None:
    findings.add(
        rule,
        message,
        view=view,
        number=number,
        found=view.text(number),
        expected=expected,
        severity=severity,
    )
