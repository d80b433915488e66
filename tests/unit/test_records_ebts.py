"""EBTS 8.001: bookings, answers and what a receiver finds wrong with them. All people are invented."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import nistitl
import pytest

from tenprint import records
from tenprint.core.errors import RecordError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.records import Booking, RepositoryState, ResponseText
from tenprint.records.itl.ebts import IDENT, NON_IDENT
from tenprint.records.itl.judging import judge_value
from tenprint.records.itl.tables import load_table

SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", Path(__file__).resolve().parents[2].parent / "shared/samples"))
PLAIN, ROLLED = Impression.LIVESCAN_PLAIN, Impression.LIVESCAN_ROLLED

BOOKING = Booking(
    nam="SAMPLESON,PERSON QUINCE", pob="MM", dob="19800229", sex="F", rac="W", hgt="509", wgt="160", eye="BRO",
    hai="BLK", doa="20101004", charges=(("20101003", "5404 DRIVING UNDER INFLUENCE"), ("", "THEFT, PETTY")),
    cri=("CO0010000", "CO0010001"), tcn="TCN-2010-0000001", ori="COSIB0000", dai="FBICJIS00", dat="20101004",
    aka=("SAMPLE,PERSON", "SAMPLESON,P"), ctz="MM", sco=("CO0030000/JAIL",), atn="DET J Q PUBLIC", oca="2010-4711",
    sid="CO1234567", fbi=("123456AA1",), mnu=("AR-A000000001",), ndr=("1", "9"), rap="Y", taa="Y",
)  # fmt: skip


def image(position: int, impression: Impression | None = None) -> records.EncodedImage:
    own = ROLLED if position <= 10 else PLAIN
    return records.EncodedImage(
        0, 14, FingerPosition(position), impression or own, 8, 8, 500, "NONE", bytes([position]) * 64
    )


CARD = tuple(image(n) for n in range(1, 15))


def parsed_by_nistitl(data: bytes) -> nistitl.Message:
    message = nistitl.Message()
    message.parse(data)
    return message


def findings(booking: Booking, images: tuple[records.EncodedImage, ...] = CARD) -> dict[tuple[str, str], str]:
    data = records.build_car(booking, images, checked=False)
    return {(f.code, f.field): f.severity for f in records.validate(records.read(data))}


@pytest.mark.parametrize("record_type", [14, 4])
def test_a_booking_survives_the_way_there_and_back(record_type: int) -> None:
    data = records.build_car(BOOKING, CARD, record_type=record_type)
    transaction = records.read(data, strict=True)
    assert records.validate(transaction) == ()
    assert records.read_booking(transaction) == BOOKING
    assert [(i.fgp, i.impression, i.ppi, i.data) for i in transaction.images()] == [
        (i.fgp, i.impression, i.ppi, i.data) for i in CARD
    ]
    message = parsed_by_nistitl(data)
    assert (message.TOT, len(list(message))) == ("CAR", 16)
    assert BOOKING.nam in str(message)


def test_plain_impressions_in_the_place_of_rolled_ones_are_valid() -> None:
    flat = tuple(image(n, PLAIN) for n in range(1, 15))
    assert records.validate(records.read(records.build_car(BOOKING, flat))) == ()


def test_a_missing_finger_needs_its_reason() -> None:
    nine = tuple(i for i in CARD if i.fgp != 3)
    assert findings(BOOKING, nine) == {("E0001", "2.084"): "error"}
    assert findings(replace(BOOKING, amp=((3, "XX"),)), nine) == {}
    assert findings(replace(BOOKING, amp=((3, "ZZ"),)), nine)["E0002", "2.084"] == "error"


def test_a_plain_set_may_miss_only_when_all_its_fingers_do() -> None:
    hand = (2, 3, 4, 5)
    images = tuple(i for i in CARD if i.fgp not in (*hand, 13))
    assert findings(replace(BOOKING, amp=tuple((n, "UP") for n in hand)), images) == {}
    assert ("E0001", "14.013") in findings(BOOKING, tuple(i for i in CARD if i.fgp != 13))
    without_one = tuple(i for i in CARD if i.fgp not in (3, 13))
    assert findings(replace(BOOKING, amp=((3, "XX"),)), without_one) == {("E0001", "14.013"): "error"}


def test_images_that_contradict_themselves_are_found() -> None:
    assert findings(BOOKING, (*CARD, image(3))) == {("L0059", "14.013"): "error"}
    assert findings(BOOKING, (*CARD[:-1], image(14, ROLLED))) == {("E0006", "14.003"): "error"}
    assert findings(BOOKING, ()) == {("E0001", "14.013"): "error"}


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"nam": ""}, "E0001", "2.018"),
        ({"nam": "SAMPLESON,PERSON 2"}, "E0002", "2.018"),
        ({"nam": "S" * 31}, "E0003", "2.018"),
        ({"dob": "19810229"}, "E0003", "2.022"),
        ({"sex": "Q"}, "E0002", "2.024"),
        ({"rac": "X"}, "E0002", "2.025"),
        ({"hgt": "512"}, "E0002", "2.027"),
        ({"eye": "GREENISH"}, "E0003", "2.031"),
        ({"eye": "RED"}, "E0002", "2.031"),
        ({"doa": ""}, "E0001", "2.045"),
        ({"doa": "19790101"}, "L0037", "2.045"),
        ({"charges": ()}, "E0001", "2.047"),
        ({"charges": (("", " LEADING BLANK"),)}, "E0002", "2.047"),
        ({"charges": (("20101399", "DUI"),)}, "E0003", "2.047"),
        ({"ret": ""}, "E0001", "2.005"),
        ({"tot": "CNA", "ret": "N"}, "E0006", "2.005"),
        ({"cri": ()}, "E0001", "2.073"),
        ({"cri": ("CO0010000",) * 4}, "E0002", "2.073"),
        ({"tcn": "SHORT"}, "E0003", "1.009"),
        ({"ori": "1234"}, "E0003", "1.008"),
        ({"dat": ""}, "E0001", "1.005"),
    ],
)
def test_a_wrong_mandatory_field_is_an_error_with_its_code_and_tag(
    change: dict[str, object], code: str, field: str
) -> None:
    booking = replace(BOOKING, **change)  # type: ignore[arg-type]
    assert findings(booking)[code, field] == "error"
    with pytest.raises(RecordError) as refused:
        records.build_car(booking, CARD)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"ctz": "MEX"}, "2.021"), ({"atn": "DET. PUBLIC"}, "2.006"), ({"ndr": ("1", "2", "3", "6", "9")}, "2.098"),
     ({"mnu": ("A000000001",)}, "2.017"), ({"pry": "0"}, "1.006"), ({"aka": ("X",)}, "2.019")],
)  # fmt: skip
def test_a_wrong_optional_field_is_a_warning_only(change: dict[str, object], field: str) -> None:
    found = findings(replace(BOOKING, **change))  # type: ignore[arg-type]
    assert {tag for _, tag in found} == {field}
    assert set(found.values()) == {"warning"}


def test_errors_come_before_warnings_so_that_a_rejection_tells_them_first() -> None:
    received = records.read(
        records.build_car(replace(BOOKING, atn="DET. PUBLIC", pry="0", eye="RED"), CARD, checked=False)
    )
    severities = [f.severity for f in records.validate(received)]
    assert severities == ["error", "warning", "warning"]


@pytest.mark.parametrize(("version", "found"), [("0199", True), ("0200", False), ("0502", False), ("0503", True)])
def test_a_version_outside_the_editions_read_is_a_warning(version: str, found: bool) -> None:
    data = records.build_car(BOOKING, CARD).replace(b"1.002:0300", b"1.002:" + version.encode())
    assert [(f.code, f.field, f.severity) for f in records.validate(records.read(data))] == (
        [("E0003", "1.002", "warning")] if found else []
    )


def test_unknown_and_unauthorised_transactions_are_named_as_such() -> None:
    data = records.build_car(BOOKING, CARD)
    for transaction, allowed in (
        (records.read(data.replace(b"1.004:CAR", b"1.004:XYZ")), ("CAR", "CNA")),
        (records.read(data), ("CNA",)),
    ):
        (finding,) = records.validate(transaction, authorised=allowed)
        assert (finding.code, finding.field) == ("A0004", "1.004")


def test_reading_problems_become_findings_and_trailing_bytes_only_a_warning() -> None:
    data = records.build_car(BOOKING, CARD)
    assert {(f.code, f.severity) for f in records.validate(records.read(data + b"\r\n"))} == {("E0012", "warning")}
    cut = records.validate(records.read(data[:-5]))
    assert {"E0012", "L0006"} <= {f.code for f in cut if f.severity == "error"}
    assert [f.severity for f in cut] == sorted((f.severity for f in cut), key=lambda s: s != "error")
    assert records.has_errors(records.validate(records.read(b"")))


def test_the_priority_of_a_booking_without_one_is_routine() -> None:
    assert records.priority_of(records.read(records.build_car(replace(BOOKING, pry=""), CARD))) == 4
    assert records.priority_of(records.read(records.build_car(replace(BOOKING, pry="2"), CARD))) == 2
    assert records.priority_of(records.read(b"")) == 9


def test_a_booking_read_from_rubbish_is_empty() -> None:
    assert records.read_booking(records.read(b"rubbish")) == Booking(ret="", tot="", pry="")


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample files in {SAMPLES}")
def test_a_published_submission_is_read_and_lacks_only_images() -> None:
    transaction = records.read((SAMPLES / "transactions/openebts/NISTFile2.ebts").read_bytes())
    booking = records.read_booking(transaction)
    assert (booking.nam, booking.hgt, booking.charges) == ("LISA, MONA J", "510", (("20080709", "Armed Robbery"),))
    assert {(f.code, f.field) for f in records.validate(transaction)} == {("E0001", "2.084"), ("E0001", "14.013")}


TEXT = ResponseText(
    immigration=RepositoryState.PENDING,
    pending=("9",),
    iar="STATUS: UNKNOWN\n\n  +indented " + "and long " * 30 + "\n+plus",
    rap_sheet="NO RECORD",
)


def answer(**changes: object) -> records.SubmissionResult:
    plain = records.answer_to(BOOKING, tcn="ICN00000000000000001", dat="20101004", srf=NON_IDENT, text=TEXT)
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_an_answer_swaps_the_agencies_refers_back_and_echoes() -> None:
    given = answer(ndr=("1", "9"), ucn="123456AA1", snam="SAMPLE,P", sdob="19800228")
    data = records.build_sre(given)
    transaction = records.read(data, strict=True)
    assert records.validate(transaction) == ()
    assert records.read_result(transaction) == given
    assert (given.ori, given.dai, given.tcr) == (BOOKING.dai, BOOKING.ori, BOOKING.tcn)
    assert (given.atn, given.sco, given.oca, given.taa) == (BOOKING.atn, BOOKING.sco, BOOKING.oca, "Y")
    message = parsed_by_nistitl(data)
    assert (message.TOT, len(list(message))) == ("SRE", 2)


def test_a_second_answer_refers_to_the_first_and_not_to_the_submission() -> None:
    first = answer()
    text = replace(TEXT, immigration=RepositoryState.MATCH, pending=())
    second = records.second_answer_to(first, tcn="ICN00000000000000002", dat="20101005", text=text)
    read_back = records.read_result(records.read(records.build_sre(second), strict=True))
    assert (read_back.tcr, first.tcr) == (first.tcn, BOOKING.tcn)
    assert read_back.response == text


@pytest.mark.parametrize(
    ("change", "field"),
    [({"srf": "P"}, "2.059"), ({"nam": ""}, "2.018"), ({"cri": ()}, "2.073"), ({"tcr": ""}, "1.010")],
)
def test_an_answer_without_what_it_needs_is_not_written(change: dict[str, object], field: str) -> None:
    with pytest.raises(RecordError) as refused:
        records.build_sre(answer(**change))
    assert refused.value.field == field


def test_pending_is_said_in_words_while_srf_speaks_of_the_criminal_file() -> None:
    given = answer(srf=IDENT)
    assert given.ers.splitlines()[:3] == [
        "TENPRINT RESPONSE TEXT 1",
        "IMMIGRATION RESULT: PENDING",
        "PENDING REPOSITORIES: 9",
    ]
    assert max(len(line) for line in given.ers.split("\r\n")) <= 72
    assert given.response == TEXT


def test_a_foreign_rap_sheet_says_nothing_about_immigration() -> None:
    foreign = ResponseText.from_text("FBI IDENTIFICATION RECORD\r\nIMMIGRATION RESULT: MATCH")
    assert foreign.immigration is RepositoryState.NOT_ASKED
    assert foreign.rap_sheet == "FBI IDENTIFICATION RECORD\nIMMIGRATION RESULT: MATCH"


def test_an_immigration_result_that_is_missing_or_unknown_is_never_read_as_no_match() -> None:
    said = ResponseText(immigration=RepositoryState.NO_MATCH, pending=()).to_text()
    assert ResponseText.from_text(said).immigration is RepositoryState.NO_MATCH
    for word in ("", "NONE", "NO  MATCH", "no match", "NO MATCH."):
        unknown = said.replace("RESULT: NO MATCH", f"RESULT: {word}")
        assert ResponseText.from_text(unknown).immigration is RepositoryState.ERROR
    silent = said.replace("IMMIGRATION RESULT: NO MATCH\r\n", "")
    assert ResponseText.from_text(silent).immigration is RepositoryState.NOT_ASKED


def test_response_text_refuses_what_the_field_cannot_hold() -> None:
    for bad in (ResponseText(iar="\x1c"), ResponseText(iar="É"), ResponseText(pending=("IDENT",))):
        with pytest.raises(RecordError, match="E0002"):
            bad.to_text()
    with pytest.raises(RecordError, match="E0003"):
        ResponseText(rap_sheet="X" * 200_000).to_text()


def test_a_rejection_tells_up_to_eleven_reasons_with_field_and_thirty_characters() -> None:
    booking = replace(BOOKING, eye="GREENISH-BROWN WITH A TOUCH OF HAZEL", ori="COSIB0000")
    received = records.read(records.build_car(booking, CARD[:2], checked=False))
    errt = records.refusal_of(
        received,
        records.validate(received),
        tcn="ICN00000000000000003",
        dat="20101004",
        ori="FBICJIS00",
        dai="XXSIB0000",
    )
    data = records.build_errt(errt)
    transaction = records.read(data, strict=True)
    assert records.validate(transaction) == ()
    read_back = records.read_error(transaction)
    assert read_back == errt
    assert (read_back.tcr, read_back.dai, read_back.cri) == (BOOKING.tcn, "COSIB0000", BOOKING.cri)
    quoted = {m.field: m.found for m in read_back.messages}
    assert quoted["2.031"] == "GREENISH-BROWN WITH A TOUCH OF"
    assert parsed_by_nistitl(data).TOT == "ERRT"
    many = [records.Finding("E0002", "2.018", "X", "wrong")] * 20
    crowded = records.refusal_of(received, many, tcn="ICN00000000000000004", dat="20101004", ori="FBICJIS00", dai="")
    assert len(crowded.messages) == 11


def test_even_bytes_that_are_no_transaction_can_be_rejected_in_form() -> None:
    for data in (b"", b"\x00\xff" * 50, b"1.001:9\x1d1.008:\xff\xfe\x1c"):
        received = records.read(data)
        reasons = records.validate(received)
        errt = records.refusal_of(
            received, reasons, tcn="ICN00000000000000005", dat="20101004", ori="FBICJIS00", dai="COSIB0000"
        )
        answered = records.read(records.build_errt(errt), strict=True)
        assert (answered.tot, answered.dai, answered.tcr) == ("ERRT", "COSIB0000", "")
        assert records.read_error(answered).messages[0].code == reasons[0].code


def test_reprs_show_no_personal_data() -> None:
    received = records.read(records.build_car(replace(BOOKING, eye="SECRET"), CARD, checked=False))
    shown = repr((BOOKING, answer(), records.validate(received)))
    assert "SAMPLESON" not in shown
    assert "SECRET" not in shown
    assert BOOKING.tcn in shown


def test_the_field_table_names_every_field_once_and_its_patterns_take_the_examples_of_the_edition() -> None:
    table = load_table("ebts-8.001")
    rules = {r.mnemonic: r for r in table.of_type(2)}
    assert len(rules) == len(table.of_type(2)) == 105
    examples = {
        "ATN": "SA J Q DOE,RM11867", "SCO": "NY030025P", "OCA": "Q880312465", "FBI": "62760NY12", "SID": "NY12345678",
        "MNU": "PP-1234567890P", "NAM": "JONES, ANTHONY P", "AKA": "JONES, S A P", "POB": "VA", "CTZ": "US",
        "DOB": "19770825", "SMT": "MISS L TOE", "HGT": "601", "WGT": "182", "EYE": "BLU", "HAI": "BRO",
        "EAD": "ACE CONSTRUCTION COMPANY,327 MAPLE AVE, BUFFALO,NY", "ASL": "19940920\x1fPOSSESSION OF FIREARMS",
        "CSL": "19940930\x1fDUI\x1f5 DAYS JAIL, PAY COURT COSTS", "ICO": "ARMED AND DANGEROUS", "CRI": "NY0303000",
        "IMA": "DBI\x1f1134\x1f12345", "AMP": "03\x1fXX", "UCN": "410539026", "CRN": "V12345678", "NDR": "7",
    }  # fmt: skip
    for mnemonic, example in examples.items():
        rule = rules[mnemonic]
        assert judge_value(rule, table, example, severity="error", index=1, number=1) is None, mnemonic
