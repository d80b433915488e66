"""Judging files by ANSI/NIST-ITL 1-2011 itself: NIST's own files, and one broken file for each rule."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from standard_rig import FINE, ONE, RS, TWO, US, errors, finger, first, judged, one, photo, png, tagged, type_4

from tenprint import records
from tenprint.core.errors import RecordError
from tenprint.records.itl.record_view import MAX_OCCURRENCES_OF_FILE, views_of
from tenprint.records.itl.tables import load_table
from tenprint.records.itl.verdicts import MAX_FINDINGS

SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", Path(__file__).resolve().parents[2].parent / "shared/samples"))
TRANSACTIONS = SAMPLES / "transactions"
needs_samples = pytest.mark.skipif(not TRANSACTIONS.is_dir(), reason=f"no sample files in {TRANSACTIONS}")
FILES = sorted(p for p in TRANSACTIONS.rglob("*") if p.is_file() and p.suffix != ".csv")
CLEAN = [p for p in FILES if p.parent.name in ("pass", "nist_reference")]

CAUGHT = {
    # Type-21 IDCs 8 and 9 are swapped against 1.003 (7.3.1); 1.011 is 10.00 with a Type-4 record (8.1); 13.009 is not
    # 13.010 with a unit given (7.7.8); the JPEGB of the Type-15 record is a WSQ of another size (7.7.9).
    "fail-all-supported-types-L2.an2": {
        ("content-idc", "21.002"), ("resolution-type-4", "1.011"), ("scale-square", "13.010"),
        ("image-compression", "15.011"), ("image-size", "15.006"),
    },
    # DOM without its name, DCS without index and name, APS without its version: mandatory items (8.1).
    "fail-missing-info-items.an2": {("field-items", "1.013"), ("field-items", "1.015"), ("field-items", "1.016")},
    # 2.002 is not the IDC that 1.003 lists (7.3.1); index 0 of Table 4 is ASCII, not UTF-8 (8.1, Field 1.015).
    "fail-type-1-L2.an2": {("content-idc", "2.002"), ("character-set", "1.015")},
    # A latent image with a lossy compression (8.13, Field 13.011); 13.014 and 13.015 without position 19 (8.13).
    "fail-type-13-L2.an2": {
        ("latent-lossless", "13.011"), ("joint-only-19", "13.014"), ("joint-only-19", "13.015"),
    },
    # 14.016 is not 14.017 with a unit given; 14.014, 14.015 and 14.021 for a single finger (8.14).
    "fail-type-14-L2.an2": {
        ("scanned-scale-square", "14.017"), ("joint-only-19", "14.014"), ("segments-of-a-set", "14.021"),
    },
    # A priority is 1 to 9, this one is 0 (8.1, Field 1.006).
    "fail-all-supported-types-1.006-invalid-value.an2": {("field-characters", "1.006")},
    # A type of transaction has no blanks, this one is "C A R" (8.1, Field 1.004).
    "fail-all-supported-types-level1.an2": {("field-characters", "1.004")},
}  # fmt: skip
"""Which rules catch each file that NIST's test set says must fail, and why they are right."""


@needs_samples
@pytest.mark.parametrize("path", CLEAN, ids=lambda p: f"{p.parents[1].name}-{p.name}")
def test_no_error_is_found_in_files_that_nist_calls_right(path: Path) -> None:
    assert errors(records.validate_itl(records.read(path.read_bytes()))) == set()


@needs_samples
@pytest.mark.parametrize("name", CAUGHT)
def test_each_file_that_must_fail_is_caught_by_the_rule_it_breaks(name: str) -> None:
    (path,) = TRANSACTIONS.rglob(name)
    findings = records.validate_itl(records.read(path.read_bytes()))
    assert CAUGHT[name] <= errors(findings)
    assert all(f.clause and f.edition and f.rule for f in findings)


@needs_samples
def test_every_file_of_the_failing_folders_is_in_the_table_or_refused_by_the_strict_reader() -> None:
    assert {p.name for p in FILES if p.parent.name == "fail_validator"} == set(CAUGHT)
    broken = [p for p in FILES if p.parent.name == "fail_decoder"]
    assert broken
    for path in broken:
        with pytest.raises(RecordError):
            records.read(path.read_bytes(), strict=True)


@needs_samples
def test_all_77_files_are_read_and_written_back_byte_for_byte() -> None:
    assert len(FILES) == 77
    assert [p.name for p in FILES if not records.read(p.read_bytes()).records] == []
    assert [p.name for p in FILES if records.read(p.read_bytes()).to_bytes() != p.read_bytes()] == []


def test_a_file_that_keeps_the_standard_has_no_finding() -> None:
    assert judged(*FINE) == ()
    assert judged(first((10, 1)), photo()) == ()
    assert judged(first((4, 1), _011="19.69", _012="19.69"), type_4()) == ()


COUNTS_WRONG = first(_003=f"1{US}1{RS}2{US}0{RS}14{US}1")
WITH_TYPE_3 = first((3, 1), _011="19.69", _012="19.69")
WITH_TYPE_4 = first((4, 1), _011="19.69", _012="19.69")

BROKEN = {
    "a date that does not exist": ("field-date", "1.005", (first((2, 0), _005="20230229"), TWO)),
    "a list of contents that counts wrong": ("content-list", "1.003", (COUNTS_WRONG, TWO, finger())),
    "an IDC that differs from the list": ("content-idc", "14.002", (first((2, 0), (14, 2)), TWO, finger(idc=1))),
    "a record that is missing": ("content-list", "1.003", (first((2, 0), ONE), TWO)),
    "bytes behind the last record": ("length", "1.003", (*FINE, b"more")),
    "nothing but Type-1": ("records-needed", "", (first(_003=f"1{US}0"),)),
    "a version below all": ("version", "1.002", (first((2, 0), _002="0100"), TWO)),
    "a transaction without a date": ("field-missing", "1.005", (first((2, 0)).replace(b"1.005:", b"1.555:"), TWO)),
    "a resolution without a Type-4 record": ("resolution-type-4", "1.011", (first((2, 0), _011="19.69"), TWO)),
    "a Type-4 record without a resolution": ("resolution-type-4", "1.012", (first((4, 1), _011="19.69"), type_4())),
    "a Type-4 record that is another image": ("image-compression", "4.008", (WITH_TYPE_4, type_4(cga=1))),
    "a Type-4 record with an unknown impression": ("field-code", "4.003", (WITH_TYPE_4, type_4(impression=9))),
    "a deprecated Type-3 record": ("record-deprecated", "3.001", (WITH_TYPE_3, type_4(cga=0, image=b"x" * 2400))),
    "a reserved record type": ("record-type", "30.001", (first((30, 1)), tagged(30, {"002": "1"}))),
    "two texts under one IDC": ("idc-shared", "2.002", (first((2, 0), (2, 0)), TWO, TWO)),
    "two fingers under one IDC": ("idc-shared", "14.002", (first((14, 1), (14, 1)), finger(), finger(_013="3"))),
    "a field given twice": ("field-twice", "2.002", (first((2, 0)), tagged(2, {"002": "0", "02": "0"}))),
    "a character set index with another name": ("character-set", "1.015", (first((2, 0), _015=f"3{US}UTF-16"), TWO)),
    "text outside its character set": ("text-encoding", "14.004", one(_004="Zürich")),
    "an image wider than declared": ("image-size", "14.006", one(_006="41")),
    "an image higher than declared": ("image-size", "14.007", one(_007="61")),
    "a compression that is another": ("image-compression", "14.011", one(_011="JP2")),
    "a compression that does not exist": ("field-code", "14.011", one(_011="GIF")),
    "a raw image that is too short": ("image-length", "14.999", one(_011="NONE")),
    "a depth that is another": ("image-depth", "14.012", one(_012="16")),
    "scales that differ": ("scale-square", "14.010", one(_010="501")),
    "a scale of zero": ("scale-zero", "14.009", one(_009="0")),
    "scanned scales that differ": ("scanned-scale-square", "14.017", one(_016="500", _017="501")),
    "an unknown unit": ("field-code", "14.008", one(_008="3")),
    "a latent impression in an exemplar": ("impression-type", "14.003", one(_003="4")),
    "a palm among the fingers": ("position-type", "14.013", one(_013="21")),
    "two positions": ("position-once", "14.013", one(_013=f"2{RS}3")),
    "parts of a finger that is whole": ("joint-only-19", "14.014", one(_014=f"2{US}FV1")),
    "position 19 without its parts": ("joint-only-19", "14.014", one(_013="19")),
    "segments of a single finger": ("segments-of-a-set", "14.021", one(_021=f"2{US}0{US}9{US}0{US}9")),
    "a segment of the other hand": ("segments-of-a-set", "14.021", one(_013="13", _021=f"7{US}0{US}9{US}0{US}9")),
    "a box outside the image": ("box-inside", "14.021", one(_013="13", _021=f"2{US}0{US}41{US}0{US}9")),
    "a box that is turned over": ("box-inside", "14.021", one(_013="13", _021=f"2{US}9{US}0{US}0{US}9")),
    "a box without a side": ("field-items", "14.021", one(_013="13", _021=f"2{US}0{US}9{US}0")),
    "a negative side": ("field-characters", "14.021", one(_013="13", _021=f"2{US}-1{US}9{US}0{US}9")),
    "a polygon that lacks a point": ("polygon", "14.025", one(_013="13", _025=f"2{US}3{US}0{US}0{US}1{US}1")),
    "a quality of a palm among the fingers": ("quality-position", "14.022", one(_022=f"21{US}1")),
    "a quality that is no score": ("field-characters", "14.022", one(_022=f"2{US}9")),
    "an amputated hand": ("amputation-explained", "14.018", one(_018=f"13{US}XX")),
    "a hash of other data": ("hash", "14.996", one(_996="0" * 64)),
    "half a place": ("geography", "14.998", one(_998=f"20240229000000Z{US}47{US}30{US}1")),
    "a face without profile": ("photo-profile", "10.013", (first((10, 1)), photo(_013=""))),
    "a tattoo with the profile of a face": ("photo-profile", "10.013", (first((10, 1)), photo(_003="TATTOO"))),
    "a condition without its code": ("photo-smt", "10.040", (first((10, 1)), photo(_003="CONDITION", _013=""))),
    "an angle without an angled pose": ("photo-pose-angle", "10.021", (first((10, 1)), photo(_021="30"))),
    "neither image nor reason": ("image-missing", "14.999", one(image=b"")),  # type: ignore[arg-type]
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_each_rule_names_what_breaks_it(case: str) -> None:
    rule, field, parts = BROKEN[case]
    assert (rule, field) in errors(judged(*parts))


def test_a_finding_says_where_what_and_why() -> None:
    parts = one(_013="13", _021=f"2{US}0{US}9{US}0{US}9{RS}3{US}0{US}99{US}0{US}9")
    (finding,) = judged(*parts)
    whole = b"".join(parts)
    assert (finding.record, finding.idc, finding.field, finding.occurrence) == (2, 1, "14.021", 2)
    assert whole[finding.offset :].startswith(b"3\x1f0\x1f99")
    assert (finding.rule, finding.found, finding.code) == ("box-inside", "0 99 0 9", "E0006")
    assert finding.expected == "left < right <= 40, top < bottom <= 60"
    assert (finding.edition, finding.severity) == ("ANSI/NIST-ITL 1-2011 Update 2015", "error")
    assert finding.clause


def test_what_an_older_version_allowed_is_judged_by_the_version_of_the_file() -> None:
    parts = (first(ONE, _002="0400"), finger(_013=f"2{RS}3", _003="4"))
    assert errors(judged(*parts)) == set()


def test_a_photograph_of_another_size_is_a_remark_only() -> None:
    (finding,) = judged(first((10, 1)), photo(_006="41"))
    assert (finding.rule, finding.severity) == ("image-size", "warning")


def test_an_amputation_takes_the_place_of_an_image() -> None:
    fields = {"002": "1", "003": "0", "004": "SRC", "005": "20240229", "013": "2", "018": f"2{US}XX"}
    assert judged(first(ONE), tagged(14, fields)) == ()


def test_a_hash_that_is_right_is_no_finding() -> None:
    assert judged(*one(_996=hashlib.sha256(png()).hexdigest().upper())) == ()


def test_the_profile_itl_2011_is_the_same_judge() -> None:
    transaction = records.read(b"".join(one(_010="501")))
    assert records.validate(transaction, profile="itl-2011") == records.validate_itl(transaction)


def test_every_rule_that_speaks_is_in_the_table_with_code_and_clause() -> None:
    known = {r.name: r for r in load_table("itl-2011").relations}
    spoken = {f.rule for _, _, parts in BROKEN.values() for f in judged(*parts)}
    assert spoken <= set(known)
    assert all(r.code and r.clause for r in known.values())


@pytest.mark.parametrize("data", [b"", b"\0" * 5_000, b"1.001:" + b"9" * 400, b"\x1c\x1d\x1e\x1f" * 2_000])
def test_rubbish_is_judged_without_a_crash(data: bytes) -> None:
    assert errors(records.validate_itl(records.read(data)))


def test_a_hostile_file_gets_a_bounded_list() -> None:
    boxes = RS.join([f"2{US}9{US}0{US}0{US}9"] * 50_000)
    findings = judged(*one(_013="13", _021=boxes))
    assert len(findings) <= 1_001


def test_a_flood_of_subfields_is_judged_to_a_limit_and_said_to_be() -> None:
    boxes = RS.join([US.join(("2", "9", "1", "9", "1"))] * 3 * MAX_OCCURRENCES_OF_FILE)
    flood = records.read(b"".join(one(_013="13", _021=boxes)))
    held = [len(occurrences) for view in views_of(flood.records) for occurrences in view.fields.values()]
    assert sum(held) <= MAX_OCCURRENCES_OF_FILE + len(held)
    findings = records.validate_itl(flood)
    assert any("is not judged" in f.message and f.field == "14.021" for f in findings)
    assert len(findings) == MAX_FINDINGS + 1
    good = RS.join([US.join(("2", "1", "9", "1", "9"))] * 3 * MAX_OCCURRENCES_OF_FILE)
    assert ("field-occurs", "14.021") in errors(judged(*one(_013="13", _021=good)))


def test_subfields_are_shared_out_over_the_records_of_a_file() -> None:
    third = RS.join(["2"] * (MAX_OCCURRENCES_OF_FILE // 3))
    many = records.read(first((2, 0), *((14, n) for n in range(1, 9))) + TWO + b"".join(
        finger(n, _018=third) for n in range(1, 9)
    ))  # fmt: skip
    cut = [view.index for view in views_of(many.records) if view.cut]
    assert cut == [4, 5, 6, 7, 8, 9]
