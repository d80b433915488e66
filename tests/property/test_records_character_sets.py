"""Characters by 1.015: what is declared is what is read and written, and no bytes are lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenprint import records
from tenprint.core.errors import RecordError
from tenprint.records import TaggedRecord
from tenprint.records.itl.character_sets import CharacterSet, character_set_of, decode_text

HEADER = {2: "0502", 4: "CAR", 5: "20101004", 7: "ZZFBI0000", 8: "ZZ0000000", 9: "TCN-1", 11: "00.00", 12: "00.00"}
LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"))
LATIN = st.characters(max_codepoint=255, exclude_categories=("Cc",))


def name_in(declared: str, *parts: str) -> list[str]:
    """Return the items of 2.018 of a file that declares a character set, after it was written and read."""
    header = HEADER | {15: [[declared, "X", "1"]]}
    data = records.write(header, [TaggedRecord(2, {18: [list(parts)]})])
    found = records.read(data, strict=True)
    assert found.to_bytes() == data
    return found.of_type(2)[0].items("2.018")[0]


@given(parts=st.lists(st.text(LETTERS, min_size=1, max_size=30), min_size=1, max_size=3))
def test_any_letters_survive_in_utf_8(parts: list[str]) -> None:
    assert name_in("003", *parts) == parts


@given(parts=st.lists(st.text(LATIN, min_size=1, max_size=30), min_size=1, max_size=3))
def test_latin_1_is_taken_at_its_word_even_where_it_could_be_utf_8(parts: list[str]) -> None:
    assert name_in("1", *parts) == parts


def test_bytes_that_are_latin_1_and_utf_8_alike_are_read_as_declared() -> None:
    assert decode_text("Ã¡".encode("latin-1"), CharacterSet.LATIN_1) == "Ã¡"
    assert decode_text("Ã¡".encode("latin-1"), CharacterSet.UTF_8) == "á"
    assert decode_text("Ã¡".encode("latin-1")) == "á"


@pytest.mark.parametrize("declared", [CharacterSet.UTF_16, CharacterSet.UTF_32])
def test_wide_letters_are_read_and_codes_beside_them_stay_ascii(declared: CharacterSet) -> None:
    assert decode_text("MÜLLER,EXAMPLE".encode(declared.codec), declared) == "MÜLLER,EXAMPLE"
    assert decode_text(("\ufeff" + "華裔").encode(declared.codec), declared) == "華裔"
    assert decode_text(b"19790228", declared) == "19790228"


@given(value=st.binary(max_size=60), declared=st.sampled_from([None, *CharacterSet]))
def test_any_bytes_are_some_text_under_any_declaration(value: bytes, declared: CharacterSet | None) -> None:
    assert isinstance(decode_text(value, declared), str)


@pytest.mark.parametrize(
    ("declared", "text"),
    [("0", "MÜLLER"), ("1", "華裔"), ("003", "A\x1eB"), ("003", "A\x00B"), ("003", "A\u2028B"), ("1", "A\x85B")],
)
def test_what_the_declared_set_cannot_hold_is_refused(declared: str, text: str) -> None:
    with pytest.raises(RecordError) as refused:
        name_in(declared, text)
    assert (refused.value.code, refused.value.field) == ("E0005", "2.018")


@pytest.mark.parametrize("declared", ["2", "4", "5", "x", "", "0003"])
def test_sets_in_which_a_letter_may_hold_a_separator_and_unknown_ones_are_not_written(declared: str) -> None:
    with pytest.raises(RecordError) as refused:
        name_in(declared, "PLAIN")
    assert (refused.value.code, refused.value.field) == ("E0005", "1.015")


def test_type_1_is_ascii_whatever_it_declares() -> None:
    with pytest.raises(RecordError, match="printable 7-bit ASCII") as refused:
        records.write(HEADER | {15: [["003", "UTF-8"]], 16: "Ü"}, [])
    assert refused.value.field == "1.016"


def test_an_index_is_read_with_and_without_zeros_and_nothing_else_is_one() -> None:
    assert [character_set_of(text) for text in ("3", "003", " 3 ")] == [CharacterSet.UTF_8] * 3
    assert [character_set_of(text) for text in ("", "5", "128", "-1", "²", "3x", "0003")] == [None] * 7
