"""Canonical JSON is RFC 8785's, whichever of the two writers wrote it."""

import enum

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from tenprint.core.canonical import MOST_EXACT, canonical_json
from tenprint.core.errors import RecordError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MOST_EXACT, MOST_EXACT) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


class Word(enum.StrEnum):
    HELD = "held"


@given(VALUES)
@example({"\U00010000": 1, "\ufb33": 2})  # names whose order by UTF-16 unit is not that by code point
@example({"a": '\x7f\x1f\u2028\u00a0"\\/', "b": ["\b\t\n\f\r", True, None]})
@example({"state": Word.HELD, "n": MOST_EXACT})
def test_every_value_is_written_as_rfc_8785_says(value: object) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value", [1.0, {"a": [0.5]}, MOST_EXACT + 1, -MOST_EXACT - 1, {"a": "\ud800"}, {"\ud800": 1}, {1: "a"}, {"a": b"b"}]
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises((RecordError, UnicodeEncodeError)):
        canonical_json(value)
