"""Reading ANSI/NIST-ITL files: the published ones as an independent parser saw them, and broken ones made here."""

from __future__ import annotations

import csv
import hashlib
import os
from pathlib import Path

import pytest

from tenprint import records
from tenprint.core.errors import RecordError
from tenprint.core.fingers import FingerPosition, Impression

SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", Path(__file__).resolve().parents[2].parent / "shared/samples"))
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample files in {SAMPLES}")
GS, FS, RS, US = "\x1d", "\x1c", "\x1e", "\x1f"
OUR_POSITIONS = {str(n) for n in range(16)}


def expected_rows() -> list[tuple[Path, dict[str, str]]]:
    rows = []
    for folder in ("transactions", "tenprint_card"):
        listing = SAMPLES / folder / "EXPECTED.csv"
        if listing.is_file():
            with listing.open(newline="") as source:
                rows += [(SAMPLES / folder / row["file"], row) for row in csv.DictReader(source)]
    return rows


ROWS = expected_rows()
ids = [row["file"] for _, row in ROWS]


def tagged(kind: int, fields: dict[str, bytes | str], length: int | None = None) -> bytes:
    """Return a tagged record with the LEN that it needs, or a false one."""
    rest = b"".join(
        GS.encode() + f"{kind}.{tag}:".encode() + (value if isinstance(value, bytes) else value.encode())
        for tag, value in fields.items()
    )
    total = len(f"{kind}.001:") + len(rest) + 1
    total += len(str(total + len(str(total)))) if length is None else 0
    return f"{kind}.001:{total if length is None else length}".encode() + rest + FS.encode()


def header(contents: str, **more: str) -> bytes:
    return tagged(1, {"002": "0300", "003": contents, "004": "CAR", **more})


def finger(idc: str = "01", data: bytes = b"\x1c\x1d14.999:pixels\x1c", **changes: str) -> bytes:
    fields: dict[str, bytes | str] = {
        "002": idc, "003": "1", "004": "CO0010000", "005": "20101004", "006": "4", "007": "5", "008": "1",
        "009": "500", "010": "500", "011": "WSQ", "012": "8", "013": "2",
    } | changes  # fmt: skip
    return tagged(14, fields | {"999": data})


def codes(transaction: records.Transaction) -> set[str]:
    return {p.code for p in transaction.problems}


@needs_samples
def test_all_published_files_are_there() -> None:
    assert len(ROWS) == 79


@needs_samples
@pytest.mark.parametrize(("path", "row"), ROWS, ids=ids)
def test_a_published_file_reads_as_expected_and_comes_back_byte_for_byte(path: Path, row: dict[str, str]) -> None:
    data = path.read_bytes()
    transaction = records.read(data)
    assert transaction.to_bytes() == data
    if row["folder"] == "fail_decoder":
        return
    assert (transaction.ver, transaction.tot) == (row["VER"], row["TOT"])
    assert [str(r.type) for r in transaction.records] == row["types"].split()
    assert len(transaction.records) == int(row["records"])
    assert transaction.rest == b""


@needs_samples
@pytest.mark.parametrize(("path", "row"), ROWS, ids=ids)
def test_the_images_of_a_published_file_are_those_an_independent_parser_found(path: Path, row: dict[str, str]) -> None:
    transaction = records.read(path.read_bytes())
    declared = [item.split(":") for item in row["images"].split() if item.split(":")[0] in ("4", "14")]
    by_idc = {(r.type, r.idc): r for r in transaction.records if r.type in (4, 14)}
    for kind, idc, _, _, _, _, _, size in declared:
        record = by_idc[int(kind), int(idc)]
        starts = [f.value_start for f in record.fields if f.number == 999]
        # The listing counts from the first 999 where a file writes it twice.
        assert len(record.data) == int(size) - (starts[-1] - starts[0] if starts else 0)
    ours = {(i.record_type, i.idc): i for i in transaction.images()}
    for kind, idc, position, size, compression, *_ in declared:
        first = position.split("+")[0]
        image = ours.get((int(kind), int(idc)))
        if image is None:
            continue
        names = {"0": "NONE", "1": "WSQ20"} if kind == "4" else {}
        assert image.fgp == FingerPosition(int(first))
        assert f"{image.width}x{image.height}" == size
        assert image.compression == names.get(compression, compression)
        assert image.ppi == 500
    skipped = [d for d in declared if (int(d[0]), int(d[1])) not in ours]
    for kind, idc, position, *_ in skipped:
        impression = by_idc[int(kind), int(idc)].raw[5] if kind == "4" else 0
        assert position.split("+")[0] not in OUR_POSITIONS or impression == 8, "only swipes and other positions"


@needs_samples
@pytest.mark.parametrize(("path", "row"), ROWS, ids=ids)
def test_strict_reading_takes_what_must_pass_and_refuses_what_cannot_be_decoded(
    path: Path, row: dict[str, str]
) -> None:
    data = path.read_bytes()
    if row["folder"] == "fail_decoder":
        with pytest.raises(RecordError) as refused:
            records.read(data, strict=True)
        assert refused.value.code == "E0005"
        assert records.read(data).problems[0].offset == 10
    elif row["folder"] != "fail_validator":
        assert records.read(data, strict=True).problems == ()


@needs_samples
def test_the_ten_print_card_gives_fourteen_equal_images_in_both_record_types() -> None:
    cards = [
        records.read((SAMPLES / "tenprint_card" / name).read_bytes()).images()
        for name in ("type-4-tpcard.an2", "type-14-tpcard-nqm.an2")
    ]
    assert [int(i.fgp) for i in cards[0]] == [*range(1, 11), 14, 12, 11, 13]
    assert [i.data for i in cards[0]] == [i.data for i in cards[1]]
    assert [i.impression.is_rolled for i in cards[0]] == [True] * 10 + [False] * 4


@needs_samples
def test_where_the_data_field_is_written_twice_the_image_is_behind_the_second() -> None:
    for name, digits in (("valid1.5.an2", b"38423"), ("valid1.7.an2", b"011010")):
        transaction = records.read((SAMPLES / "transactions/nbis" / name).read_bytes())
        record = transaction.records[-1]
        assert digits in record.raw
        assert record.data.startswith(b"\xff\xd8\xff")
        assert record.raw.endswith(record.data + b"\x1c")


def test_text_that_looks_like_a_data_field_is_text() -> None:
    data = header(f"1{US}1{RS}2{US}00") + tagged(2, {"002": "00", "018": "A 999:B", "056": "2.999:X"})
    transaction = records.read(data, strict=True)
    assert transaction.get("2.018") == "A 999:B"
    assert transaction.get("2.056") == "2.999:X"


def test_image_bytes_may_hold_separators_and_tags() -> None:
    data = header(f"1{US}1{RS}14{US}01") + finger()
    record = records.read(data, strict=True).first(14)
    assert record is not None
    assert record.data == b"\x1c\x1d14.999:pixels\x1c"


def test_text_before_an_image_may_hold_what_begins_a_data_field() -> None:
    image, text = b"\x1d14.003:9\x1d14.999:pixels", "CO 14.999:"
    data = header(f"1{US}1{RS}14{US}01") + finger(data=image, **{"004": text})
    record = records.read(data, strict=True).first(14)
    assert record is not None
    assert (record.get("14.003"), record.get("14.004"), record.data) == ("1", text, image)


def test_a_field_that_is_given_twice_counts_as_first_written() -> None:
    second = tagged(2, {"002": "00", "018": "A,B", "0018": "C,D", "18": "E,F"})
    record = records.read(header(f"1{US}1{RS}2{US}00") + second, strict=True).records[1]
    assert (record.get("2.018"), record.get("2.18"), record.occurrences("2.018")) == ("A,B", "A,B", ("A,B",))


def test_old_tags_and_unpadded_idcs_are_read_and_kept() -> None:
    body = f"1.02:0200{GS}1.03:1{US}1{RS}2{US}0{GS}1.04:CAR{FS}"
    data = f"1.01:{len(body) + 8}{GS}{body}2.001:20{GS}2.002:0{GS}2.5:Y{FS}".encode()
    data = data.replace(b"2.001:20", b"2.001:21")
    transaction = records.read(data)
    assert (transaction.ver, transaction.tot, transaction.get("2.005")) == ("0200", "CAR", "Y")
    assert transaction.to_bytes() == data


def test_items_come_as_subfields_of_items_and_absent_fields_as_nothing() -> None:
    charges = f"20101003{US}DUI{RS}{US}THEFT"
    data = header(f"1{US}1{RS}2{US}00") + tagged(2, {"002": "00", "047": charges, "098": f"1{US}9"})
    record = records.read(data, strict=True).first(2)
    assert record is not None
    assert record.items("2.047") == [["20101003", "DUI"], ["", "THEFT"]]
    assert record.occurrences("2.098") == ("1", "9")
    assert (record.get("2.018"), record.items("2.018"), record.get("3.018")) == ("", [], "")


def test_empty_and_foreign_bytes_give_a_problem_and_no_record() -> None:
    for data in (b"", b"\x00" * 40, b"\xff\xa0 not a transaction", b"2.001:8\x1c"):
        transaction = records.read(data)
        assert transaction.records == ()
        assert codes(transaction) == {"E0004"}
        assert transaction.to_bytes() == data
        assert transaction.tcn == ""


def test_a_file_cut_at_any_byte_says_so_and_keeps_its_bytes() -> None:
    data = header(f"1{US}2{RS}2{US}00{RS}14{US}01") + tagged(2, {"002": "00", "018": "A,B"}) + finger()
    assert records.read(data).problems == ()
    for end in range(len(data)):
        transaction = records.read(data[:end])
        assert transaction.problems, f"cut at {end}"
        assert transaction.to_bytes() == data[:end]
        with pytest.raises(RecordError):
            records.read(data[:end], strict=True)
        assert transaction.images() == []


def test_bytes_behind_the_last_record_are_kept_and_told() -> None:
    data = header(f"1{US}1{RS}2{US}00") + tagged(2, {"002": "00"}) + b"\r\n\x00"
    transaction = records.read(data)
    assert transaction.rest == b"\r\n\x00"
    assert codes(transaction) == {"E0012"}


def test_a_file_content_that_miscounts_is_a_problem_not_an_end() -> None:
    body = tagged(2, {"002": "00", "018": "A,B"}) + finger()
    off_by_one = records.read(header(f"1{US}3{RS}2{US}00{RS}14{US}01") + body)
    assert codes(off_by_one) == {"E0006"}
    assert len(off_by_one.images()) == 1
    unlisted = records.read(header(f"1{US}1{RS}2{US}00") + body)
    assert codes(unlisted) == {"E0006"}
    assert len(unlisted.images()) == 1
    unreadable = records.read(header("what") + body)
    assert codes(unreadable) == {"E0005"}
    assert [r.type for r in unreadable.records] == [1, 2, 14]


def test_a_text_record_with_a_wrong_length_is_still_found_by_its_end() -> None:
    second = tagged(2, {"002": "00", "018": "A,B"}, length=9_999)
    transaction = records.read(header(f"1{US}2{RS}2{US}00{RS}14{US}01") + second + finger())
    assert codes(transaction) == {"E0012"}
    assert transaction.get("2.018") == "A,B"
    assert len(transaction.images()) == 1


def test_an_idc_that_contradicts_the_file_content_is_a_problem() -> None:
    transaction = records.read(header(f"1{US}1{RS}14{US}02") + finger("01"))
    assert [(p.code, p.field) for p in transaction.problems] == [("E0006", "14.002")]


@pytest.mark.parametrize(
    "change",
    [{"006": "0"}, {"007": "x"}, {"009": "0", "010": "0"}, {"010": "499"}, {"011": "ZIP"}, {"013": ""}, {"003": "9"}],
)
def test_an_unusable_image_header_is_a_problem_not_an_exception(change: dict[str, str]) -> None:
    transaction = records.read(header(f"1{US}1{RS}14{US}01") + finger(**change))
    assert transaction.images() == []
    assert [(p.code, p.field) for p in transaction.problems] == [("L0006", "14.999")]


def test_palms_latents_and_swipes_are_no_finger_images_and_no_problem() -> None:
    for change in ({"013": "25"}, {"003": "4"}, {"003": "8"}):
        transaction = records.read(header(f"1{US}1{RS}14{US}01") + finger(**change), strict=True)
        assert transaction.images() == []


def test_resolutions_given_in_any_unit_become_whole_ppi() -> None:
    for unit, value, ppi in (("1", "500", 500), ("2", "197", 500), ("2", "394", 1000), ("1", "569", 569)):
        change = {"008": unit, "009": value, "010": value}
        image = records.read(header(f"1{US}1{RS}14{US}01") + finger(**change), strict=True).images()[0]
        assert image.ppi == ppi
        assert (image.compression, image.impression) == ("WSQ20", Impression.LIVESCAN_ROLLED)


def test_the_native_resolution_of_type_1_counts_for_type_4() -> None:
    head = bytes.fromhex("00000016 01 01 02ffffffffff 01 0002 0002 00".replace(" ", "")) + b"abcd"
    for stated, ppi in (("19.69", 500), ("20.00", 500), ("39.37", 1000)):
        data = header(f"1{US}1{RS}4{US}01", **{"011": stated}) + head
        assert [i.ppi for i in records.read(data, strict=True).images()] == [ppi]
    nameless = records.read(header(f"1{US}1{RS}4{US}01", **{"011": "00.00"}) + head)
    assert [p.code for p in nameless.problems] == ["L0006"]


def test_a_digest_changes_with_data_and_declaration_and_not_with_the_place() -> None:
    one, same, other = (
        records.read(header(f"1{US}1{RS}14{US}{idc}") + finger(idc, **change)).images()[0]
        for idc, change in (("01", {}), ("05", {}), ("01", {"013": "3"}))
    )
    assert one.digest == same.digest != other.digest
    assert len(bytes.fromhex(one.digest)) == hashlib.sha256().digest_size


def test_hostile_sizes_are_answered_with_bounded_work() -> None:
    many = [
        tagged(1, {"002": "0300", "003": "1\x1f9999999" + f"{RS}14{US}01" * 200_000}),
        header(f"1{US}1{RS}2{US}00") + tagged(2, {"002": "00"})[:-1] + b"\x1d" * 3_000_000 + b"\x1c",
        header(f"1{US}1{RS}4{US}01") + b"\xff\xff\xff\xff\x01" + b"\x00" * 20,
        header(f"1{US}1{RS}14{US}01") + b"14.001:" + b"9" * 4_000_000 + b"\x1d",
        header(f"1{US}400{RS}" + RS.join(["2\x1f00"] * 400)) + tagged(2, {"002": "00"}) * 100_000,
    ]
    for data in many:
        transaction = records.read(data)
        assert transaction.problems
        assert transaction.to_bytes() == data
        assert len(transaction.records) <= 2_000
