"""Values of messages in plain words, with what the file holds beside them."""

import re

import pytest
from exchange_rig import GROUND, PERMITTED, Rig, card

from tenprint.exchange import dispatch
from tenprint.exchange.model.words import Kind, Role, TaskKind
from tenprint.web import message_words as say
from tenprint.web.decoding import Shown, decoded

NOT_FOR_PEOPLE = re.compile(r"\b(19|20)\d{6}\b|\d{4}-\d\d-\d\dT|\b[a-z]+_[a-z_]+\b")
NAMES_OF_RECORDS = {"by", "officer", "examiner", "specialist", "SPC"}
"""The rig's officials are called after their tasks."""


def field(tag: str, value: str, name: str = "as the format calls it") -> Shown:
    return Shown(tag, name, value)


@pytest.mark.parametrize(
    ("tag", "held", "said"),
    [
        ("2.022 DOB", "19800229", "29 February 1980"),
        ("birth_date", "19800229", "29 February 1980"),
        ("2.047 ASL", "20101003, 5404 DRIVING; 20101004, X", "3 October 2010, 5404 DRIVING; 4 October 2010, X"),
        ("decided_at", "2010-10-04T08:00:00.000Z", "4 October 2010, 08:00 UTC"),
        ("details.evidence", "biometric_and_records", "A biometric match together with records"),
        ("hold_hours", "48", "48 hours"),
        ("STA", "final order", "Final order of removal"),
        ("result", "no_match", "no record found (this does not mean citizen)"),
        ("result", "pending", "no answer yet: still searching"),
        ("details.finger_2", "not_compared", "not compared"),
        ("2.027 HGT", "509", "5 ft 9 in"),
        ("2.025 RAC", "W", "White"),
    ],
)
def test_a_value_is_said_in_words_and_what_the_file_holds_stands_beside(tag: str, held: str, said: str) -> None:
    assert (say.value(field(tag, held)), say.raw(field(tag, held))) == (said, held)


@pytest.mark.parametrize(
    ("tag", "held"),
    [
        ("2.022 DOB", "19809999"), ("2.022 DOB", "1980****"), ("name", "SAMPLE,PERSON"), ("2.027 HGT", "999"),
        ("decided_at", "2010-99-99T08:00:00.000Z"), ("hold_hours", "many"), ("reason", "as I saw it"),
        ("evidence", "not shown"), ("officer", "pat_official"), ("2.027 HGT", ""), ("hold_hours", "9" * 30),
    ],
)  # fmt: skip
def test_what_is_no_such_value_or_is_masked_is_left_as_it_is(tag: str, held: str) -> None:
    assert say.value(field(tag, held)) == (held or "empty") and say.raw(field(tag, held)) == ""


def test_a_title_says_once_what_a_message_is() -> None:
    assert say.title(Kind.DETAINER) == "Request to hold the person"
    assert say.title(Kind.IAR) == "IAR: the specialist's answer"
    assert all(say.title(kind) and "_" not in say.title(kind) for kind in Kind)


@pytest.mark.slow
def test_every_message_of_a_whole_case_is_in_words_and_labels_tell_more_than_the_code_does(rig: Rig) -> None:
    case_id = rig.until_examined()
    rig.decide(Role.SUPPORT_CENTER, TaskKind.STATUS, case_id, "removable", legal_ground=GROUND)
    rig.decide(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id, "detainer", **PERMITTED)
    rig.decide(Role.JAIL, TaskKind.ANSWER_DETAINER, case_id, "accept")
    rig.decide(Role.JAIL, TaskKind.REPORT_RELEASE, case_id, "would_be_released")
    rig.decide(Role.JAIL, TaskKind.REPORT_CUSTODY, case_id, "transferred")
    kinds, bare = set(), []
    for message in {one.key: one for node in rig.all for one in rig.messages(node.party.role, case_id)}.values():
        kinds.add(message.kind)
        for section in decoded(message).sections:
            for one in section.fields:
                label, value = say.label(one), say.value(one)
                name = one.tag.rpartition(".")[2].rpartition(" ")[2]
                if name not in NAMES_OF_RECORDS and (NOT_FOR_PEOPLE.search(value) or "_" in label):
                    bare.append((message.kind, one.tag, label, value))
    assert kinds >= {Kind.CAR, Kind.SRE, Kind.IDR, Kind.IAQ, Kind.IAR, Kind.DETAINER, Kind.CUSTODY, Kind.TASK_ANSWER}
    assert not bare


@pytest.mark.slow
def test_a_withdrawal_and_a_late_hit_are_read_on_the_message_page_in_words(make) -> None:
    rig = make(settings={Role.IMMIGRATION_REPOSITORY: {"keeps_searches": True}})
    case_id = rig.book(card("P7"))
    repository = rig.nodes[Role.IMMIGRATION_REPOSITORY]
    dispatch.enrol(repository, "FIN-P7", card("P7", tcn="TCN-ENROL-00001"))
    rig.run()
    rig.decide(Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id, "identification")
    dispatch.withdraw(rig.nodes[Role.AGENCY], case_id, by="OFFICER BOOKING", reason="the wrong person was booked")
    rig.run()
    told = {kind: rig.received(Role.STATE_BUREAU, case_id, kind) for kind in (Kind.LATE_HIT, Kind.WITHDRAWAL)}
    told["IDR"] = rig.received(Role.CRIMINAL_REPOSITORY, case_id, Kind.LATE_HIT)
    said = {
        kind: [(say.label(f), say.value(f)) for s in decoded(m).sections for f in s.fields] for kind, m in told.items()
    }
    assert ("reason", "the wrong person was booked") in said[Kind.WITHDRAWAL]
    assert ("answered by", "OFFICER BOOKING") in said[Kind.WITHDRAWAL]
    assert ("what the repository answers", "known to the repository (this does not mean removable)") in said["IDR"]
    assert any("IMMIGRATION SEARCH: AGENCY ACTIVATED" in value for _, value in said[Kind.LATE_HIT])
    assert say.part("withdrawal") == "The booking is taken back"
