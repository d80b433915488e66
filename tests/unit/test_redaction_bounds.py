"""Redaction of hostile files: little work whatever they hold, no name in a structural field, and readable output."""

from __future__ import annotations

import pytest

from tenprint import records
from tenprint.records.images import CodecPool
from tenprint.records.itl.conformance import STANDARD
from tenprint.records.itl.tables import load_table
from tenprint.records.itl.writer import TaggedRecord, write
from tenprint.records.redaction import Redacted, redact
from tenprint.records.redaction.classes import field_classes
from tenprint.records.redaction.fiction import (
    LONGEST_SHAPE,
    MAX_ITEMS_OF_FILE,
    MAX_TRIES_OF_FILE,
    Fiction,
)

HEADER = {2: "0502", 4: "CAR", 5: "20101004", 7: "FBICJIS00", 8: "COSIB0000", 9: "TCN-2010-0000001"}
WHOLE = {"9.007": "shape", "9.012": "numbered", "17.033": "points"}


class Told(frozenset[str]):
    """Values that count how often they are looked into."""

    looks = 0

    def __contains__(self, value: object) -> bool:
        """Count and tell."""
        Told.looks += 1
        return super().__contains__(value)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr(Told, "looks", 0)
    return Told({"SMITH", "a" * 199})


@pytest.mark.parametrize("tag", WHOLE)
def test_a_long_item_of_minutiae_is_left_blank_and_not_searched(tag: str, told: Told) -> None:
    table = load_table(STANDARD)
    made = Fiction(told).occurrence(table.fields[tag], table, "1\x1f" + "a" * 100_000, WHOLE[tag])
    assert len(made) <= LONGEST_SHAPE
    assert Told.looks < 1_000


def test_only_pieces_as_long_as_a_value_of_the_file_are_looked_for(told: Told) -> None:
    fiction = Fiction(told)
    assert fiction.tells("X" * 500 + "SMITH")
    Told.looks = 0
    assert not fiction.tells("X" * 1_000)
    assert Told.looks < 2 * 1_000


@pytest.mark.parametrize("tag", ["2.009", *WHOLE])
def test_the_tries_of_a_file_are_bounded_whatever_is_in_the_place_of_numbers(tag: str) -> None:
    table = load_table("ebts-8.001" if tag == "2.009" else STANDARD)
    fiction = Fiction(frozenset())
    for number in range(2 * MAX_TRIES_OF_FILE):
        made = fiction.occurrence(table.fields[tag], table, f"{number:011d}", WHOLE.get(tag, "number"))
    assert fiction.tries == MAX_TRIES_OF_FILE <= 20_000
    assert made == ""


def test_the_items_of_a_file_are_bounded_and_the_rest_is_left_blank() -> None:
    table = load_table(STANDARD)
    fiction = Fiction(frozenset())
    made = [fiction.occurrence(table.fields["9.012"], table, "1\x1f2\x1f3\x1f4", "numbered") for _ in range(60_000)]
    assert made[0] == "1\x1f0\x1f0\x1f0"
    assert made[-1] == ""
    assert fiction.items == MAX_ITEMS_OF_FILE


def without_persons(data: bytes, profile: str = "ebts-8.001") -> Redacted:
    with CodecPool(1) as pool:
        return redact(records.read(data), pool, profile=profile)


NOT_KEPT = [
    ("1.002", "1984"), ("1.004", "MUELLER-ANNA"), ("1.004", "SMITH"), ("1.011", "19.84"), ("1.012", "31.12"),
    ("1.013", "NORAM\x1f19.84"), ("1.015", "123\x1fASCII\x1f1984"), ("2.052", "JO"), ("2.057", "19\x1f84\x1f12\x1f31"),
    ("2.074", "555"), ("2.098", "123"), ("9.006", "1984"), ("9.130", "84"), ("9.131", "1984"), ("9.134", "184"),
    ("10.008", "1984"), ("10.009", "19841"), ("10.010", "1231"), ("10.016", "1984"), ("10.017", "84123"),
    ("17.022", "1984"), ("98.003", "1984"), ("99.100", "1231"), ("99.101", "19841231"), ("99.103", "1984"),
    ("99.104", "1231"), ("99.102", "1\x1f1984\x1f1"), ("99.102", "1\x1f0000\x1f98410"),
    ("14.024", "1\x1f50\x1f1231\x1f1"),
]  # fmt: skip


@pytest.mark.parametrize(("tag", "value"), NOT_KEPT)
def test_a_name_a_year_or_a_part_of_a_number_is_no_structure(tag: str, value: str) -> None:
    assert tag in field_classes().kept
    assert not field_classes().keeps(tag, [value])


@pytest.mark.parametrize(("tot", "stays"), [("ANNA", False), ("TPRS", True), ("CAR", True), ("MUELLER", False)])
def test_a_type_of_transaction_that_another_field_holds_is_no_type_of_transaction(tot: str, stays: bool) -> None:
    data = write(HEADER | {4: tot}, [TaggedRecord(2, {18: "MUELLER,ANNA CAR"})])
    now = records.read(without_persons(data).data, strict=True)
    assert (now.tot == tot) is stays
    assert b"MUELLER" not in now.to_bytes()
    assert b"ANNA" not in now.to_bytes()


def test_a_long_type_of_transaction_stays_when_the_profile_knows_it() -> None:
    data = write(HEADER | {4: "CARAAR"}, [TaggedRecord(2, {18: "MUELLER,CARAAR"})])
    assert records.read(without_persons(data, "example-state").data).tot == "CARAAR"
    assert records.read(without_persons(data).data).tot != "CARAAR"


def test_a_place_in_an_image_that_is_a_year_in_another_field_is_made_up() -> None:
    box = [["1", "10", "1984", "20", "30"]]
    for comment, stays in (("born in 1984", False), ("born in 1985", True)):
        data = write(HEADER, [TaggedRecord(2, {}), TaggedRecord(14, {13: "13", 20: comment, 21: box}, b"x")])
        assert (b"1984" in without_persons(data).data) is stays
