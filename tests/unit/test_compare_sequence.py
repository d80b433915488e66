"""Sequence check: fingers of a synthetic card that change places are named."""

import pytest

from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition, Impression
from tenprint.engine.compare.sequence import CLEAR_MINUTIAE, FMR_1E4, FMR_1E6, SequenceFault, check_sequence
from tenprint.engine.extract import extract
from tenprint.synth.cards import render_plain, render_rolled
from tenprint.synth.conditions import Condition
from tenprint.synth.person import make_person

INDEX, MIDDLE, RING = (FingerPosition(n) for n in (2, 3, 4))
CHOSEN = (INDEX, MIDDLE, RING)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def card():
    person, stranger = make_person(91, 0), make_person(91, 1)
    good = Condition.GOOD
    rolled = {f: extract(render_rolled(person, 1, f, good, good).image) for f in CHOSEN}
    plain = {f: extract(render_plain(person, 1, f, good, good).image) for f in CHOSEN}
    again = extract(render_rolled(person, 2, INDEX, good, good).image)
    foreign = extract(render_plain(stranger, 1, INDEX, good, good).image)
    return rolled, plain, again, foreign


def faults(rolled, plain):
    return [(f.fault, f.finger, f.other) for f in check_sequence(rolled, plain)]


def test_a_sound_card_has_no_findings(card):
    rolled, plain, _, _ = card
    assert faults(rolled, plain) == []


def test_two_plain_fingers_that_changed_places_are_named_as_swapped(card):
    rolled, plain, _, _ = card
    swapped = plain | {INDEX: plain[MIDDLE], MIDDLE: plain[INDEX]}
    found = check_sequence(rolled, swapped)
    assert {(f.fault, f.finger, f.other) for f in found} == {
        (SequenceFault.SWAPPED, INDEX, MIDDLE),
        (SequenceFault.SWAPPED, MIDDLE, INDEX),
    }
    assert found[0].sentence == "The plain right index is the rolled right middle, and the other way round."


def test_a_finger_rolled_twice_is_named_as_duplicated(card):
    rolled, plain, again, _ = card
    assert (SequenceFault.DUPLICATED, INDEX, MIDDLE) in faults(rolled | {MIDDLE: again}, plain)


def test_a_plain_finger_given_twice_is_named_as_misplaced(card):
    rolled, plain, _, _ = card
    assert faults(rolled, plain | {RING: plain[INDEX]}) == [(SequenceFault.MISPLACED, RING, INDEX)]


def test_somebody_elses_finger_is_named_as_foreign(card):
    rolled, plain, _, foreign = card
    assert len(foreign) >= CLEAR_MINUTIAE
    assert faults(rolled, plain | {RING: foreign}) == [(SequenceFault.FOREIGN, RING, None)]


def test_a_poor_print_is_not_called_foreign(card):
    rolled, plain, _, foreign = card
    poor = type(foreign)(
        x=foreign.x[:6], y=foreign.y[:6], angle=foreign.angle[:6], kind=foreign.kind[:6], quality=foreign.quality[:6],
        width=foreign.width, height=foreign.height, fgp=RING, impression=Impression.LIVESCAN_PLAIN,
    )  # fmt: skip
    assert faults(rolled, plain | {RING: poor}) == [(SequenceFault.NOT_CONFIRMED, RING, None)]


def test_a_position_without_a_rolled_finger_is_not_judged(card):
    rolled, plain, _, _ = card
    assert faults({INDEX: rolled[INDEX]}, plain) == []


def test_another_position_needs_a_stricter_threshold_than_its_own():
    assert FMR_1E6 > FMR_1E4
    assert len(SINGLE_FINGERS) == 10
