"""Invented people: their fields are valid, nobody could take them for real, and two integers say everything."""

import collections
import re
from datetime import date

import numpy as np
import pytest

from tenprint.core.errors import SenderError
from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.synth import tables
from tenprint.synth.patterns import Pattern
from tenprint.synth.person import make_person

PEOPLE = [make_person(5, index) for index in range(120)]
STATUSES = {
    "citizen",
    "permanent_resident",
    "other_lawful",
    "removable",
    "in_proceedings",
    "final_order",
    "unknown",
}


def test_every_field_has_the_form_and_length_of_ebts() -> None:
    for person in PEOPLE:
        life = person.biography
        assert re.fullmatch(r"[A-Z]+,[A-Z]+ [A-Z]+", life.name)
        assert 3 <= len(life.name) <= 30
        born = date.fromisoformat(f"{life.dob[:4]}-{life.dob[4:6]}-{life.dob[6:]}")
        assert 18 <= (date(2010, 10, 4) - born).days / 365.25 < 76
        assert life.sex in ("M", "F")
        assert life.race in tuple("ABIUW")
        assert 400 <= int(life.height) <= 711
        assert int(life.height[1:]) <= 11
        assert 50 <= int(life.weight) <= 499
        assert len(life.weight) == 3
        assert life.eyes in ("BLK", "BLU", "BRO", "GRY", "GRN", "HAZ", "MAR", "MUL", "PNK", "XXX")
        assert life.hair in ("BAL", "BLK", "BLN", "BRO", "GRY", "RED", "SDY", "WHI", "XXX")
        assert re.fullmatch(r"[A-Z]{2}", life.birthplace)
        assert re.fullmatch(r"[A-Z]{2}", life.citizenship)


def test_the_longest_possible_name_still_fits() -> None:
    given = max(*tables.GIVEN_NAMES_F, *tables.GIVEN_NAMES_M, key=len)
    longest = f"{max(tables.SURNAMES, key=len)},{given} {max(tables.MIDDLE_NAMES, key=len)}"
    assert len(longest) <= 30


def test_every_surname_says_that_nobody_is_meant() -> None:
    assert {person.biography.name.split(",")[0] for person in PEOPLE} <= set(tables.SURNAMES)


def test_charges_are_coded_at_capture_and_some_are_traffic_only() -> None:
    for person in PEOPLE:
        assert 1 <= len(person.biography.charges) <= 2
        assert all(re.fullmatch(r"\d{4}", charge.code) and charge.literal for charge in person.biography.charges)
    traffic_only = sum(all(charge.is_traffic for charge in person.biography.charges) for person in PEOPLE)
    assert 0.15 < traffic_only / len(PEOPLE) < 0.6


def test_about_half_are_known_with_numbers_that_are_never_given_out() -> None:
    known = [person.biography.immigration for person in PEOPLE if person.biography.immigration]
    assert 0.35 < len(known) / len(PEOPLE) < 0.65
    assert {record.status for record in known} == STATUSES
    for record in known:
        assert re.fullmatch(r"A000\d{6}", record.a_number)
        assert re.fullmatch(r"0000\d{6}", record.fin)
        assert record.legal_ground == record.legal_ground.upper() != ""


def test_a_citizen_in_the_repository_has_citizenship_of_the_country() -> None:
    citizens = [p.biography for p in PEOPLE if p.biography.immigration and p.biography.immigration.status == "citizen"]
    assert citizens
    assert all(life.citizenship == "US" for life in citizens)


def test_the_share_of_known_people_follows_the_argument() -> None:
    assert not any(make_person(6, index, 0.0).biography.is_known for index in range(20))
    assert all(make_person(6, index, 1.0).biography.is_known for index in range(20))


def test_the_same_integers_make_the_same_person_and_others_another() -> None:
    make_person.cache_clear()
    again = make_person(5, 3)
    assert again is not PEOPLE[3]
    assert again.biography == PEOPLE[3].biography
    assert [plan.seed for plan in again.plans] == [plan.seed for plan in PEOPLE[3].plans]
    assert all(np.array_equal(a.cores, b.cores) for a, b in zip(again.plans, PEOPLE[3].plans, strict=True))
    assert len({person.person_id for person in [*PEOPLE, make_person(6, 0)]}) == len(PEOPLE) + 1
    assert len({plan.seed for person in PEOPLE for plan in person.plans}) == 10 * len(PEOPLE)


def test_all_pattern_types_occur_at_about_natural_frequencies() -> None:
    counts = collections.Counter(plan.pattern for person in PEOPLE for plan in person.plans)
    share = {pattern: counts[pattern] / (10 * len(PEOPLE)) for pattern in Pattern}
    assert set(counts) == set(Pattern)
    assert 0.52 < share[Pattern.LEFT_LOOP] + share[Pattern.RIGHT_LOOP] < 0.75
    assert 0.2 < share[Pattern.WHORL] + share[Pattern.TWIN_LOOP] < 0.42
    assert 0.02 < share[Pattern.ARCH] + share[Pattern.TENTED_ARCH] < 0.12


def test_loops_mostly_open_towards_the_little_finger() -> None:
    right = collections.Counter(plan.pattern for person in PEOPLE for plan in person.plans[:5])
    left = collections.Counter(plan.pattern for person in PEOPLE for plan in person.plans[5:])
    assert right[Pattern.RIGHT_LOOP] > 5 * right[Pattern.LEFT_LOOP]
    assert left[Pattern.LEFT_LOOP] > 5 * left[Pattern.RIGHT_LOOP]


def test_the_fingers_of_one_person_are_related() -> None:
    whorls = np.array([[plan.pattern >= Pattern.WHORL for plan in person.plans] for person in PEOPLE], dtype=float)
    independent = (whorls.mean(axis=0) * (1 - whorls.mean(axis=0))).sum()
    assert whorls.sum(axis=1).var() > 1.5 * independent


def test_a_position_that_is_no_finger_and_a_negative_seed_are_refused() -> None:
    with pytest.raises(SenderError, match="SYNTH_FINGER"):
        PEOPLE[0].plan(FingerPosition.PLAIN_RIGHT_FOUR)
    with pytest.raises(SenderError, match="SYNTH_SEED"):
        make_person(-1, 0)
    assert [PEOPLE[0].plan(fgp).fgp for fgp in SINGLE_FINGERS] == list(SINGLE_FINGERS)


def test_two_people_never_share_the_chance_of_their_impressions():
    draws = {person.chance(1, 11, 2).integers(2**62) for person in PEOPLE}
    assert len(draws) == len(PEOPLE)
    assert make_person(5, 0).chance(1, 11, 2).integers(2**62) in draws
    assert make_person(6, 0).chance(1, 11, 2).integers(2**62) not in draws


def test_women_have_finer_ridges_than_men_as_in_life():
    period = {
        sex: np.mean([plan.period_px for person in PEOPLE if person.biography.sex == sex for plan in person.plans])
        for sex in "FM"
    }
    assert 0.85 < period["F"] / period["M"] < 0.98
