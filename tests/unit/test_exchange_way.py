"""The way of a booking through seven parties, to every final state of this release. All people are invented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest
from exchange_rig import BOOKING, GROUND, PERMITTED, Rig, card, fingers_of

from tenprint import records
from tenprint.core.candidate import Candidate, SearchResult
from tenprint.core.canonical import sha256_hex
from tenprint.core.chance import content_id
from tenprint.core.errors import PolicyRefusal
from tenprint.core.fingers import FingerPosition
from tenprint.exchange import dispatch, story
from tenprint.exchange.model.bodies import CustodyReport, DetainerAnswer, DetainerRequest
from tenprint.exchange.model.known import Repository, repository_state
from tenprint.exchange.model.words import CaseState, Kind, RepositoryState, Role, TaskKind
from tenprint.ledger.reconcile import reconcile
from tenprint.records.ident import IdentDataResponse
from tenprint.records.nlets.iaq import Iaq
from tenprint.records.nlets.iar import Iar

IDENT, LESC, ERO = Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER, Role.FIELD_OFFICE


def sre(rig: Rig, case_id: str, kind: Kind = Kind.SRE) -> records.SubmissionResult:
    return records.read_result(records.read(rig.received(Role.AGENCY, case_id, kind).body))


def state(rig: Rig, case_id: str) -> CaseState:
    return story.final_state(rig.all, case_id)


def test_a_person_unknown_to_every_repository_ends_with_no_match(rig: Rig) -> None:
    case_id = rig.book(card("P1"))
    assert state(rig, case_id) == CaseState.NO_MATCH
    assert [m.kind for m in rig.messages(Role.AGENCY, case_id)] == [Kind.CAR, Kind.ACK, Kind.STATE_SRE, Kind.SRE]
    assert rig.tasks(IDENT) == []
    assert rig.case(ERO, case_id) is None
    assert sre(rig, case_id).response.immigration == "no_match"


def test_bytes_are_forwarded_as_they_were_received(rig: Rig) -> None:
    data = card("P7")
    case_id = rig.book(data)
    kinds = ((Role.STATE_BUREAU, Kind.CAR), (Role.CRIMINAL_REPOSITORY, Kind.CAR), (IDENT, Kind.IDENT_SEARCH))
    assert all(rig.received(role, case_id, kind).body == data for role, kind in kinds)
    answered = rig.messages(Role.CRIMINAL_REPOSITORY, case_id, Kind.SRE)[0]
    assert rig.received(Role.AGENCY, case_id, Kind.SRE).body == answered.body


def test_an_examiner_sees_candidates_coverage_and_threshold(rig: Rig) -> None:
    rig.known_to_immigration("P7", "P8")
    case_id = rig.book(card("P7", bad=(3,)))
    shown = rig.task(IDENT, TaskKind.EXAMINE, case_id).shown
    assert [(c["subject_id"], c["rank"], c["score"]) for c in shown["candidates"]] == [("FIN-P7", 1, 90_000)]
    assert shown["candidates"][0]["fingers"]["right thumb"] == 10_000
    assert (shown["shards_answered"], shown["shards_total"], shown["subjects_searched"]) == (1, 1, 2)
    assert shown["threshold"] == {"score": 10_700, "name": "FMR_1E6"}
    assert shown["candidates"][0]["threshold"] == 10_700  # nine fingers were compared
    assert shown["failures"] == {"right middle": "L0009: the image cannot be decompressed"}
    assert state(rig, case_id) == CaseState.AWAITING_EXAMINER


def test_a_match_is_told_first_and_the_status_in_a_second_answer_that_refers_to_the_first(rig: Rig) -> None:
    case_id = rig.until_status("permanent_resident", ground="")
    first, second = sre(rig, case_id), sre(rig, case_id, Kind.SECOND_SRE)
    assert first.tcr == "TCN-2010-0000001"
    assert second.tcr == first.tcn != second.tcn
    assert len(first.tcn) == 20
    assert first.tcn.isalnum()
    assert first.response.immigration == "match"
    assert first.response.iar == ""
    assert "STATUS: PERMANENT RESIDENT" in second.response.iar
    assert first.ndr == second.ndr == ("1", "9")
    envelopes = [rig.received(Role.AGENCY, case_id, kind) for kind in (Kind.SRE, Kind.SECOND_SRE)]
    assert [(m.tcn, m.tcr) for m in envelopes] == [(first.tcn, first.tcr), (second.tcn, second.tcr)]


def test_query_and_answer_carry_what_the_specialist_and_the_officer_need(rig: Rig) -> None:
    case_id = rig.until_status()
    query = Iaq.from_bytes(rig.received(LESC, case_id, Kind.IAQ).body)
    assert (query.nam, query.dob, query.off, query.ref) == (
        "SAMPLESON,PERSON QUINCE",
        "19800229",
        "5404",
        "TCN-2010-0000001",
    )
    answer = Iar.from_bytes(rig.received(ERO, case_id, Kind.IAR).body)
    assert (answer.status, answer.legal_ground, answer.fin) == ("removable", GROUND, query.fin)
    assert rig.received(Role.CRIMINAL_REPOSITORY, case_id, Kind.IAR).body == answer.to_bytes()
    shown = rig.task(ERO, TaskKind.DECIDE, case_id).shown
    assert (shown["status"], shown["juvenile"], shown["priority"]["is"]) == ("removable", False, "none")
    assert state(rig, case_id) == CaseState.AWAITING_DECISION


def test_specialist_and_officer_are_told_the_charge_that_the_query_carries(rig: Rig) -> None:
    case_id = rig.until_status()
    told = {"offence": "5404", "offence_in_words": "Driving Under Influence-Liquor"}
    assert Iar.from_bytes(rig.received(ERO, case_id, Kind.IAR).body).off == "5404"
    assert told.items() <= rig.task(LESC, TaskKind.STATUS, case_id).shown["query"].items()
    assert told.items() <= rig.task(ERO, TaskKind.DECIDE, case_id).shown.items()


@pytest.mark.parametrize(("answer", "ends"), [("no_action", CaseState.NO_ACTION), ("interview", CaseState.INTERVIEWED)])
def test_an_officer_may_do_nothing_or_ask_to_an_interview(rig: Rig, answer: str, ends: CaseState) -> None:
    case_id = rig.until_status()
    rig.decide(ERO, TaskKind.DECIDE, case_id, answer)
    assert state(rig, case_id) == ends
    assert rig.case(Role.JAIL, case_id) is None


def test_a_detainer_repeats_the_ground_and_names_officer_rule_and_evidence(rig: Rig) -> None:
    case_id = rig.until_detainer()
    request = DetainerRequest.from_bytes(rig.received(Role.JAIL, case_id, Kind.DETAINER).body)
    assert (request.legal_ground, request.evidence, request.officer) == (
        GROUND,
        "biometric_and_records",
        "OFFICIAL decide",
    )
    assert (request.rule, request.hold_hours) == ("detainer-permitted", 48)
    assert state(rig, case_id) == CaseState.AWAITING_JAIL


def ended(rig: Rig, case_id: str) -> CustodyReport:
    """Return what the jail said last: how the hold ended."""
    return CustodyReport.from_bytes(rig.messages(ERO, case_id, Kind.CUSTODY)[-1].body)


def test_a_jail_may_decline(rig: Rig) -> None:
    case_id = rig.until_detainer()
    rig.decide(Role.JAIL, TaskKind.ANSWER_DETAINER, case_id, "decline")
    assert state(rig, case_id) == CaseState.DECLINED
    assert rig.case(ERO, case_id).state == CaseState.DECLINED
    assert dispatch.next_due(rig.all) is None


def test_a_held_person_may_be_handed_over_and_the_clock_stops(rig: Rig) -> None:
    case_id = rig.until_held()
    assert state(rig, case_id) == CaseState.HELD
    rig.clock.advance(timedelta(hours=20))
    rig.decide(Role.JAIL, TaskKind.REPORT_CUSTODY, case_id, "transferred")
    report = ended(rig, case_id)
    assert (report.event, report.ended_at - report.held_from) == ("transferred", timedelta(hours=20))
    assert dispatch.next_due(rig.all) is None
    rig.wait(timedelta(hours=100))
    assert state(rig, case_id) == CaseState.TRANSFERRED
    assert dispatch.next_due(rig.all) is None


def test_a_jail_may_release_before_the_time_runs_out_and_the_clock_stops(rig: Rig) -> None:
    case_id = rig.until_held()
    rig.clock.advance(timedelta(hours=5))
    rig.decide(Role.JAIL, TaskKind.REPORT_CUSTODY, case_id, "released", by="CLERK")
    report = ended(rig, case_id)
    assert (report.event, report.by) == ("released", "CLERK")
    assert report.ended_at - report.held_from == timedelta(hours=5)
    assert dispatch.next_due(rig.all) is None
    for role in (Role.JAIL, ERO):
        assert rig.case(role, case_id).state == CaseState.LAPSED
        (said,) = [row for row in rig.entries(role, "state") if row["state"] == "lapsed"]
        assert said["note"] == "the jail released the person before the time ran out"
    rig.wait(timedelta(hours=100))
    assert len(rig.messages(ERO, case_id, Kind.CUSTODY)) == 2  # the hold's beginning and its end


def test_who_holds_a_person_is_shown_on_whose_word(rig: Rig) -> None:
    shown = rig.task(Role.JAIL, TaskKind.REPORT_CUSTODY, rig.until_held()).shown
    assert shown["requested_by"] == "field_office" and shown["officer"] == "OFFICIAL decide"
    assert shown["accepted_by"] == "OFFICIAL answer_detainer" and "at most 48 hours" in shown["hold_rule"]


def test_a_hold_lapses_by_itself_after_48_hours(rig: Rig) -> None:
    case_id = rig.until_held()
    rig.wait(timedelta(hours=48, milliseconds=-1))
    assert state(rig, case_id) == CaseState.HELD
    rig.wait(timedelta(milliseconds=1))
    assert state(rig, case_id) == CaseState.LAPSED
    assert rig.case(ERO, case_id).state == CaseState.LAPSED
    task = rig.task(Role.JAIL, TaskKind.REPORT_CUSTODY, case_id)
    assert (task.is_open, task.answer, task.decided_by) == (False, "lapsed", "")
    report = ended(rig, case_id)
    assert (report.event, report.by) == ("lapsed", "")


def test_two_examiners_who_cannot_tell_end_the_case_as_not_confirmed(rig: Rig) -> None:
    case_id = rig.until_examined(finding="inconclusive")
    assert state(rig, case_id) == CaseState.AWAITING_EXAMINER
    rig.decide(IDENT, TaskKind.EXAMINE_SECOND, case_id, "inconclusive")
    assert state(rig, case_id) == CaseState.NOT_CONFIRMED
    answer = IdentDataResponse.from_bytes(rig.received(Role.CRIMINAL_REPOSITORY, case_id, Kind.IDR).body)
    assert (answer.result, answer.finding, answer.subject_id) == ("partial", "inconclusive", "")
    assert rig.case(LESC, case_id) is None
    told = sre(rig, case_id)
    assert (told.response.immigration, told.response.finding, told.ndr) == ("partial", "inconclusive", ("1",))
    informed = (Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, IDENT)
    assert {rig.case(role, case_id).state for role in informed} == {CaseState.NOT_CONFIRMED}


@pytest.mark.parametrize("role", [Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY])
def test_no_match_in_one_repository_is_no_end_while_another_has_not_answered_in_full(rig: Rig, role: Role) -> None:
    rig.matcher(role).shards = (1, 2)
    case_id = rig.book(card("P1"))
    assert sre(rig, case_id).response.immigration == "no_match"
    assert state(rig, case_id) == CaseState.ANSWERED
    assert rig.case(Role.AGENCY, case_id).state == rig.case(role, case_id).state == CaseState.ANSWERED


def test_the_person_is_found_behind_a_candidate_that_was_compared_on_fewer_fingers(rig: Rig) -> None:
    first = rig.book(card("P1", tcn="TCN-2010-0000001"))
    state_bureau = rig.matcher(Role.STATE_BUREAU)
    search = state_bureau.search

    def with_a_better_score_that_does_not_reach(probe: object, limit: int) -> SearchResult:
        found = search(probe, limit)
        # The first one reaches no threshold, being compared on ten fingers with little similarity each.
        weak = Candidate("somebody-else", 1, 4_500, dict.fromkeys(map(FingerPosition, range(1, 11)), 450))
        one = Candidate(content_id("subject", "state_bureau", first), 2, 4_450, {FingerPosition(1): 4_450})
        return replace(found, candidates=(weak, one))

    state_bureau.search = with_a_better_score_that_does_not_reach
    again = rig.book(card("P1", tcn="TCN-2010-0000002"))
    assert rig.case(Role.STATE_BUREAU, again).known["subject"] == content_id("subject", "state_bureau", first)


def test_whoever_confirmed_the_match_is_named_up_to_the_officer_and_silence_is_no_confirmation(rig: Rig) -> None:
    case_id = rig.until_status()
    query = Iaq.from_bytes(rig.received(LESC, case_id, Kind.IAQ).body)
    answer = Iar.from_bytes(rig.received(ERO, case_id, Kind.IAR).body)
    assert (query.confirmed_by, answer.confirmed_by) == ("examiner", "examiner")
    shown = rig.task(ERO, TaskKind.DECIDE, case_id).shown
    assert (shown["match_confirmed"], shown["match_confirmed_by"]) == (True, "examiner")


def test_an_officer_is_not_told_that_a_match_was_confirmed_when_nobody_says_so(rig: Rig) -> None:
    case_id = rig.until_examined()
    unsaid = replace(Iaq.from_bytes(rig.received(LESC, case_id, Kind.IAQ).body), confirmed_by="")
    rig.say(Role.CRIMINAL_REPOSITORY, Role.SUPPORT_CENTER, Kind.IAQ, unsaid.to_bytes(), "case-unsaid")
    rig.decide(LESC, TaskKind.STATUS, "case-unsaid", "removable", legal_ground=GROUND)
    assert rig.task(ERO, TaskKind.DECIDE, "case-unsaid").shown["match_confirmed"] is None
    with pytest.raises(PolicyRefusal) as refused:
        rig.decide(ERO, TaskKind.DECIDE, "case-unsaid", "detainer", **PERMITTED)
    assert refused.value.code == "detainer-not-settled"


def test_the_wake_up_of_a_hold_is_due_when_the_jail_said_that_it_ends(rig: Rig) -> None:
    case_id = rig.until_detainer()
    jail = rig.nodes[Role.JAIL]
    rig.clock.drift = timedelta(milliseconds=7)  # every look at the clock is a little later, as in life
    rig.decide(Role.JAIL, TaskKind.ANSWER_DETAINER, case_id, "accept")
    rig.clock.drift = timedelta(0)
    assert jail.store.next_due() is None  # lodged: no hold, and no clock
    hours = DetainerAnswer.from_bytes(rig.received(ERO, case_id, Kind.DETAINER_ANSWER).body).hold_hours
    rig.clock.drift = timedelta(milliseconds=7)
    rig.decide(Role.JAIL, TaskKind.REPORT_RELEASE, case_id, "would_be_released")
    rig.clock.drift = timedelta(0)
    begun = CustodyReport.from_bytes(rig.received(ERO, case_id, Kind.CUSTODY).body)
    assert (begun.event, begun.ended_at, hours) == ("would_be_released", None, 48)
    ends_at = begun.held_from + timedelta(hours=hours)
    assert jail.store.next_due() == ends_at == rig.task(Role.JAIL, TaskKind.REPORT_CUSTODY, case_id).due_at


def test_a_second_examiner_may_identify_after_an_inconclusive_first(rig: Rig) -> None:
    case_id = rig.until_examined(finding="inconclusive")
    second = rig.task(IDENT, TaskKind.EXAMINE_SECOND, case_id)
    assert second.shown == rig.task(IDENT, TaskKind.EXAMINE, case_id).shown  # and not the first finding
    rig.decide(IDENT, TaskKind.EXAMINE_SECOND, case_id, "identification")
    assert state(rig, case_id) == CaseState.AWAITING_STATUS


def test_an_excluded_candidate_is_nobody_for_everybody(rig: Rig) -> None:
    case_id = rig.until_examined(finding="exclusion")
    assert state(rig, case_id) == rig.case(Role.AGENCY, case_id).state == CaseState.NO_MATCH
    assert sre(rig, case_id).response.finding == ""  # that somebody was alike concerns nobody else
    assert sre(rig, case_id).response.immigration == "no_match"


def test_an_examiner_says_which_of_several_candidates_it_is(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    rig.matcher(IDENT).enroll("FIN-HALF", {f: t for f, t in fingers_of("P7").items() if f <= 5})
    case_id = rig.book(card("P7"))
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "identification", candidate="FIN-HALF")
    answer = IdentDataResponse.from_bytes(rig.received(Role.CRIMINAL_REPOSITORY, case_id, Kind.IDR).body)
    assert (answer.subject_id, answer.candidates_considered) == ("FIN-HALF", 2)


def test_a_search_that_missed_a_shard_is_partial_and_never_no_match(rig: Rig) -> None:
    rig.matcher(IDENT).shards = (1, 2)
    case_id = rig.book(card("P1"))
    assert sre(rig, case_id).response.immigration == "partial"
    assert sre(rig, case_id).ndr == ("1",)
    assert state(rig, case_id) == CaseState.ANSWERED


def test_an_exclusion_after_a_partial_search_is_partial_too(rig: Rig) -> None:
    rig.matcher(IDENT).shards = (1, 2)
    case_id = rig.until_examined(finding="exclusion")
    assert sre(rig, case_id).response.immigration == "partial"


@pytest.mark.parametrize("finding", ["", "exclusion"], ids=["no candidate", "all excluded"])
def test_somebody_on_file_who_shares_no_finger_with_the_prints_leaves_no_no_match(rig: Rig, finding: str) -> None:
    enrol = rig.matcher(IDENT).enroll
    enrol("FIN-LEFT", {f: t for f, t in fingers_of("P7").items() if f > 5})
    left_out = dict.fromkeys(range(6, 11), "XX")
    images = [i for i in records.read(card("P1")).images() if int(i.fgp) not in {*left_out, 12, 14}]
    data = records.build_car(replace(BOOKING, amp=tuple(left_out.items())), images)
    if finding:
        enrol("FIN-RIGHT", fingers_of("P1"))
    case_id = rig.book(data)
    if finding:
        rig.decide(IDENT, TaskKind.EXAMINE, case_id, finding)
    assert sre(rig, case_id).response.immigration == "partial"
    assert state(rig, case_id) == CaseState.ANSWERED


def test_a_state_search_that_missed_a_shard_is_told_as_such(rig: Rig) -> None:
    rig.matcher(Role.STATE_BUREAU).shards = (1, 2)
    case_id = rig.book(card("P1"))
    agency = rig.case(Role.AGENCY, case_id)
    assert repository_state(agency, Repository.STATE) == RepositoryState.PARTIAL
    assert repository_state(agency, Repository.CRIMINAL) == RepositoryState.NO_MATCH


def test_an_answer_that_is_not_there_in_time_is_pending_and_a_late_no_match_comes_second(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    rig.wait(timedelta(minutes=15, milliseconds=-1))
    assert not any(m.kind == Kind.SRE for m in rig.messages(Role.AGENCY, case_id))
    rig.wait(timedelta(milliseconds=1))
    first = sre(rig, case_id)
    assert (first.response.immigration, first.response.pending, first.ndr) == ("pending", ("9",), ("1",))
    assert repository_state(rig.case(Role.AGENCY, case_id), Repository.IMMIGRATION) == RepositoryState.PENDING
    assert not rig.case(Role.AGENCY, case_id).is_final
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "exclusion")
    second = sre(rig, case_id, Kind.SECOND_SRE)
    assert (second.tcr, second.response.immigration, second.ndr) == (first.tcn, "no_match", ("1", "9"))
    assert state(rig, case_id) == rig.case(Role.AGENCY, case_id).state == CaseState.NO_MATCH


def test_a_late_match_asks_for_the_status_and_comes_second_with_it(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    rig.wait(timedelta(minutes=40))
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    assert not any(m.kind == Kind.SECOND_SRE for m in rig.messages(Role.AGENCY, case_id))
    rig.decide(LESC, TaskKind.STATUS, case_id, "citizen")
    second = sre(rig, case_id, Kind.SECOND_SRE)
    assert second.response.immigration == "match"
    assert "STATUS: CITIZEN" in second.response.iar
    assert len([m for m in rig.messages(Role.AGENCY, case_id) if m.kind == Kind.SECOND_SRE]) == 1


@pytest.mark.parametrize(("pry", "seconds"), [("", 900), ("4", 900), ("1", 10), ("5", 7200)])
def test_the_priority_says_when_the_first_answer_is_due_and_a_missing_one_counts_as_4(
    rig: Rig, pry: str, seconds: int
) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7", pry=pry))
    rig.wait(timedelta(seconds=seconds, milliseconds=-1))
    assert not any(m.kind == Kind.SRE for m in rig.messages(Role.AGENCY, case_id))
    rig.wait(timedelta(milliseconds=1))
    assert sre(rig, case_id).response.immigration == "pending"


def test_an_answer_in_time_cancels_the_wake_up(rig: Rig) -> None:
    case_id = rig.book(card("P1"))
    rig.wait(timedelta(hours=1))
    assert [m.kind for m in rig.messages(Role.AGENCY, case_id)].count(Kind.SRE) == 1
    assert dispatch.next_due(rig.all) is None


def test_a_jurisdiction_that_is_not_activated_is_not_passed_on(make: Callable[..., Rig]) -> None:
    rig = make(activated=())
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    assert rig.case(IDENT, case_id) is None
    assert sre(rig, case_id).response.immigration == "not_asked"
    assert state(rig, case_id) == CaseState.ANSWERED


def test_prints_are_kept_only_when_the_booking_asks_and_a_known_person_once(rig: Rig) -> None:
    first = rig.book(card("P1", tcn="TCN-2010-0000001"))
    rig.book(card("P2", tcn="TCN-2010-0000002", ret="N"))
    again = rig.book(card("P1", tcn="TCN-2010-0000003"))
    for role in (Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY):
        assert list(rig.matcher(role).gallery) == [content_id("subject", str(role), first)]
    assert rig.matcher(IDENT).gallery == {}
    found = sre(rig, again)
    assert (found.srf, sre(rig, first).srf) == ("I", "N")
    assert found.fbi == found.ucn == sre(rig, first).ucn != ""
    assert repository_state(rig.case(Role.AGENCY, again), Repository.STATE) == RepositoryState.MATCH


def test_a_state_may_keep_the_arrests_of_people_it_knows(make: Callable[..., Rig]) -> None:
    rig = make(settings={Role.STATE_BUREAU: {"nff_state": True, "forwards_repeat_arrests": False}})
    rig.book(card("P1", tcn="TCN-2010-0000001"))
    again = rig.book(card("P1", tcn="TCN-2010-0000002"))
    assert rig.case(Role.CRIMINAL_REPOSITORY, again) is None
    assert state(rig, again) == CaseState.ANSWERED


def test_an_agency_that_declines_the_immigration_answer_does_not_get_it(make: Callable[..., Rig]) -> None:
    rig = make(settings={Role.AGENCY: {"receives_answer": False}})
    case_id = rig.until_status()
    assert not any(m.kind == Kind.SECOND_SRE for m in rig.messages(Role.AGENCY, case_id))
    assert rig.received(Role.STATE_BUREAU, case_id, Kind.SECOND_SRE)
    assert state(rig, case_id) == CaseState.AWAITING_DECISION
    # It waits for nothing that will never come, and says why.
    assert rig.case(Role.AGENCY, case_id).state == CaseState.ANSWERED
    assert "agency" in str(rig.entries(Role.AGENCY, "state")[-1]["note"])


def test_every_pair_of_ledgers_agrees_and_every_decision_names_rule_and_person(rig: Rig) -> None:
    case_id = rig.until_held()
    rig.wait(timedelta(hours=48))
    for a, b in combinations(rig.all, 2):
        assert reconcile(a.party.id, a.store.entries(), b.party.id, b.store.entries()) == ()
    answered = [row for role in rig.nodes for row in rig.entries(role, "task_answered")]
    assert [row["person"] for row in answered] == [
        f"OFFICIAL {kind}" for kind in ("examine", "status", "decide", "answer_detainer", "report_release")
    ]
    assert {row["reason_hash"] for row in answered} == {sha256_hex(b"as seen")}
    assert all(row["shown_hash"] and "reason" not in row for row in answered)
    told = [line.sentence for line in story.case_story(rig.all, case_id) if line.person]
    assert len(told) == 5
    assert all(sentence.endswith(": as seen") for sentence in told)
    decided = {(row["question"], row["rule"]) for role in rig.nodes for row in rig.entries(role, "decision")}
    assert {("detainer", "detainer-permitted"), ("cascade_to_immigration", "cascade-activated")} <= decided
    assert all(row["case"] == case_id for role in rig.nodes for row in rig.entries(role))


def test_no_ledger_holds_the_person_s_name(rig: Rig) -> None:
    rig.until_held()
    assert not any("SAMPLESON" in str(row) for role in rig.nodes for row in rig.entries(role))


def test_equal_seeds_give_equal_entries_and_messages(make: Callable[..., Rig]) -> None:
    def traces(rig: Rig) -> tuple[list[str], list[str]]:
        case_id = rig.until_examined()
        rows = [{**row, "time": ""} for role in rig.nodes for row in rig.entries(role)]
        ids = [m.id for role in rig.nodes for m in rig.messages(role, case_id)]
        return sorted(map(str, rows)), ids

    first = traces(make(seed=3))
    assert traces(make(seed=3)) == first
    assert traces(make(seed=4)) != first


def test_a_detainer_for_a_citizen_is_refused_by_the_rule_in_the_words_of_the_rule(rig: Rig) -> None:
    case_id = rig.until_status("citizen", ground="")
    before = {role: len(rig.entries(role)) for role in rig.nodes}
    with pytest.raises(PolicyRefusal, match="US citizen") as refused:
        rig.decide(ERO, TaskKind.DECIDE, case_id, "detainer", **PERMITTED)
    assert refused.value.code == "detainer-citizen"
    assert {role: len(rig.entries(role)) for role in rig.nodes} == before
    assert rig.task(ERO, TaskKind.DECIDE, case_id).is_open


def test_a_candidate_below_the_threshold_is_nobody(make: Callable[..., Rig]) -> None:
    rig = make(settings={IDENT: {"threshold": 100_001, "threshold_name": "HIGH"}})
    rig.known_to_immigration("P7")
    assert state(rig, rig.book(card("P7"))) == CaseState.NO_MATCH


def test_fewer_compared_fingers_need_a_lower_similarity(rig: Rig) -> None:
    rig.matcher(IDENT).enroll("FIN-ONE", {f: t for f, t in fingers_of("P7").items() if f == 1})
    case_id = rig.book(card("P7"))
    candidate = rig.task(IDENT, TaskKind.EXAMINE, case_id).shown["candidates"][0]
    assert (candidate["score"], candidate["threshold"]) == (10_000, 4_400)


def test_a_machine_that_was_down_holds_nobody_longer(rig: Rig) -> None:
    case_id = rig.until_detainer()
    task = rig.task(Role.JAIL, TaskKind.ANSWER_DETAINER, case_id)
    dispatch.decide_task(rig.nodes[Role.JAIL], task.id, answer="accept", reason="room", by="CLERK")
    rig.run()
    due = rig.task(Role.JAIL, TaskKind.REPORT_RELEASE, case_id)
    dispatch.decide_task(rig.nodes[Role.JAIL], due.id, answer="would_be_released", reason="bail", by="CLERK")
    rig.wait(timedelta(hours=10))
    assert state(rig, case_id) == CaseState.HELD
    rig.wait(timedelta(hours=38))
    assert state(rig, case_id) == CaseState.LAPSED
    report = ended(rig, case_id)
    assert report.ended_at - report.held_from == timedelta(hours=48)
