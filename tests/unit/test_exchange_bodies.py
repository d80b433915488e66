"""Bodies of our own messages: one form each, strict readers, coded errors."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tenprint.core.errors import RecordError
from tenprint.exchange.model import bodies
from tenprint.exchange.model.aftermath import ArrestNotice
from tenprint.exchange.model.bodies import Acknowledgement, CustodyReport, DetainerAnswer, DetainerRequest, TaskAnswer
from tenprint.exchange.model.numbers import control_number, short_number

NOW = datetime(2010, 10, 4, 8, tzinfo=UTC)
ANSWER = TaskAnswer("task-1", "examine", 1, "exclusion", "as seen", "EXAMINER", "0" * 64, {"candidate": "X"})
EXAMPLES = (
    Acknowledgement("TCN-1", 9, {"3": "L0009: no"}),
    ANSWER,
    bodies.TimerFired("wake-1", "answer_due", NOW),
    DetainerRequest(
        "SAMPLE,PERSON", "19800229", "TCN-1", "removable", "ground", "final_order", "because", "OFFICER", "rule-1",
        "2010-10", 48, NOW,
    ),
    DetainerAnswer("detainer-1", "accept", "room", "CLERK", 48),
    DetainerAnswer("detainer-1", "decline", "no room", "CLERK"),
    CustodyReport("detainer-1", "would_be_released", NOW, None, "bail was paid", by="CLERK"),
    CustodyReport("detainer-1", "cancelled", None, NOW, "taken back"),
    CustodyReport("detainer-1", "lapsed", NOW, NOW, "time ran out"),
    CustodyReport("detainer-1", "released", NOW, NOW, "bail was paid", by="CLERK"),
)  # fmt: skip


@pytest.mark.parametrize("body", EXAMPLES, ids=lambda body: type(body).__name__)
def test_a_body_survives_the_way_there_and_back(body: bodies.Body) -> None:
    data = body.to_bytes()
    assert type(body).from_bytes(data) == body
    assert json.loads(data)["type"] == body.TYPE


@pytest.mark.parametrize("number", ["9" * 81, "TCN\n1", "TCN-ü"])
def test_a_control_number_in_a_body_has_the_form_of_one_in_a_header(number: str) -> None:
    """A party keeps it where it keeps those: one of a megabyte would find no room."""
    request = next(body for body in EXAMPLES if isinstance(body, DetainerRequest))
    for make in (
        lambda: replace(request, booking_tcn=number),
        lambda: ArrestNotice("arrest", "XX0990000", number, "", {"1": "5404"}),
        lambda: ArrestNotice("arrest", "X" * 33, "TCN-1", "", {"1": "5404"}),
    ):
        with pytest.raises(RecordError, match="BODY_INVALID"):
            make()


def changed(**values: object) -> bytes:
    fields = json.loads(ANSWER.to_bytes()) | values
    return json.dumps(
        {k: v for k, v in fields.items() if v is not ...}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"", ""),
        (b"[]", ""),
        (b"{" * 2000, ""),
        (b"\xff", ""),
        (changed(type="timer"), ""),
        (changed(v=2), ""),
        (changed(more="x"), ""),
        (changed(reason=...), ""),
        (changed(n="1"), "n"),
        (changed(n=True), "n"),
        (changed(n=0), "n"),
        (changed(n=1.5), "n"),
        (changed(closes=1), "closes"),
        (changed(details=[]), "details"),
        (changed(details={"a": 1}), "details"),
        (changed(kind="nap"), "kind"),
        (changed(by=""), "by"),
        (b" " + ANSWER.to_bytes(), ""),
        (ANSWER.to_bytes().replace(b'"n":1', b'"n": 1'), ""),
        (ANSWER.to_bytes().ljust(70_000), ""),
    ],
)
def test_anything_else_is_refused_with_the_field_at_fault(data: bytes, field: str) -> None:
    with pytest.raises(RecordError) as refused:
        TaskAnswer.from_bytes(data)
    assert (refused.value.code, refused.value.field) == ("BODY_INVALID", field)


def test_values_that_contradict_each_other_are_refused() -> None:
    for make in (
        lambda: DetainerAnswer("d", "accept", "room", "CLERK", 0),
        lambda: DetainerAnswer("d", "decline", "no", "CLERK", 48),
        lambda: DetainerAnswer("d", "perhaps", "no", "CLERK"),
        lambda: CustodyReport("d", "would_be_released", NOW, NOW, "bail was paid", by="CLERK"),
        lambda: CustodyReport("d", "transferred", NOW, None, "handed over", by="CLERK"),
        lambda: CustodyReport("d", "transferred", None, NOW, "handed over", by="CLERK"),
        lambda: CustodyReport("d", "transferred", NOW, NOW, "handed over", by=""),
        lambda: CustodyReport("d", "released", NOW, NOW, "bail was paid", by=""),
        lambda: CustodyReport("d", "lapsed", NOW, NOW.replace(year=2009), "time"),
        lambda: Acknowledgement("TCN", 11),
    ):
        with pytest.raises(RecordError, match="BODY_INVALID"):
            make()


def test_a_task_answer_is_named_after_task_and_number_never_after_the_case_alone() -> None:
    assert ANSWER.message_id == "examine-task-1-1"


def test_control_numbers_are_twenty_letters_and_digits_made_from_content() -> None:
    number = control_number("criminal_repository", "case-1", "SRE")
    assert number == control_number("criminal_repository", "case-1", "SRE")
    assert number != control_number("criminal_repository", "case-1", "SECOND_SRE")
    assert len(number) == 20
    assert number.isalnum()
    assert number == number.upper()
    assert len(short_number("", 9, "subject-1")) == 9
    with pytest.raises(ValueError, match="no number"):
        short_number("LONG", 9, "subject-1")
