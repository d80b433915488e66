"""Laws of the exchange's values: readers invert writers, hostile bytes give coded errors, states never go back."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tenprint.core.errors import RecordError
from tenprint.exchange.model.bodies import Acknowledgement, CustodyReport, DetainerAnswer, DetainerRequest, TaskAnswer
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.known import advanced
from tenprint.exchange.model.words import FINAL_STATES, CaseState, TaskKind
from tenprint.exchange.tasks.plain import plain_text

NOW = datetime(2010, 10, 4, 8, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)
BODIES = (Acknowledgement, CustodyReport, DetainerAnswer, DetainerRequest, TaskAnswer)


@given(
    st.builds(
        TaskAnswer,
        task_id=TEXT,
        kind=st.sampled_from([str(kind) for kind in TaskKind]),
        n=st.integers(1, 1000),
        answer=TEXT,
        reason=TEXT,
        by=TEXT,
        shown_hash=TEXT,
        details=st.dictionaries(TEXT, TEXT, max_size=4),
        closes=st.booleans(),
    )
)
def test_reading_what_was_written_gives_the_same_answer_and_one_form(answer: TaskAnswer) -> None:
    assert TaskAnswer.from_bytes(answer.to_bytes()) == answer


@given(st.sampled_from(BODIES), st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_with_a_code(body, data: bytes) -> None:
    with suppress(RecordError):
        assert body.from_bytes(data).to_bytes() == data


@given(st.lists(st.sampled_from(CaseState), max_size=8))
def test_a_case_never_goes_back_and_never_leaves_a_final_state(states: list[CaseState]) -> None:
    order = list(CaseState)
    case = Case("case-1", NOW, CaseState.SUBMITTED)
    for state in states:
        after = advanced(case, state)
        assert order.index(after.state) >= order.index(case.state)
        assert case.state not in FINAL_STATES or after.state == case.state
        case = after


def test_the_order_in_which_answers_arrive_does_not_matter_for_where_a_case_ends() -> None:
    arrivals = (CaseState.SEARCHING, CaseState.AWAITING_STATUS, CaseState.ANSWERED)
    ends = set()
    for order in permutations(arrivals):
        case = Case("case-1", NOW, CaseState.SUBMITTED)
        for state in order:
            case = advanced(case, state)
        ends.add(case.state)
    assert ends == {CaseState.ANSWERED}


@given(st.text(max_size=80), st.integers(1, 40))
def test_plain_text_is_printable_ascii_of_its_length(text: str, longest: int) -> None:
    plain = plain_text(text, longest)
    assert len(plain) <= longest
    assert all(" " <= c <= "~" for c in plain)
