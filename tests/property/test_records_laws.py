"""Laws of the records room: bytes are never lost, nothing foreign is ever raised, layouts are lossless."""

from __future__ import annotations

import os
import random
import re
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenprint import records
from tenprint.core.errors import RecordError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.records import Booking, Iaq, Iar, IdentDataResponse, RepositoryState, ResponseText
from tenprint.records.folding import LINE_CHARACTERS, fold, unfold
from tenprint.records.itl.answers import ErrorMessage
from tenprint.records.itl.record import BINARY_TYPES, parse_fields

SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", Path(__file__).resolve().parents[2].parent / "shared/samples"))
SMALL = 60_000
PRINTABLE = "".join(chr(c) for c in range(32, 127))
SPECIAL = b"\x1c\x1d\x1e\x1f0129:.\x00\xff"

SOUP = [
    b"\x1c", b"\x1d", b"\x1e", b"\x1f", b"1.001:", b"1.003:", b"14.001:", b"14.999:", b"2.001:", b"1", b"14", b"99",
    b"4", b"\x00\x00\x00\x09\x01", b"\xff",
]  # fmt: skip

FIELDS = [
    b"\x1d", b"\x1d", b"\x1d14.999:", b"\x1d14.0999:", b"14.999:", b"\x1d9.999:", b"12", b"\x1c", b"\x1d14.003:1",
    b"14.3:1\x1d", b"9.001:", b"x", b":", b"999:", b"\x1d14.1234567890:", b"\x1d14.123456789:", b"\x1d014.5:",
    b"\xd9\xa3",
]  # fmt: skip
"""Whole and broken tags, data fields and what looks like one."""

printable = st.text(PRINTABLE, max_size=400)
lines = st.lists(printable, max_size=8).map("\n".join)


def image(position: int, data: bytes) -> records.EncodedImage:
    return records.EncodedImage(0, 14, FingerPosition(position), Impression.LIVESCAN_PLAIN, 8, 8, 500, "NONE", data)


def a_booking() -> bytes:
    booking = Booking(
        nam="SAMPLESON,P", pob="MM", dob="19800229", sex="F", rac="W", hgt="509", wgt="160", eye="BRO", hai="BLK",
        doa="20101004", charges=(("20101003", "DUI"), ("", "THEFT")), cri=("CO0010000",), tcn="TCN-2010-0000001",
        ori="COSIB0000", dai="FBICJIS00", dat="20101004", ndr=("1", "9"), amp=((3, "XX"),),
    )  # fmt: skip
    own = [image(n, bytes([28, 29, 30, 31, n])) for n in (1, 2, 13)]
    return records.build_car(booking, own, checked=False)


def type_4_booking() -> bytes:
    data = a_booking()
    transaction = records.read(data)
    booking = records.read_booking(transaction)
    return records.build_car(booking, transaction.images(), checked=False, record_type=4)


SEEDS = [a_booking(), type_4_booking(), b"1.001:20\x1d1.003:1\x1f0\x1c"]


def cut_one_by_one(raw: bytes, kind: int, limit: int) -> list[tuple[int, int, int, int]]:
    """Return what fields a record has, found the slow way: each is looked for where the one before it ended."""
    end, at, found = len(raw) - raw.endswith(b"\x1c"), 0, []
    while at <= end and len(found) < limit:
        tag = re.compile(rb"([0-9]{1,2})\.([0-9]{1,9}):").match(raw, at, end)
        number = int(tag[2]) if tag and int(tag[1]) == kind else -1
        start, stop = tag.end() if tag else at, end
        twice = re.compile(rb"[0-9]{0,20}\x1d%d\.0*999:" % kind).match(raw, start, end)
        if number != 999 or kind == 9 or twice:
            stop = end if (next_one := raw.find(b"\x1d", start, end)) < 0 else next_one
        found.append((number, at, start, stop))
        at = stop + 1
    return found


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(FIELDS), max_size=12).map(b"".join), st.sampled_from((9, 14)), st.integers(0, 8))
def test_fields_cut_in_one_go_are_those_found_one_after_the_other(raw: bytes, kind: int, limit: int) -> None:
    fields, problems = parse_fields(raw, kind, 100, limit)
    expected = cut_one_by_one(raw, kind, limit)
    assert [tuple(field) for field in fields] == expected
    end = len(raw) - raw.endswith(b"\x1c")
    unread = [100 + at for place, (number, at, _, _) in enumerate(expected) if number < 0 and not (place and at == end)]
    stopped = expected[-1][3] + 1 if expected else 0
    assert [p.offset for p in problems] == unread + ([100 + stopped] if stopped <= end else [])


def check_all_laws(data: bytes) -> None:
    """Read, judge and answer: whatever the bytes are, only values come out, and the bytes come back."""
    transaction = records.read(data)
    assert transaction.to_bytes() == data
    position = 0
    for record in transaction.records:
        assert record.offset == position
        position += len(record.raw)
        if record.type not in BINARY_TYPES and record.complete and not transaction.problems:
            parts = [record.raw[f.tag_start : f.value_end] for f in record.fields]
            assert b"\x1d".join(parts) + b"\x1c" == record.raw
    for problem in transaction.problems:
        assert 0 <= problem.offset <= len(data)
    assert all(i.width > 0 and i.ppi > 0 and i.data for i in transaction.images())
    records.read_booking(transaction)
    records.read_result(transaction)
    records.read_error(transaction)
    findings = records.validate(transaction)
    try:
        records.read(data, strict=True)
        assert not transaction.problems
    except RecordError as refused:
        assert refused.code == transaction.problems[0].code
    if findings:
        refusal = records.refusal_of(
            transaction, findings, tcn="ICN00000000000000001", dat="20101004", ori="FBICJIS00", dai="COSIB0000"
        )
        assert records.read(records.build_errt(refusal), strict=True).tot == "ERRT"


def mutated(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        where = chance.randrange(len(out) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            out[where : where + 1] = bytes([chance.choice(SPECIAL)])
        elif kind == 1:
            out[where : where + 1] = bytes([chance.randrange(256)])
        elif kind == 2:
            del out[where : where + chance.choice((1, 2, 10, 1000))]
        elif kind == 3:
            out[where:where] = bytes(chance.choice(SPECIAL) for _ in range(chance.randint(1, 20)))
        else:
            other = chance.randrange(len(out) + 1)
            out[where:where] = out[other : other + 40]
    return bytes(out)


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), which=st.sampled_from(range(len(SEEDS))))
def test_mutated_transactions_lose_no_byte_and_raise_nothing(seed: int, which: int) -> None:
    check_all_laws(mutated(SEEDS[which], random.Random(seed)))


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(st.sampled_from(SOUP), max_size=60))
def test_a_soup_of_tags_and_separators_loses_no_byte_and_raises_nothing(parts: list[bytes]) -> None:
    check_all_laws(b"".join(parts))
    check_all_laws(b"1.001:5\x1d1.003:1\x1f2\x1e4\x1f1\x1e14\x1f2\x1c" + b"".join(parts))


@pytest.mark.slow
@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample files in {SAMPLES}")
def test_mutated_published_files_lose_no_byte_and_raise_nothing() -> None:
    files = sorted(p for p in (SAMPLES / "transactions").rglob("*") if p.suffix in (".an2", ".ebts", ".nist"))
    chance = random.Random(11)
    for path in files:
        data = path.read_bytes()
        for _ in range(30 if len(data) < SMALL else 3):
            head = mutated(data[:3_000], chance)
            check_all_laws(head + data[3_000:])
            check_all_laws(mutated(data, chance))


@settings(max_examples=100, deadline=None)
@given(
    fields=st.dictionaries(
        st.integers(4, 998),
        printable | st.lists(st.lists(printable, min_size=1, max_size=4), min_size=1, max_size=4),
        max_size=12,
    ),
    data=st.binary(max_size=300),
    kind=st.sampled_from([2, 9, 10, 14, 15, 99]),
)
def test_what_is_written_reads_back_equal(fields: dict[int, str | list[list[str]]], data: bytes, kind: int) -> None:
    header = {2: "0300", 4: "CAR", 9: "TCN0000000001"}
    has_data = kind not in (2, 9) and data[:1] not in string.digits.encode()
    record = records.TaggedRecord(kind, fields, data if has_data else None)
    transaction = records.read(records.write(header, [record]))
    assert transaction.reading_problems == ()
    again = transaction.records[1]
    assert again.data == (data if has_data else b"")
    for number, value in fields.items():
        assert again.items(f"{kind}.{number:03d}") == ([[value]] if isinstance(value, str) else value)


@given(text=lines)
def test_folded_text_unfolds_to_itself_in_short_lines(text: str) -> None:
    folded = fold(text)
    assert unfold(folded) == text
    assert all(len(line) <= LINE_CHARACTERS and line[0] in " +" for line in folded)


@given(
    state=st.sampled_from(RepositoryState),
    pending=st.lists(st.integers(1, 135).map(str), max_size=4).map(tuple),
    iar=lines,
    rap=lines,
)
def test_response_text_parses_to_what_it_was_made_of(
    state: RepositoryState, pending: tuple[str, ...], iar: str, rap: str
) -> None:
    response = ResponseText(state, pending, iar, rap)
    assert ResponseText.from_text(response.to_text()) == response


@given(text=st.text(max_size=300))
def test_any_text_can_be_read_as_response_text(text: str) -> None:
    assert isinstance(ResponseText.from_text(text), ResponseText)
    ResponseText.from_text("TENPRINT RESPONSE TEXT 1\r\n" + text)
    ErrorMessage.from_text(text)


@given(found=st.text(max_size=40), text=printable, field=st.sampled_from(["", "2.018", "14.013"]))
def test_an_error_message_keeps_its_code_and_is_printable(found: str, text: str, field: str) -> None:
    written = ErrorMessage("E0002", text, field, found).to_text()
    assert all(c in PRINTABLE for c in written)
    assert ErrorMessage.from_text(written).code == "E0002"


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=200), seed=st.integers(0, 2**32))
def test_text_records_and_ident_responses_refuse_any_bytes_with_our_own_error(data: bytes, seed: int) -> None:
    query = Iaq("COSIB0000", "R-1", "DET DOE", "3035550100", "SAMPLESON,P", "19800229", "F", "MM").to_bytes()
    response = IdentDataResponse("I-1", "S-1", RepositoryState.NO_MATCH).to_bytes()
    chance = random.Random(seed)
    for reader, good in ((Iaq, query), (Iar, query.replace(b"IAQ", b"IAR")), (IdentDataResponse, response)):
        for candidate in (data, mutated(good, chance)):
            try:
                value = reader.from_bytes(candidate)
            except RecordError:
                continue
            assert value.to_bytes() == candidate
