"""The study of the card check counts what it should: false faults, doubts and faults that were named."""

from tenprint.core.fingers import FingerPosition
from tenprint.engine.compare.sequence import SequenceFault, SequenceFinding
from tenprint.exchange.card_check import CardCheck
from tenprint.studies.card_checks import FaultFigures, count

INDEX, MIDDLE, RING = (FingerPosition(n) for n in (2, 3, 4))
SWAPPED = frozenset({(SequenceFault.SWAPPED, INDEX, MIDDLE), (SequenceFault.SWAPPED, MIDDLE, INDEX)})


def counted(expected, *findings, contradictions=()):
    figures = FaultFigures()
    found = tuple(SequenceFinding(fault, finger, other, 0) for fault, finger, other in findings)
    count(figures, CardCheck((INDEX, MIDDLE, RING), (), contradictions, found), frozenset(expected))
    return figures


def test_a_sound_card_without_findings_counts_as_right():
    figures = counted(())
    assert (figures.cards, figures.compared, figures.false_faults, figures.unconfirmed) == (1, 3, 0, 0)
    assert figures.false_card_interval.low == 0


def test_a_fault_that_nobody_put_there_is_false():
    figures = counted((), (SequenceFault.FOREIGN, RING, None))
    assert (figures.false_faults, figures.false_cards) == (1, 1)
    assert counted((), contradictions=("The ring is named as missing, but shows.",)).false_cards == 1


def test_a_sound_finger_that_is_not_confirmed_is_a_doubt_and_no_fault():
    figures = counted((), (SequenceFault.NOT_CONFIRMED, RING, None))
    assert (figures.unconfirmed, figures.false_faults, figures.false_cards) == (1, 0, 0)


def test_faults_that_are_named_are_counted_one_by_one():
    assert counted(SWAPPED, *SWAPPED).named == 2
    half = counted(SWAPPED, (SequenceFault.SWAPPED, INDEX, MIDDLE), (SequenceFault.NOT_CONFIRMED, MIDDLE, None))
    assert (half.expected, half.named, half.doubted) == (2, 1, 1)
    assert half.miss_interval.low < 0.5 < half.miss_interval.high


def test_another_name_for_a_finger_at_fault_is_a_miss_and_not_a_false_fault_as_well():
    figures = counted({(SequenceFault.FOREIGN, RING, None)}, (SequenceFault.MISPLACED, RING, INDEX))
    assert (figures.named, figures.doubted, figures.false_faults) == (0, 0, 0)
