"""Columns: what is refused, and what a small table answers."""

import numpy as np
import pytest

from tenprint.core.errors import SenderError
from tenprint.policy.columns import Column, decide_columns
from tenprint.policy.programme import load, parse_programme
from tenprint.policy.vocabulary import parse_vocabulary

PROGRAMME = load("secure-communities-2010-10")


def test_a_small_table_is_answered_row_by_row():
    columns = {
        "ori_activated": Column(np.array([True, False, False, True]), np.array([True, True, True, False])),
        "ndr_asks_immigration": Column(np.array([False, True, False, False])),
    }
    answers = decide_columns(PROGRAMME, "cascade_to_immigration", columns, 4)
    assert answers.outcomes().tolist() == ["search", "search", "do_not_search", "do_not_search"]
    assert answers.unsettled.tolist() == [False, False, False, True]


def test_a_fact_without_column_is_known_nowhere_and_no_rows_are_no_trouble():
    assert decide_columns(PROGRAMME, "hold_hours", {}, 3).outcomes().tolist() == [48, 48, 48]
    assert decide_columns(PROGRAMME, "detainer", {}, 0).outcomes().tolist() == []


@pytest.mark.parametrize(
    ("name", "column", "code"),
    [
        ("colour", Column(np.array([1, 2])), "POLICY_FACT_UNKNOWN"),
        ("usable_fingers", Column(np.array([1])), "POLICY_COLUMN"),
        ("usable_fingers", Column(np.array([1, 2]), np.array([True])), "POLICY_COLUMN"),
        ("usable_fingers", Column(np.array([1.0, 2.0])), "POLICY_COLUMN"),
        ("usable_fingers", Column(np.array([True, False])), "POLICY_COLUMN"),
        ("usable_fingers", Column(np.array([[1, 2]])), "POLICY_COLUMN"),
        ("usable_fingers", Column(np.array([1, 11])), "POLICY_FACT_VALUE"),
        ("usable_fingers", Column(np.array([-1, 1])), "POLICY_FACT_VALUE"),
        ("status", Column(np.array(["citizen", "alien"])), "POLICY_FACT_VALUE"),
    ],
)
def test_a_wrong_column_is_refused_with_a_code(name, column, code):
    with pytest.raises(SenderError) as caught:
        decide_columns(PROGRAMME, "accept_submission", {name: column}, 2)
    assert caught.value.code == code
    assert caught.value.field == name


def test_a_value_out_of_range_does_not_matter_where_it_is_not_known():
    columns = {"usable_fingers": Column(np.array([10, 99]), np.array([True, False]))}
    assert decide_columns(PROGRAMME, "accept_submission", columns, 2).outcomes().tolist() == ["accept", "reject"]


def test_a_listed_text_longer_than_any_in_the_column_is_not_cut_off_to_match():
    vocabulary = parse_vocabulary(
        "[facts.colour]\ntype='text'\nlabel='colour'\none_of=['red', 'redder']\n"
        "[questions.go]\nasks='go?'\noutcomes=['yes', 'no']\n"
    )
    rule = "[[rules]]\nquestion='go'\nid='{}'\nwhen={}\noutcome='{}'\nbasis='house'\nsentence='So.'\nsource='none'\n"
    programme = parse_programme(
        "[programme]\nid='toy'\nversion='1'\ntitle='toy'\neffective_from=2010-10-01\n"
        + rule.format("first", "[{fact='colour', in=['redder']}]", "yes")
        + rule.format("last", "[]", "no"),
        vocabulary,
    )
    answers = decide_columns(programme, "go", {"colour": Column(np.array(["red", "red"]))}, 2)
    assert answers.outcomes().tolist() == ["no", "no"]
