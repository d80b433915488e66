"""Redaction of hostile files: little work whatever they hold, no name in a structural field, and readable output."""

from __future__ import annotations

import pytest

from tenprint.records.itl.conformance import STANDARD
from tenprint.records.itl.tables import load_table
from tenprint.records.redaction.fiction import (
    LONGEST_SHAPE,
    MAX_ITEMS_OF_FILE,
    MAX_TRIES_OF_FILE,
    Fiction,
)

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
