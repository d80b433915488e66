"""Findings finger by finger: which words are taken, and what contradicts itself."""

from datetime import UTC, datetime

import pytest

from tenprint.core.errors import SenderError
from tenprint.core.fingers import FingerPosition
from tenprint.exchange.model.bodies import TaskAnswer
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import TaskKind
from tenprint.exchange.tasks.findings import Recorded, check_fingers, fingers_of
from tenprint.web.shelf import Shelf

NOON = datetime(2010, 10, 4, 12, tzinfo=UTC)
SHOWN = {"candidates": [{"subject_id": "FIN-A"}, {"subject_id": "FIN-B"}]}
TASK = Task("task-1", "case-1", "x", TaskKind.EXAMINE, NOON, None, SHOWN, "00", ("identification", "exclusion"))


def answer(whole: str, n: int = 1, **details: str) -> TaskAnswer:
    return TaskAnswer("task-1", "examine", n, whole, "as seen", "ANN FIRST", "00", details)


def code_of(whole: str, *earlier: TaskAnswer, **details: str) -> str:
    try:
        check_fingers(TASK, answer(whole, 9, **details), [Recorded(each, NOON) for each in earlier])
    except SenderError as problem:
        return problem.code
    return ""


@pytest.mark.parametrize(
    ("whole", "fingers", "code"),
    [
        ("identification", {}, ""),
        ("identification", {"finger_1": "identification"}, ""),
        ("identification", {"finger_1": "identification", "finger_2": "inconclusive", "finger_3": "not_compared"}, ""),
        ("identification", {"finger_1": "inconclusive"}, "FINDING_CONTRADICTS"),
        ("identification", {"finger_1": "identification", "finger_2": "exclusion"}, "FINDING_CONTRADICTS"),
        ("exclusion", {"finger_1": "exclusion", "finger_2": "inconclusive"}, ""),
        ("exclusion", {"finger_1": "inconclusive"}, "FINDING_CONTRADICTS"),
        ("exclusion", {"finger_1": "identification"}, "FINDING_CONTRADICTS"),
        ("exclusion", {"finger_1": "identification", "finger_2": "exclusion"}, "FINDING_CONTRADICTS"),
        ("inconclusive", {"finger_1": "identification", "finger_2": "exclusion"}, ""),
        ("inconclusive", {"finger_1": "inconclusive"}, ""),
        ("inconclusive", {"finger_1": "not_compared", "finger_9": "not_compared"}, "FINGER_FINDING_MISSING"),
        ("inconclusive", {"finger_1": "likely"}, "FINGER_FINDING_UNKNOWN"),
        ("inconclusive", {"finger_11": "inconclusive"}, "FINGER_UNKNOWN"),
        ("inconclusive", {"finger_01": "inconclusive"}, "FINGER_UNKNOWN"),
        ("inconclusive", {"finger_": "inconclusive"}, "FINGER_UNKNOWN"),
    ],
)
def test_fingers_and_the_finding_as_a_whole_agree_or_are_refused(whole: str, fingers: dict, code: str) -> None:
    assert code_of(whole, **fingers) == code


def test_what_the_same_person_found_before_counts_for_fingers_that_are_not_repeated() -> None:
    first = answer("identification", finger_1="identification", finger_2="inconclusive")
    assert code_of("identification", first) == ""
    assert code_of("exclusion", first) == "FINDING_CONTRADICTS"
    assert code_of("exclusion", first, finger_1="exclusion") == ""
    assert code_of("identification", first, finger_1="not_compared") == "FINDING_CONTRADICTS"


def test_an_earlier_finding_about_another_candidate_counts_for_nothing() -> None:
    first = answer("identification", finger_1="identification")
    assert code_of("exclusion", first, candidate="FIN-B", finger_1="exclusion") == ""
    assert code_of("exclusion", first, candidate="FIN-B", finger_2="exclusion") == ""
    assert code_of("exclusion", first, candidate="FIN-A", finger_2="exclusion") == "FINDING_CONTRADICTS"


def test_fingers_are_listed_from_the_right_thumb_whatever_their_order_in_the_message() -> None:
    found = fingers_of({"finger_10": "exclusion", "candidate": "FIN-A", "finger_2": "identification"})
    assert list(found.items()) == [
        (FingerPosition.RIGHT_INDEX, "identification"),
        (FingerPosition.LEFT_LITTLE, "exclusion"),
    ]


def test_a_shelf_keeps_what_was_asked_for_last_and_never_more_than_its_size() -> None:
    shelf: Shelf[bytes] = Shelf(10, len)
    assert [shelf.get(n, lambda n=n: b"xxxx" + bytes([n])) for n in (1, 2)] == [b"xxxx\x01", b"xxxx\x02"]
    assert shelf.get(1, lambda: b"made again") == b"xxxx\x01"
    shelf.get(3, lambda: b"xxxxx")
    assert (1 in shelf, 2 in shelf, 3 in shelf) == (True, False, True)
    assert shelf.get(4, lambda: b"x" * 11) == b"x" * 11 and 4 not in shelf
    assert 1 in shelf


def test_what_could_not_be_made_is_not_kept_on_the_shelf() -> None:
    shelf: Shelf[bytes] = Shelf(10, len)
    with pytest.raises(ZeroDivisionError):
        shelf.get(1, lambda: bytes(1 // 0))
    assert shelf.get(1, lambda: b"x") == b"x"
