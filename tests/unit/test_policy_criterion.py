"""Which charges the criminal repository keeps: a list of a regulation, read and never guessed."""

import tomllib
from datetime import date
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenprint.core.errors import RecordError
from tenprint.policy.criterion import FILE, Charge, all_lists, excluded_on, is_criterion, read_lists
from tenprint.records.nlets.offences import code_and_words, offence_in_words

DAY = date(2010, 10, 4)
ASSAULT, TRAFFIC, UNREAD = Charge("1399", ""), Charge("5499", ""), Charge("", "647F")
CHARGES = st.sampled_from([ASSAULT, TRAFFIC, UNREAD, Charge("", "VAGRANCY"), Charge("0399", ""), Charge("5401", "")])


def given_file():
    return tomllib.loads(resources.files("tenprint.policy").joinpath(FILE).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("charge", "said"),
    [
        (Charge("5404", "DRIVING UNDER INFLUENCE"), True),
        (Charge("5401", "HIT AND RUN"), True),
        (Charge("0909", ""), True),
        (Charge("5499", "SPEEDING"), False),
        (Charge("5311", ""), False),
        (Charge("", "drunk in public"), False),
        (Charge("", " Loitering. "), False),
        (Charge("7399", "VAGRANCY"), False),
        (Charge("7399", "SOMETHING"), None),
        (Charge("0399", ""), None),
        (Charge("", "LOITERING WITH INTENT"), None),
        (Charge("", ""), None),
    ],
)
def test_a_charge_is_read_by_its_code_or_by_its_whole_text(charge, said):
    assert is_criterion([charge], DAY) is said


def test_a_booking_without_charges_says_nothing():
    assert is_criterion([], DAY) is None


@given(st.lists(CHARGES, max_size=6))
def test_one_criterion_offence_makes_the_booking_one_and_an_unread_charge_never_makes_it_none(charges):
    said = is_criterion(charges, DAY)
    each = [is_criterion([charge], DAY) for charge in charges]
    assert said is (True if True in each else None if None in each or not each else False)
    assert is_criterion(charges[::-1], DAY) is said


def test_before_the_first_list_the_first_one_speaks_and_every_code_in_it_is_in_the_table():
    assert excluded_on(date(1990, 1, 1)) is excluded_on(date(2010, 1, 1))
    codes = [code for each in all_lists() for code in each.codes | each.says_nothing if code != "0399"]
    assert codes
    assert all(offence_in_words(code) for code in codes)


def test_a_later_list_holds_from_its_own_day():
    first = given_file()["lists"][0]
    later = first | {"since": date(2015, 1, 1), "classes": [{"says": "x", "codes": ["1399"], "words": []}]}
    lists = read_lists({"lists": [later, first | {"until": date(2014, 12, 31)}]})
    assert [each.has(ASSAULT) for each in lists] == [False, True]


@pytest.mark.parametrize(
    "change",
    [
        {"source": ""}, {"standing": "sure"}, {"surprise": 1}, {"classes": []}, {"says_nothing": ["99"]},
        {"classes": [{"says": "x", "codes": ["12a4"], "words": []}]}, {"classes": [{"says": "x", "codes": []}]},
    ],
)  # fmt: skip
def test_a_list_that_lacks_something_or_says_too_much_is_refused(change):
    data = given_file()
    data["lists"][0] |= change
    with pytest.raises(RecordError) as refused:
        read_lists(data)
    assert refused.value.code == "CRITERION_OFFENCES_INVALID"


@pytest.mark.parametrize("data", [{}, {"lists": []}, {"lists": [], "more": 1}])
def test_a_file_without_lists_is_refused(data):
    with pytest.raises(RecordError):
        read_lists(data)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("5404 DRIVING UNDER INFLUENCE", ("5404", "DRIVING UNDER INFLUENCE")),
        ("5404", ("5404", "")),
        (" 2299-BURGLARY", ("2299", "BURGLARY")),
        ("PROBATION, CASE OF 2008", ("", "PROBATION, CASE OF 2008")),
        ("20080101 X", ("", "20080101 X")),
        ("", ("", "")),
    ],
)
def test_the_code_of_a_charge_stands_first_and_a_year_is_none(text, read):
    assert code_and_words(text) == read
