"""Profiles as data: every relation and every kind of finding speaks, and says where, what, why and by which edition."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tenprint import records
from tenprint.cli import EXIT_REFUSED
from tenprint.cli.app import app
from tenprint.core.errors import SenderError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.records import Booking
from tenprint.records.itl.booking import booking_fields, type_1_fields
from tenprint.records.itl.findings import Finding
from tenprint.records.itl.relations import RELATIONS
from tenprint.records.itl.sarif import as_sarif
from tenprint.records.itl.tables import packaged_tables
from tenprint.records.itl.validation import load_profile, validate
from tenprint.records.itl.writer import FieldValue, TaggedRecord, finger_record, write

SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", Path(__file__).resolve().parents[2].parent / "shared/samples"))
EBTS_8, EBTS_10 = "ebts-8.001", "ebts-10.0-partial"
PLAIN, ROLLED = Impression.LIVESCAN_PLAIN, Impression.LIVESCAN_ROLLED
BOOKING = Booking(
    nam="SAMPLESON,PERSON QUINCE", pob="MM", dob="19800229", sex="F", rac="W", hgt="509", wgt="160", eye="BRO",
    hai="BLK", doa="20101004", charges=(("20101003", "5404 DRIVING"), ("", "THEFT, PETTY")), cri=("CO0010000",),
    tcn="TCN-2010-0000001", ori="COSIB0000", dai="FBICJIS00", dat="20101004", ndr=("1", "9"), oca="2010-4711",
)  # fmt: skip
MANDATORY_1 = (2, 5, 7, 8, 9, 11, 12)
MANDATORY_2 = (5, 18, 20, 22, 24, 25, 27, 29, 31, 32, 45, 47, 73)


def image(position: int) -> records.EncodedImage:
    kind = ROLLED if position <= 10 else PLAIN
    return records.EncodedImage(0, 14, FingerPosition(position), kind, 8, 8, 500, "NONE", bytes([position]) * 64)


CARD = tuple(image(n) for n in range(1, 15))


def transaction(
    tot: str = "CAR",
    header: Mapping[int, FieldValue | None] | None = None,
    second: Mapping[int, FieldValue | None] | None = None,
    images: tuple[records.EncodedImage, ...] = CARD,
) -> records.Transaction:
    """Return a booking with some fields changed, or left out where the value is None."""
    first = {**type_1_fields(replace(BOOKING, tot=tot), "19.69"), **(header or {})}
    fields = {**booking_fields(BOOKING), **(second or {})}
    body = TaggedRecord(2, {n: v for n, v in fields.items() if v is not None})
    pictures = [finger_record(i, BOOKING.ori, BOOKING.doa) for i in images]
    return records.read(write({n: v for n, v in first.items() if v is not None}, [body, *pictures]))


def answer(tot: str, second: Mapping[int, FieldValue]) -> records.Transaction:
    header = {**type_1_fields(replace(BOOKING, tot=tot, tcr="TCN-2010-0000000"), "00.00")}
    return records.read(write(header, [TaggedRecord(2, second)]))


def only(found: tuple[Finding, ...]) -> Finding:
    (finding,) = found
    return finding


@pytest.mark.parametrize(
    ("second", "rule", "code", "field", "severity"),
    [
        ({45: "19700101"}, "arrest_after_birth", "L0037", "2.045", "error"),
        ({84: [["03", "XX"]]}, "missing_fingers_without_image", "E0006", "2.084", "warning"),
        ({84: [["03", "UP"], ["03", "UP"]]}, "missing_fingers_without_image", "E0006", "2.084", "warning"),
        ({98: [["10"]]}, "repositories_are_known", "E0002", "2.098", "warning"),
        ({98: [["9"], ["9"]]}, "repositories_are_known", "E0002", "2.098", "warning"),
        ({98: [["2"], ["9"]]}, "retention_names_the_criminal_file", "E0006", "2.098", "warning"),
        ({5: "N", 52: "1"}, "rap_back_is_retained", "E0006", "2.052", "warning"),
        ({9: None, 54: "20101005", 55: "X", 51: [["", "DUI"]]}, "custody_fields_together", "E0006", "2.009", "warning"),
        ({54: "20101005", 55: "HELD"}, "custody_fields_together", "E0006", "2.051", "warning"),
        ({54: "20101003", 55: "HELD", 51: [["", "DUI"]]}, "custody_after_arrest", "E0006", "2.054", "warning"),
    ],
)  # fmt: skip
def test_each_relation_between_fields_of_a_booking_is_judged(second, rule, code, field, severity):
    finding = only(validate(transaction(second=second), profile=EBTS_8))
    assert (finding.rule, finding.code, finding.field, finding.severity) == (rule, code, field, severity)
    assert (finding.record, finding.idc) == (1, 0)
    assert finding.edition == "EBTS 8.001, 24 October 2007"
    assert finding.clause
    assert finding.expected


def test_a_cna_that_is_not_retained_is_refused():
    finding = only(validate(transaction("CNA", second={5: "N"}), profile=EBTS_8))
    assert (finding.rule, finding.code, finding.field, finding.severity) == (
        "cna_is_retained", "E0006", "2.005", "error"
    )  # fmt: skip
    assert not validate(transaction("CAR", second={5: "N"}), profile=EBTS_8)


def test_an_answer_gives_back_one_number_only():
    plain: dict[int, FieldValue] = {18: "SAMPLESON,PERSON", 59: "I", 73: "CO0010000", 14: "123456AA1"}
    assert validate(answer("SRE", plain), profile=EBTS_8) == ()
    finding = only(validate(answer("SRE", {**plain, 85: "V12345678"}), profile=EBTS_8))
    assert (finding.rule, finding.field) == ("one_number_returned", "2.085")


def test_a_position_that_is_given_twice_is_found_in_its_second_record():
    twice = validate(transaction(images=(*CARD, image(3))), profile=EBTS_8)
    finding = only(twice)
    assert (finding.rule, finding.code, finding.record, finding.idc) == ("fourteen_images", "L0059", 16, 15)
    assert finding.offset > 0


def test_every_relation_of_the_code_is_used_by_the_packaged_profile():
    assert {r.name for r in load_profile(EBTS_8).relations} == set(RELATIONS)


@pytest.mark.parametrize(
    ("second", "rule", "code", "place", "expected"),
    [
        ({18: None}, "2.018/mandatory", "E0001", (0, ""), "1 occurrence"),
        ({21: [["MM"], ["US"]]}, "2.021/occurrences", "E0002", (2, ""), "0 to 1 occurrences"),
        ({22: [["19800229"], ["1980"]]}, "2.022/length", "E0003", (2, ""), "8 characters"),
        ({18: "S4MPLE,PERSON"}, "2.018/characters", "E0002", (1, ""), "text that matches"),
        ({24: "Q"}, "2.024/codes", "E0002", (1, ""), "one of F, G, M, N, X, Y, Z"),
        ({22: "19800230"}, "2.022/date", "E0003", (1, ""), "a day that exists"),
        ({47: [["", "DUI"], ["20100231", "DUI"]]}, "2.047/date", "E0003", (2, "DOO"), "a day that exists"),
        ({47: [["2010", "DUI"]]}, "2.047/items", "E0002", (1, "DOO"), "8 characters"),
        ({47: [["", "DUI", "MORE"]]}, "2.047/items", "E0002", (1, ""), "the items DOO, AOL"),
        ({47: [["20101003"]]}, "2.047/items", "E0002", (1, "AOL"), "an item AOL"),
        ({84: [["11", "XX"]]}, "2.084/codes", "E0002", (1, "FGP"), "one of 01"),
        ({59: "I"}, "2.059/undefined", "E0002", (0, ""), "no such field"),
    ],
)  # fmt: skip
def test_each_kind_of_field_rule_says_where_and_what_it_expects(second, rule, code, place, expected):
    received = transaction(second=second)
    finding = only(validate(received, profile=EBTS_8))
    assert (finding.rule, finding.code, finding.occurrence, finding.item) == (rule, code, *place)
    assert finding.expected.startswith(expected)
    if finding.found:
        number = int(finding.field.partition(".")[2])
        assert received.to_bytes()[finding.offset :].startswith(b"2.%03d:" % number)


def test_a_finding_of_the_reader_keeps_its_byte_and_a_wrong_version_its_rule():
    data = transaction().to_bytes()
    trailing = only(validate(records.read(data + b"\r\n"), profile=EBTS_8))
    assert (trailing.rule, trailing.offset) == ("reading", len(data))
    version = only(validate(transaction(header={2: "0503"}), profile=EBTS_8))
    assert (version.rule, version.expected) == ("1.002/version", "0200 to 0502")


def test_a_value_outside_an_open_code_table_is_only_a_warning(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        'name = "own"\nbase = "ebts-8.001"\n[[codes]]\nname = "POB"\nopen = true\nvalues = {CO = "Colorado"}\n'
        '[[field]]\ntag = "2.020"\ncodes = "POB"\n'
    )
    finding = only(validate(transaction(), profile=str(own)))
    assert (finding.field, finding.severity) == ("2.020", "warning")
    own.write_text(own.read_text().replace("open = true\n", ""))
    assert only(validate(transaction(), profile=str(own))).severity == "error"


def test_the_example_of_the_guide_is_a_profile_and_its_rules_speak(tmp_path):
    guide = Path(__file__).resolve().parents[2] / "docs/guide/profiles.md"
    own = tmp_path / "my-county.toml"
    own.write_text(guide.read_text().split("```toml\n")[1].split("```")[0])
    assert validate(transaction("CARCTY"), profile=str(own)) == ()
    lacking = validate(transaction("CARCTY", second={9: None, 21: "MM"}), profile=str(own))
    assert [(f.field, f.severity) for f in lacking] == [("2.009", "error"), ("2.021", "warning")]


def test_a_relation_that_does_not_exist_is_refused(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('name = "own"\nbase = "ebts-8.001"\n[[relation]]\nname = "stars"\ncode = "E0006"\n')
    with pytest.raises(SenderError) as caught:
        validate(transaction(), profile=str(own))
    assert caught.value.code == "PROFILE_INVALID"
    assert "stars" in caught.value.message


def test_a_field_with_very_many_bad_occurrences_is_told_of_a_few_times():
    found = validate(transaction(second={47: [["2010", "DUI"]] * 5_000}), profile=EBTS_8)
    assert 1 < len(found) <= 21


def test_the_other_messages_of_8_001_have_their_own_mandatory_fields():
    disposition: dict[int, FieldValue] = {
        5: "Y", 45: "20101004", 51: [["20110101", "DUI", "5 DAYS"]], 73: "CO0010000", 2013: "A",
    }  # fmt: skip
    assert validate(answer("DSPE", disposition), profile=EBTS_8) == ()
    assert {f.field for f in validate(answer("DSPE", {}), profile=EBTS_8)} == {
        "2.005", "2.045", "2.051", "2.073", "2.2013"
    }  # fmt: skip
    assert validate(answer("DSPR", {71: "RECORD UPDATED"}), profile=EBTS_8) == ()
    assert validate(answer("ERRI", {6: "DET J Q", 60: "NO IMAGE", 86: "3124"}), profile=EBTS_8) == ()
    assert {f.field for f in validate(answer("ERRI", {}), profile=EBTS_8)} == {"2.006", "2.060"}
    assert {f.field for f in validate(answer("ERRA", {}), profile=EBTS_8)} == {"2.060"}


def test_the_exchange_takes_what_it_took_and_no_more_than_that():
    assert only(validate(answer("DSPE", {}))).code == "A0004"
    assert only(validate(transaction(), authorised=("CNA",))).code == "A0004"
    assert validate(transaction()) == ()


def test_edition_10_widens_what_is_known_and_recognises_what_8_001_does_not_have():
    two_citizenships = transaction(second={21: [["MM"], ["US"]], 98: [["10"], ["450"]], 2037: "DHS123457"})
    assert len(validate(two_citizenships, profile=EBTS_8)) == 4
    assert validate(two_citizenships, profile=EBTS_10) == ()
    long_name = transaction(second={18: "S" * 40 + ",PERSON"})
    assert only(validate(long_name, profile=EBTS_8)).rule == "2.018/length"
    assert validate(long_name, profile=EBTS_10) == ()
    for tot in ("UHN", "BATQ", "BATR"):
        assert only(validate(answer(tot, {14: "123456AA1"}), profile=EBTS_8)).code == "A0004"
        assert validate(answer(tot, {14: "123456AA1", 999_999: "X"}), profile=EBTS_10) == ()
        assert load_profile(EBTS_10).is_generic(tot)


def test_a_finding_cites_the_edition_whose_clause_it_gives():
    inherited = only(validate(transaction(second={24: "Q"}), profile=EBTS_10))
    own = only(validate(transaction(second={18: "S" * 60 + ",PERSON"}), profile=EBTS_10))
    assert (inherited.edition, own.edition) == ("EBTS 8.001, 24 October 2007", "EBTS 10.0, in part")
    relation = only(validate(transaction("CARAAR", second={99: "1", 45: "19700101"}), profile="example-state"))
    assert relation.edition == "EBTS 8.001, 24 October 2007"


def test_a_message_known_by_name_still_has_its_header_judged():
    header = {**type_1_fields(replace(BOOKING, tot="UHN", ori="CO"), "00.00")}
    received = records.read(write(header, [TaggedRecord(2, {})]))
    assert {f.field for f in validate(received, profile=EBTS_10)} == {"1.008"}


def test_what_a_state_renames_is_judged_by_what_it_is_like_and_by_what_the_state_adds():
    renamed = transaction("CARAAR", second={99: "CO-1"})
    assert validate(renamed, profile="example-state") == ()
    assert only(validate(renamed, profile=EBTS_8)).code == "A0004"
    lacking = transaction("CARAAR", second={18: None})
    assert {(f.field, f.rule) for f in validate(lacking, profile="example-state")} == {
        ("2.018", "2.018/mandatory"), ("2.099", "2.099/mandatory"),
    }  # fmt: skip


def test_each_packaged_profile_says_what_it_covers_and_what_it_does_not_know():
    profiles = [name for name in packaged_tables() if name.startswith(("ebts", "example"))]
    assert profiles == ["ebts-10.0-partial", "ebts-8.001", "example-state"]
    for name in profiles:
        table = load_profile(name)
        assert table.covers
        assert table.unknown
        assert table.edition
        assert all(rule.clause for rule in table.fields.values())


def test_a_writer_by_8_001_writes_version_0300():
    assert load_profile(EBTS_8).writes == "0300"
    assert records.read(records.build_car(BOOKING, CARD)).ver == "0300"


def test_an_answer_of_the_exchange_and_a_built_booking_have_no_finding_by_the_whole_profile():
    built = records.read(records.build_car(BOOKING, CARD))
    assert validate(built, profile=EBTS_8) == ()


NAMES = st.from_regex(r"[A-Z]{2,10},[A-Z]{1,10}", fullmatch=True)
LITERALS = st.from_regex(r"[A-Z][A-Z ]{0,30}", fullmatch=True)
DAYS = st.dates().map(lambda d: d.strftime("%Y%m%d").zfill(8))


@settings(max_examples=40, deadline=None)
@given(
    nam=NAMES, sex=st.sampled_from("FGMNXYZ"), rac=st.sampled_from("ABIUW"),
    eye=st.sampled_from(["BLK", "BLU", "BRO", "XXX"]), hai=st.sampled_from(["BAL", "PLE", "XXX"]),
    wgt=st.integers(0, 499).map(lambda n: f"{n:03d}"), ret=st.sampled_from("YN"),
    charges=st.lists(st.tuples(st.just("") | DAYS, LITERALS), min_size=1, max_size=4),
)  # fmt: skip
def test_a_built_booking_has_no_error(**changes):
    booking = replace(BOOKING, **{**changes, "charges": tuple(changes["charges"])})
    built = records.read(records.build_car(booking, CARD[:14]))
    assert validate(built, profile=EBTS_8) == ()


BAD = st.sampled_from(["", "?", "\\", "0", "X" * 301])


@settings(deadline=None)
@given(number=st.sampled_from(MANDATORY_2), bad=st.none() | BAD)
def test_each_damage_of_a_mandatory_field_gives_an_error_on_that_field(number, bad):
    value: FieldValue | None = bad if bad is None else [["", bad], ["1", "2", "3"]] if number == 47 else bad
    found = validate(transaction(second={number: value}), profile=EBTS_8)
    assert f"2.{number:03d}" in {f.field for f in found if f.severity == "error"}


@settings(deadline=None)
@given(number=st.sampled_from(MANDATORY_1), bad=st.none() | st.sampled_from(["", "?", "X" * 41]))
def test_each_damage_of_a_mandatory_header_field_gives_an_error_on_that_field(number, bad):
    assume((number, bad) != (2, None))  # a version that is not given is written by itself
    found = validate(transaction(header={number: bad}), profile=EBTS_8)
    assert f"1.{number:03d}" in {f.field for f in found if f.severity == "error"}


def run(*words: object):
    return CliRunner().invoke(app, ["records", "validate", *map(str, words)], env={"COLUMNS": "200"})


@pytest.fixture
def files(tmp_path):
    (tmp_path / "good.eft").write_bytes(transaction().to_bytes())
    (tmp_path / "warned one.eft").write_bytes(transaction(second={98: [["10"]]}).to_bytes())
    (tmp_path / "bad.eft").write_bytes(transaction(second={18: "S4MPLE,PERSON"}).to_bytes())
    return tmp_path


def test_the_command_shows_a_table_and_its_exit_code_tells_errors_from_warnings(files):
    good = run(files / "good.eft")
    assert (good.exit_code, "nothing wrong by ebts-8.001" in good.output) == (0, True)
    assert "What ebts-8.001 does not know" in good.output
    assert run(files / "warned one.eft").exit_code == 0
    bad = run(files / "good.eft", files / "bad.eft")
    assert bad.exit_code == 1
    assert "E0002" in bad.output
    assert "2.018" in bad.output


def test_the_command_goes_on_after_a_file_that_cannot_be_read(files):
    ran = run(files / "none.eft", files / "bad.eft", "--json")
    assert ran.exit_code == EXIT_REFUSED
    (judged,) = json.loads(ran.stdout)
    assert judged["file"].endswith("bad.eft")
    (finding,) = judged["findings"]
    assert (finding["field"], finding["found"], finding["record"]) == ("2.018", "S4MPLE,PERSON", 1)


def test_sarif_names_rule_file_and_byte_and_never_what_the_field_holds(files):
    ran = run(files / "bad.eft", files / "warned one.eft", "--sarif")
    log = json.loads(ran.stdout)
    (found,) = log["runs"]
    assert (ran.exit_code, log["version"]) == (1, "2.1.0")
    assert found["artifacts"][1]["location"]["uri"].endswith("warned%20one.eft")
    assert [r["level"] for r in found["results"]] == ["error", "warning"]
    for number, result in enumerate(found["results"]):
        place = result["locations"][0]
        assert found["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert place["physicalLocation"]["artifactLocation"]["index"] == number
        assert place["physicalLocation"]["region"]["byteOffset"] > 0
    assert found["results"][0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "2.018/1"
    assert "S4MPLE" not in ran.stdout
    assert as_sarif([], load_profile(EBTS_8), tool_version="0")["runs"][0]["results"] == []


def test_the_command_takes_a_profile_of_ones_own_and_refuses_edition_11(files, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('name = "own"\nbase = "ebts-8.001"\n[[field]]\ntag = "2.009"\nmax = 3\n')
    ran = run(files / "good.eft", "--profile", own)
    assert (ran.exit_code, "2.009" in ran.output) == (0, True)
    refused = run(files / "good.eft", "--profile", "ebts-11.3")
    assert isinstance(refused.exception, SenderError)
    assert "11.x is not covered" in refused.exception.message
    assert run(files / "good.eft", "--json", "--sarif").exception.code == "CLI_TWO_FORMATS"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample files in {SAMPLES}")
@pytest.mark.parametrize("profile", [EBTS_8, EBTS_10, "example-state"])
def test_every_sample_is_judged_by_every_profile_and_each_finding_has_a_rule_and_an_edition(profile):
    for path in sorted((SAMPLES / "transactions").rglob("*")):
        if path.is_file() and path.suffix != ".csv":
            for finding in validate(records.read(path.read_bytes()), profile=profile):
                assert finding.rule
                assert finding.edition
                assert finding.clause


def test_a_hostile_profile_and_a_hostile_file_together_are_given_up_with_a_sentence(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        'name = "own"\nbase = "ebts-8.001"\n[[field]]\ntag = "2.041"\nmax = 500\npattern = "(a|b)*a(a|b){600}"\n'
        'occurs = {CAR = "0-"}\n'
    )
    found = validate(transaction(second={41: [["ab" * 250]] * 500}), profile=str(own))
    assert only(found).rule == "2.041/too-much"
