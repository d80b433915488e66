"""Laws of immigration messages: any value, as text and as XML and back, is the same value and the same bytes."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tenprint.core.errors import RecordError
from tenprint.records import ExaminerFinding, Iaq, Iar, IarStatus, IdentDataResponse, RepositoryState, messages
from tenprint.records.messages import Form
from tenprint.records.nlets import iaq, iar
from tenprint.records.nlets.lines import Line
from tenprint.records.words import MatchConfirmation

OWN = ("status", "confirmed_by", "caveat", "text")
LETTERS = st.characters(exclude_categories=["C", "Z"], include_characters=" <>&\"']")


def values_for(layout: tuple[Line, ...]) -> dict[str, st.SearchStrategy[Any]]:
    """Return a strategy for each value: what the line's own pattern allows."""
    by_name = {line.name: st.from_regex(line.pattern, fullmatch=True) for line in layout if line.name not in OWN}
    optional = {line.name for line in layout if line.is_optional}
    return {name: (st.just("") | value if name in optional else value) for name, value in by_name.items()}


queries = st.builds(Iaq, **values_for(iaq.LAYOUT), confirmed_by=st.sampled_from(MatchConfirmation))
grounds = {"legal_ground": st.from_regex(r"[!-~][ -~]{0,119}", fullmatch=True)}
free_text = st.text(string.printable[:95] + "\n", min_size=1, max_size=600)
answers = st.builds(
    Iar, **(values_for(iar.LAYOUT) | grounds), status=st.sampled_from(IarStatus), text=free_text,
    confirmed_by=st.sampled_from(MatchConfirmation),
)  # fmt: skip
short = st.text(LETTERS, max_size=80)
number = st.text(LETTERS, min_size=1, max_size=40)
counts = st.integers(0, 1_000_000_000)
matches = st.builds(
    IdentDataResponse, tcn=number, tcr=number, result=st.just(RepositoryState.MATCH), subject_id=short.filter(bool),
    encounter_id=short, fin=short, a_number=short, examiner=short, names=st.lists(short, max_size=20).map(tuple),
    finding=st.sampled_from([ExaminerFinding.NONE, ExaminerFinding.IDENTIFICATION]), candidates_considered=counts,
    shards_total=st.just(1_000_000_000), shards_answered=counts, text=st.text(LETTERS, max_size=1_000),
)  # fmt: skip
others = st.builds(
    IdentDataResponse, tcn=number, tcr=number, candidates_considered=counts, text=short,
    result=st.sampled_from([RepositoryState.PENDING, RepositoryState.ERROR, RepositoryState.NO_MATCH]),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(message=queries | answers | matches | others)
def test_text_to_value_to_xml_to_value_to_text_is_the_same(message: messages.Message) -> None:
    text = message.to_bytes()
    value, form = messages.read(text)
    again, other = messages.read(messages.to_xml(value))
    assert (value, again) == (message, message)
    assert (form, other) == (Form.TEXT, Form.XML)
    assert again.to_bytes() == text


@settings(max_examples=300, deadline=None)
@given(
    data=st.binary(max_size=300),
    head=st.sampled_from([b"", b"<", b"IAQ 1\r\n", b"IAR 1\r\n", b"{", b"\xef\xbb\xbf<a>"]),
)
def test_any_bytes_give_a_message_or_an_error_of_ours(data: bytes, head: bytes) -> None:
    try:
        messages.read(head + data)
    except RecordError as refused:
        assert refused.code.startswith(("E00", "XML_"))
