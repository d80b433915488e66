"""Judging by ANSI/NIST-ITL: what public tables of the standard say of conditions, codes, lengths and editions."""

from __future__ import annotations

import pytest
from standard_rig import ONE, TWO, US, errors, finger, first, judged, one, photo, png, tagged, type_4

from tenprint import records

A_PHOTO = first((10, 1))
NO_IMAGE = {"002": "1", "004": "SRC", "005": "20240229"}
HEADER = {
    "006": "40", "007": "60", "008": "1", "009": "500", "010": "500", "011": "PNG", "012": "8",
}  # fmt: skip


def palm(**changes: str) -> dict[str, str | bytes]:
    return {**NO_IMAGE, "003": "0", "013": "21", **{k[1:]: v for k, v in changes.items()}}


def iris(**changes: str) -> bytes:
    fields = {"003": "1", **HEADER, "013": "GRAY", **{k[1:]: v for k, v in changes.items()}}
    return tagged(17, {**NO_IMAGE, **fields, "999": png()})


def face(profile: str, **more: str) -> bytes:
    described = {"_023": "SCANNER", "_026": "NEUTRAL", "_027": "BRO", "_028": "BLK"}
    return photo(_013=profile, **{**described, **more})


def older(version: str, **changes: str) -> tuple[bytes, ...]:
    return first((2, 0), ONE, _002=version), TWO, finger(**changes)


RIGHT = {
    "a finger without image and without impression type": (
        first((14, 1)), tagged(14, {**NO_IMAGE, "013": "2", "018": f"2{US}UP"}),
    ),
    "a palm without image that says why": (first((15, 1)), tagged(15, palm(_018=f"21{US}UP"))),
    "an eye that is missing": (first((17, 1)), tagged(17, {**NO_IMAGE, "003": "1", "028": "MA"})),
    "a finger whose image lies elsewhere": (
        first((14, 1)), tagged(14, {**NO_IMAGE, "003": "0", "013": "2", **HEADER, "994": "images/1.png"}),
    ),
    "a birthmark": (A_PHOTO, photo(_003="SCAR", _013="", _042="BIRTHMARK")),
    "a comment of 128 characters in 2007": older("0400", _020="x" * 128),
    "the source agency of 36 characters in 2007": older("0400", _004="x" * 36),
    "a face without profile before 2007": (first((10, 1), _002="0201"), photo(_013="")),
    "another system of coordinates without a value": one(_998=US.join([""] * 13 + ["LANDMARK"])),
    "the side of a hand among the fingers": one(_013="33"),
    "scales that differ before 2011": older("0400", _010="501"),
    "a resolution without a Type-4 record before 2007": (first((2, 0), _002="0201", _011="20.00", _012="20.00"), TWO),
    "segments where each finger is named before 2011": older(
        "0400", _013="2\x1e3", _021=f"{US.join('20909')}\x1e{US.join('30909')}"
    ),
    "a body that is whole": one(_046=f"D{US}1{US}1"),
    "a legacy impression in 2015": one(_003="3"),
    "two guesses of a latent's finger": (
        first((13, 1)),
        tagged(13, {
            **NO_IMAGE, "003": "4", **HEADER, "013": "19", "014": f"1{US}FV1\x1e2{US}FV1", "999": png(),
        }),
    ),
    "a face of profile 50 that is described": (A_PHOTO, face("50")),
}  # fmt: skip


@pytest.mark.parametrize("case", RIGHT)
def test_what_the_standard_allows_is_no_error(case: str) -> None:
    assert errors(judged(*RIGHT[case])) == set()


WRONG = {
    "a header without its image": (
        "header-without-image", "14.006",
        (first((14, 1)), tagged(14, {**NO_IMAGE, "013": "2", "018": f"2{US}UP", **HEADER})),
    ),
    "a finger's impression of a palm in 2013": (
        "impression-type", "15.003", (first((15, 1), _002="0501"), tagged(15, palm(_018=f"21{US}UP"))),
    ),
    "a palm with neither image nor reason": ("image-missing", "15.999", (first((15, 1)), tagged(15, palm()))),
    "a palm without image before 2011": (
        "image-missing", "15.999", (first((15, 1), _002="0400"), tagged(15, palm(_018=f"21{US}UP"))),
    ),
    "a reference to an image before 2013": (
        "image-missing", "14.999",
        (
            first((14, 1), _002="0500"),
            tagged(14, {**NO_IMAGE, "003": "0", "013": "2", "994": "images/1.png"}),
        ),
    ),
    "an image elsewhere without header": (
        "field-missing", "14.011",
        (first((14, 1)), tagged(14, {**NO_IMAGE, "003": "0", "013": "2", "994": "images/1.png"})),
    ),
    "a sole before 2011": ("record-type", "19.001", (first((19, 1), _002="0400"), tagged(19, {"002": "1"}))),
    "a voice before 2013": ("record-type", "11.001", (first((11, 1), _002="0500"), tagged(11, {"002": "1"}))),
    "minutiae without impression": ("field-missing", "9.003", (first((9, 1)), tagged(9, {"002": "1", "004": "U"}))),
    "minutiae without format": ("field-missing", "9.004", (first((9, 1)), tagged(9, {"002": "1", "003": "0"}))),
    "scales that differ since 2011": ("scale-square", "14.010", older("0500", _010="501")),
    "a resolution without a Type-4 record since 2007": (
        "resolution-type-4", "1.011", (first((2, 0), _002="0400", _011="19.69"), TWO),
    ),
    "two fingers of a set in a Type-4 record": (
        "position-type", "4.004", (first((4, 1), _011="19.69", _012="19.69"), type_4(fgp=40)),
    ),
    "an iris as JPEG": ("iris-compression", "17.011", (first((17, 1)), iris(_011="JPEGB"))),
    "a type of transaction with a blank": ("field-characters", "1.004", (first((2, 0), _004="C R"), TWO)),
    "a type of transaction with a digit": ("field-characters", "1.004", (first((2, 0), _004="CAR1"), TWO)),
    "five characters of it in 2007": ("field-length", "1.004", (first((2, 0), _002="0400", _004="CARAR"), TWO)),
    "a comment of 127 characters since 2011": ("field-length", "14.020", one(_020="x" * 127)),
    "a comment of 129 characters in 2007": ("field-length", "14.020", older("0400", _020="x" * 129)),
    "a source agency of 37 characters in 2007": ("field-length", "14.004", older("0400", _004="x" * 37)),
    "fingertips before 2013": ("code-edition", "14.013", older("0500", _013="51")),
    "an extra digit before 2011": ("code-edition", "14.013", older("0400", _013="16")),
    "a moving subject before 2015": ("code-edition", "14.003", older("0501", _003="41")),
    "a scar of a finger before 2015": ("code-edition", "14.018", older("0501", _018=f"2{US}SR")),
    "a mobile profile before 2015": ("code-edition", "14.031", older("0501", _031="145")),
    "a picture of lips before 2013": ("code-edition", "10.003", (first((10, 1), _002="0500"), photo(_003="LIP"))),
    "the older description of a photo since 2011": ("field-edition", "10.022", (A_PHOTO, photo(_022="HAT"))),
    "bounds of light that is not defined": (
        "iris-spectrum", "17.027", (first((17, 1)), iris(_025="NIR", _027=f"700{US}900")),
    ),
    "defined light without bounds": ("iris-spectrum", "17.027", (first((17, 1)), iris(_025="DEFINED"))),
    "the state of a living body": ("subject-condition", "14.046", one(_046=f"A{US}1{US}1")),
    "a dead subject without the state of the body": ("subject-condition", "14.046", one(_046="D")),
    "a thirteenth month": ("field-characters", "1.014", (first((2, 0), _014="20241301000000Z"), TWO)),
    "an hour beyond the day": ("field-characters", "1.014", (first((2, 0), _014="20240101250000Z"), TWO)),
    "context number zero": ("field-characters", "14.995", one(_995="0")),
    "a source beyond 255": ("field-characters", "14.997", one(_997="256")),
    "seven bits a pixel": ("field-characters", "14.012", one(_012="7")),
    "a quality algorithm beyond 65535": (
        "field-characters", "14.024", one(_024=f"2{US}50{US}ABCD{US}65536"),
    ),
    "a quality algorithm of zero": ("field-characters", "14.024", one(_024=f"2{US}50{US}ABCD{US}0")),
    "a mark of no known kind": ("field-code", "10.042", (A_PHOTO, photo(_003="SCAR", _013="", _042="WOUND"))),
    "a tattoo of no known color": (
        "field-code", "10.043", (A_PHOTO, photo(_003="TATTOO", _013="", _043="MAGENTA")),
    ),
    "a pitch beyond 90 degrees": (
        "field-characters", "10.025", (A_PHOTO, photo(_020="D", _025=f"0{US}91{US}0")),
    ),
    "a pose in three dimensions without angles": ("photo-pose-angle", "10.025", (A_PHOTO, photo(_020="D"))),
    "an outline of two points": ("polygon", "10.033", (A_PHOTO, photo(_033=US.join(["chin", "2", *"1122"])))),
    "an expression of no known kind": ("field-code", "10.026", (A_PHOTO, photo(_026="ANGRY"))),
    "a face of profile 50 without eye color": ("photo-described", "10.027", (A_PHOTO, face("50", _027=""))),
    "a scar with a pose": ("photo-face-only", "10.020", (A_PHOTO, photo(_003="SCAR", _013="", _020="F"))),
    "a place north of the pole": ("geography", "14.998", one(_998=US.join(["", "90.5", "", "", "10"]))),
    "a place deeper than the sea": ("geography", "14.998", one(_998=US.join([*[""] * 7, "-423"]))),
    "a part that is a whole view": (
        "field-code", "14.015", one(_013="19", _014=f"2{US}EJI", _015=US.join(["FV1", "FV1", *"1919"])),
    ),
    "a part of no single finger": ("field-code", "14.014", one(_013="19", _014=f"13{US}EJI")),
    "segments of an unknown ridge": ("segments-of-a-set", "14.021", one(_013="18", _021=US.join("21919"))),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_the_standard_rules_out_is_an_error(case: str) -> None:
    rule, field, parts = WRONG[case]
    assert (rule, field) in errors(judged(*parts))


REMARKS = {
    "a quality of another finger": ("quality-position", "14.024", one(_024=f"3{US}50{US}ABCD{US}1")),
    "another outline of a single finger": (
        "segments-of-a-set", "14.025", one(_025=US.join(["2", "3", "1", "1", "9", "9", "1", "9"])),
    ),
    "a described source that is not special": ("photo-source", "10.023", (A_PHOTO, photo(_023=f"SCANNER{US}flatbed"))),
    "a joint image without coordinates": ("joint-only-19", "14.015", one(_013="19", _014=f"2{US}EJI")),
    "a face of profile 50 without its source": ("photo-described", "10.023", (A_PHOTO, face("50", _023=""))),
}  # fmt: skip


@pytest.mark.parametrize("case", REMARKS)
def test_where_public_sources_do_not_refuse_the_finding_is_a_remark(case: str) -> None:
    rule, field, parts = REMARKS[case]
    findings = judged(*parts)
    assert [(f.rule, f.field, f.severity) for f in findings] == [(rule, field, "warning")]


@pytest.mark.parametrize("version", ["0200", "0201", "0300", "0400", "0500", "0501", "0502"])
def test_a_file_of_any_edition_that_uses_the_oldest_fields_alone_has_no_error(version: str) -> None:
    described = photo(_013="11")
    data = b"".join((first((2, 0), ONE, (10, 1), _002=version), TWO, finger(), described))
    assert errors(records.validate_itl(records.read(data))) == set()


def test_an_occlusion_by_a_contact_lens_is_a_polygon_and_no_circle() -> None:
    outline = US.join(["T", "C", "3", "1", "1", "9", "9", "1", "9"])
    assert errors(judged(first((17, 1)), iris(_037=outline))) == set()


def test_a_file_of_1_2000_is_not_held_against_codes_of_later_editions() -> None:
    assert errors(judged(*older("0300", _013="15", _003="0"))) == set()
