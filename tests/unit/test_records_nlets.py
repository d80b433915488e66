"""Immigration query and answer: one form each, strict both ways. All people are invented."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tenprint.core.errors import RecordError
from tenprint.records import Iaq, Iar, IarStatus
from tenprint.records.nlets import CAVEAT

QUERY = Iaq(
    ori="COSIB0000", ref="TCN-2010-0000001", atn="DET J Q PUBLIC", phn="3035550100", nam="SAMPLESON,PERSON QUINCE",
    dob="19800229", sex="F", pob="MM", off="5404", arn="A000000001", fbi="123456AA1", sid="CO1234567", fin="1000001",
)  # fmt: skip
ANSWER = Iar(
    ori="VTICE0900", destination="COSIB0000", ref=QUERY.ref, answered_at="2010-10-04T08:00:00.000Z", nam=QUERY.nam,
    dob=QUERY.dob, status=IarStatus.REMOVABLE, specialist="R SPECIALIST", text="ENTERED AT XX.\n\nNO LATER RECORD.",
    legal_ground="8 USC 1227(A)(1)(B)", arn="A000000001",
)  # fmt: skip


def test_query_and_answer_survive_the_way_there_and_back() -> None:
    assert Iaq.from_bytes(QUERY.to_bytes()) == QUERY
    assert Iar.from_bytes(ANSWER.to_bytes()) == ANSWER
    assert Iar.from_bytes(ANSWER.to_bytes()).status is IarStatus.REMOVABLE


def test_an_answer_may_carry_the_charge_of_the_query() -> None:
    charged = replace(ANSWER, off=QUERY.off)
    assert Iar.from_bytes(charged.to_bytes()) == charged and b"OFF/5404" in charged.to_bytes()
    assert b"OFF/" not in ANSWER.to_bytes()
    with pytest.raises(RecordError, match="E0002"):
        replace(ANSWER, off="DUI")


def test_every_status_has_its_answer() -> None:
    for status in IarStatus:
        assert Iar.from_bytes(replace(ANSWER, status=status).to_bytes()).status is status


@pytest.mark.parametrize(
    ("change", "code", "label"),
    [
        ({"nam": ""}, "E0001", "NAM"), ({"nam": "lower,case"}, "E0002", "NAM"), ({"cus": "X"}, "E0002", "CUS"),
        ({"pur": "Z"}, "E0002", "PUR"), ({"off": "DUI"}, "E0002", "OFF"), ({"dob": "1980"}, "E0002", "DOB"),
        ({"phn": "555"}, "E0002", "PHN"), ({"ori": "co"}, "E0002", "ORI"), ({"arn": "B1"}, "E0002", "ARN"),
        ({"nam": "A,B\r\nCUS/N"}, "E0002", "NAM"),
    ],
)  # fmt: skip
def test_a_query_with_a_wrong_value_cannot_exist(change: dict[str, str], code: str, label: str) -> None:
    with pytest.raises(RecordError) as refused:
        replace(QUERY, **change)  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.field) == (code, label)


def test_a_status_against_the_person_needs_its_legal_ground() -> None:
    for status in (IarStatus.REMOVABLE, IarStatus.IN_PROCEEDINGS, IarStatus.FINAL_ORDER):
        with pytest.raises(RecordError, match="E0006"):
            replace(ANSWER, status=status, legal_ground="")
    assert replace(ANSWER, status=IarStatus.CITIZEN, legal_ground="").legal_ground == ""


def test_the_caveat_cannot_be_left_out_or_changed() -> None:
    data = ANSWER.to_bytes()
    assert b"NOT AN ARREST WARRANT" in data
    for change in ((b"NOT AN ARREST WARRANT AND", b"AN ARREST WARRANT AND"), (b"CAV/\r\n", b"")):
        with pytest.raises(RecordError) as refused:
            Iar.from_bytes(data.replace(*change))
        assert refused.value.code in ("E0005", "E0006")
    assert CAVEAT in ANSWER.to_text()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"IAQ 1\r\n", b"IAQ 2\r\n", "E0004"), (b"END\r\n", b"END", "E0004"), (b"END\r\n", b"", "E0004"),
        (b"CUS/Y\r\n", b"CUS/Y\r\nCUS/Y\r\n", "E0005"), (b"CUS/Y\r\n", b"XXX/Y\r\n", "E0005"),
        (b"SEX/F\r\nPOB/MM\r\n", b"POB/MM\r\nSEX/F\r\n", "E0005"), (b"CUS/Y\r\n", b"", "E0001"),
        (b"CUS/Y", b"CUS/\xff", "E0004"), (b"CUS/Y\r\n", b"CUS/Y\n", "E0002"), (b"ORI/", b"ORI", "E0005"),
        (b"FIN/1000001", b"FIN/", "E0004"), (b"END", b"X" * 70_000 + b"END", "E0003"),
    ],
)  # fmt: skip
def test_bytes_in_any_other_form_are_refused_with_a_code(old: bytes, new: bytes, code: str) -> None:
    data = QUERY.to_bytes()
    assert old in data
    with pytest.raises(RecordError) as refused:
        Iaq.from_bytes(data.replace(old, new, 1))
    assert refused.value.code == code


def test_free_text_cannot_pass_for_a_field() -> None:
    tricky = replace(ANSWER, text="STA/citizen\nEND\n+x\n y")
    assert Iar.from_bytes(tricky.to_bytes()) == tricky


def test_an_answer_too_long_for_its_record_is_refused() -> None:
    with pytest.raises(RecordError, match="E0003"):
        replace(ANSWER, text="X" * 70_000).to_bytes()


def test_reprs_show_no_name() -> None:
    assert "SAMPLESON" not in repr((QUERY, ANSWER))
