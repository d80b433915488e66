"""A search among nobody is told apart from a search that found nobody (L0010). All people are invented."""

from __future__ import annotations

import pytest
from exchange_rig import Rig, card, fingers_of

from tenprint.exchange import story
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.records import SubmissionResult, read, read_result
from tenprint.records.ident import IdentDataResponse

AGENCY, STATE, FBI, IDENT = (
    Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY,
)  # fmt: skip
WHERE = {STATE: "STATE", FBI: "CRIMINAL", IDENT: "IMMIGRATION"}


def empty(role: Role) -> str:
    return f"{WHERE[role]} FILE EMPTY (L0010): NOBODY WAS ON FILE TO BE COMPARED WITH"


def said(rig: Rig, case_id: str, kind: Kind) -> SubmissionResult:
    return read_result(read(rig.received(AGENCY, case_id, kind).body))


def sentences(rig: Rig, case_id: str) -> str:
    lines = (*story.case_story(rig.all, case_id), *story.answers(rig.nodes[AGENCY], case_id))
    return "\n".join(line.sentence for line in lines)


def test_an_answer_from_empty_files_says_that_nobody_was_there_to_be_compared_with(rig: Rig) -> None:
    case_id = rig.book(card("P1"))
    assert said(rig, case_id, Kind.STATE_SRE).acn == empty(STATE)
    assert said(rig, case_id, Kind.SRE).acn == f"{empty(FBI)}; {empty(IDENT)}"
    answer = IdentDataResponse.from_bytes(rig.received(FBI, case_id, Kind.IDR).body)
    assert (answer.result, answer.text[:5]) == ("no_match", "L0010")
    assert rig.case(AGENCY, case_id).state == CaseState.NO_MATCH
    told = sentences(rig, case_id)
    assert told.count("among 0: nobody was on file to be compared with (L0010)") == len(WHERE)
    assert "state file: not found, for nobody was on file to be compared with" in told
    assert "immigration: no match, for nobody was on file to be compared with" in told


def test_an_answer_from_files_with_somebody_in_them_is_a_plain_no(rig: Rig) -> None:
    for role in WHERE:
        rig.matcher(role).enroll("SOMEBODY", fingers_of("P5"))
    case_id = rig.book(card("P1"))
    assert (said(rig, case_id, Kind.STATE_SRE).acn, said(rig, case_id, Kind.SRE).acn) == ("", "")
    assert "nobody was on file" not in sentences(rig, case_id)


@pytest.mark.parametrize("role", WHERE)
def test_each_file_speaks_for_itself(rig: Rig, role: Role) -> None:
    for other in WHERE.keys() - {role}:
        rig.matcher(other).enroll("SOMEBODY", fingers_of("P5"))
    case_id = rig.book(card("P1"))
    told = said(rig, case_id, Kind.STATE_SRE).acn + said(rig, case_id, Kind.SRE).acn
    assert told == empty(role)


def test_a_match_after_an_examination_is_no_empty_file(rig: Rig) -> None:
    case_id = rig.until_examined()
    assert said(rig, case_id, Kind.SRE).acn == empty(FBI)
    rig.decide(Role.SUPPORT_CENTER, TaskKind.STATUS, case_id, "citizen")
    assert said(rig, case_id, Kind.SECOND_SRE).acn == empty(FBI)
