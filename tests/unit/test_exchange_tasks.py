"""A person's answer: who may give which, what is asked besides, and what a rule refuses before anything is written."""

from __future__ import annotations

import pytest
from exchange_rig import GROUND, PERMITTED, Rig, card, fingers_of

from tenprint.core.errors import PolicyRefusal, SenderError, TenprintError
from tenprint.exchange import dispatch
from tenprint.exchange.model.bodies import DetainerRequest, TaskAnswer
from tenprint.exchange.model.words import CaseState, Kind, Role, TaskKind
from tenprint.exchange.parties.field_office import is_juvenile

pytestmark = pytest.mark.slow
IDENT, LESC, ERO, JAIL = Role.IMMIGRATION_REPOSITORY, Role.SUPPORT_CENTER, Role.FIELD_OFFICE, Role.JAIL


def written(rig: Rig) -> list[int]:
    return [len(rig.entries(role)) + len(rig.tasks(role)) for role in rig.nodes] + [
        len([m for case in node_cases(rig, role) for m in rig.messages(role, case)]) for role in rig.nodes
    ]


def node_cases(rig: Rig, role: Role) -> list[str]:
    with rig.nodes[role].store.transaction() as tx:
        return [case.case_id for case in tx.cases()]


def refused(rig: Rig, role: Role, task_id: str, **words: object) -> TenprintError:
    """Answer a task, expect a refusal and that nothing was written; return the refusal."""
    before = written(rig)
    given = {"answer": "identification", "reason": "as seen", "by": "EXAMINER ONE"} | words
    with pytest.raises((SenderError, PolicyRefusal)) as caught:
        dispatch.decide_task(rig.nodes[role], task_id, **given)
    assert rig.run() == 0
    assert written(rig) == before
    return caught.value


@pytest.fixture
def examination(rig: Rig) -> str:
    rig.known_to_immigration("P7")
    return rig.task(IDENT, TaskKind.EXAMINE, rig.book(card("P7"))).id


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"answer": "perhaps"}, "ANSWER_NOT_ALLOWED"),
        ({"by": ""}, "PERSON_MISSING"),
        ({"by": "   "}, "PERSON_MISSING"),
        ({"by": "No"}, "PERSON_MISSING"),
        ({"reason": ""}, "REASON_MISSING"),
        ({"reason": "two\nlines"}, "TEXT_INVALID"),
        ({"reason": "x" * 501}, "TEXT_INVALID"),
        ({"details": {"candidate": "FIN-OTHER"}}, "CANDIDATE_UNKNOWN"),
    ],
)
def test_an_answer_needs_a_person_a_reason_and_one_of_the_answers(
    rig: Rig, examination: str, words: dict[str, object], code: str
) -> None:
    assert refused(rig, IDENT, examination, **words).code == code


def test_an_unknown_and_a_closed_task_are_told(rig: Rig, examination: str) -> None:
    assert refused(rig, IDENT, "task-nowhere").code == "UNKNOWN_TASK"
    dispatch.decide_task(rig.nodes[IDENT], examination, answer="exclusion", reason="as seen", by="EXAMINER ONE")
    rig.run()
    assert refused(rig, IDENT, examination).code == "TASK_CLOSED"


def test_while_an_answer_is_on_its_way_the_same_one_is_harmless_and_another_is_refused(
    rig: Rig, examination: str
) -> None:
    said = {"answer": "exclusion", "reason": "as seen", "by": "EXAMINER ONE"}
    first = dispatch.decide_task(rig.nodes[IDENT], examination, **said)
    assert dispatch.decide_task(rig.nodes[IDENT], examination, **said) == first
    with pytest.raises(SenderError, match="TASK_CLOSED"):
        dispatch.decide_task(rig.nodes[IDENT], examination, **(said | {"answer": "identification"}))
    rig.run()
    with rig.nodes[IDENT].store.transaction() as tx:
        assert tx.task(examination) == first
    assert (first.findings, first.decided_by, first.is_open) == (1, "EXAMINER ONE", False)


def test_a_finding_may_be_recorded_before_the_last_one_closes_the_task(rig: Rig, examination: str) -> None:
    node = rig.nodes[IDENT]
    dispatch.decide_task(node, examination, answer="inconclusive", reason="first look", by="EXAMINER ONE", closes=False)
    rig.run()
    with node.store.transaction() as tx:
        between = tx.task(examination)
    assert (between.is_open, between.findings) == (True, 1)
    dispatch.decide_task(node, examination, answer="identification", reason="with overlay", by="EXAMINER ONE")
    rig.run()
    answers = rig.messages(IDENT, between.case_id, Kind.TASK_ANSWER)
    assert [m.id for m in answers] == [f"examine-{examination}-1", f"examine-{examination}-2"]
    assert [TaskAnswer.from_bytes(m.body).answer for m in answers] == ["inconclusive", "identification"]
    assert [row["outcome"] for row in rig.entries(IDENT, "task_answered")] == ["inconclusive", "identification"]
    assert rig.case(LESC, between.case_id).state == CaseState.AWAITING_STATUS


def test_the_second_examiner_is_another_person(rig: Rig) -> None:
    case_id = rig.until_examined(finding="inconclusive")
    second = rig.task(IDENT, TaskKind.EXAMINE_SECOND, case_id).id
    assert refused(rig, IDENT, second, by="official EXAMINE").code == "SAME_EXAMINER"
    assert refused(rig, IDENT, second, by="OFFICIAL EXAMINE\u200b").code == "TEXT_INVALID"
    rig.decide(IDENT, TaskKind.EXAMINE_SECOND, case_id, "exclusion", by="EXAMINER TWO")
    assert rig.case(IDENT, case_id).state == CaseState.NO_MATCH


@pytest.mark.parametrize("status", ["removable", "in_proceedings", "final_order"])
def test_a_status_to_a_persons_disadvantage_needs_its_ground(rig: Rig, status: str) -> None:
    task = rig.task(LESC, TaskKind.STATUS, rig.until_examined()).id
    assert refused(rig, LESC, task, answer=status).code == "LEGAL_GROUND_MISSING"
    invalid = {"legal_ground": "gründlich"}
    assert refused(rig, LESC, task, answer=status, details=invalid).code == "LEGAL_GROUND_INVALID"


@pytest.mark.parametrize("status", ["citizen", "permanent_resident", "other_lawful", "unknown"])
def test_other_statuses_need_none(rig: Rig, status: str) -> None:
    case_id = rig.until_status(status, ground="")
    assert rig.task(ERO, TaskKind.DECIDE, case_id).shown["status"] == status


def test_a_specialist_with_accents_and_a_long_name_still_gets_an_answer_out(rig: Rig) -> None:
    case_id = rig.until_examined()
    rig.decide(
        LESC, TaskKind.STATUS, case_id, "removable", by="Renée Ødegård-Fixture-of-the-Night-Shift", legal_ground=GROUND
    )
    shown = rig.task(ERO, TaskKind.DECIDE, case_id).shown
    assert shown["specialist"] == "Renee ?degard-Fixture-of-the-N"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"evidence": None}, "detainer-no-evidence"),
        ({"evidence": "hunch"}, "EVIDENCE_UNKNOWN"),
        ({"legal_ground": None}, "LEGAL_GROUND_MISSING"),
        ({"legal_ground": "another ground"}, "LEGAL_GROUND_DIFFERS"),
        ({"citizenship_claim": None}, "detainer-citizenship-not-asked"),
        ({"victim_or_witness": None}, "detainer-victim-not-asked"),
        ({"victim_or_witness": "maybe"}, "DETAIL_INVALID"),
        ({"citizenship_claim": "yes", "evidence": None}, "detainer-no-evidence"),
        ({"citizenship_claim": "yes", "victim_or_witness": None}, "detainer-citizenship-claim"),
    ],
)
def test_a_detainer_is_refused_with_rule_or_code_until_everything_is_asked(
    rig: Rig, change: dict[str, str | None], code: str
) -> None:
    task = rig.task(ERO, TaskKind.DECIDE, rig.until_status()).id
    details = {name: text for name, text in (PERMITTED | change).items() if text is not None}
    refusal = refused(rig, ERO, task, answer="detainer", by="OFFICER", details=details)
    assert refusal.code == code
    assert isinstance(refusal, PolicyRefusal) == code.startswith("detainer-")


def proposed(rig: Rig, **details: str) -> str:
    """A first officer proposes a detainer that a second one must look at."""
    case_id = rig.until_status()
    rig.decide(ERO, TaskKind.DECIDE, case_id, "detainer", by="OFFICER ONE", **(PERMITTED | details))
    return case_id


@pytest.mark.parametrize(
    ("claim", "why"),
    [("citizenship_claim", "detainer-citizenship-claim"), ("victim_or_witness", "detainer-victim-or-witness")],
)
def test_a_detainer_against_a_claim_goes_nowhere_until_another_officer_agrees(rig: Rig, claim: str, why: str) -> None:
    case_id = proposed(rig, **{claim: "yes"})
    first, look = (rig.task(ERO, kind, case_id) for kind in (TaskKind.DECIDE, TaskKind.SECOND_LOOK))
    assert (first.is_open, first.answer, look.is_open) == (True, "detainer", True)
    assert look.shown["proposal"]["by"] == "OFFICER ONE"
    assert look.shown["proposal"]["details"][claim] == "yes"
    assert rig.case(JAIL, case_id) is None
    assert [row["rule"] for row in rig.entries(ERO, "decision") if row["question"] == "detainer"] == [why]

    rig.decide(ERO, TaskKind.SECOND_LOOK, case_id, "agree", by="OFFICER TWO")
    request = DetainerRequest.from_bytes(rig.received(JAIL, case_id, Kind.DETAINER).body)
    assert (request.officer, request.second_officer) == ("OFFICER ONE", "OFFICER TWO")
    assert request.rule == "detainer-permitted-after-second-look"
    assert not rig.tasks(ERO, open_only=True)
    assert rig.task(ERO, TaskKind.DECIDE, case_id).decided_by == "OFFICER ONE"


def test_the_second_officer_is_another_person_however_the_name_is_spelled(rig: Rig) -> None:
    look = rig.task(ERO, TaskKind.SECOND_LOOK, proposed(rig, citizenship_claim="yes")).id
    for name in ("OFFICER ONE", "officer  one", " Officer One "):
        assert refused(rig, ERO, look, answer="agree", by=name).code == "SAME_OFFICER"


def test_after_a_second_officer_disagreed_no_detainer_can_be_sent(rig: Rig) -> None:
    case_id = proposed(rig, citizenship_claim="yes")
    task = rig.task(ERO, TaskKind.DECIDE, case_id)
    assert refused(rig, ERO, task.id, answer="detainer", by="OFFICER ONE", details=PERMITTED).code == "SECOND_LOOK_OPEN"
    rig.decide(ERO, TaskKind.SECOND_LOOK, case_id, "disagree", by="OFFICER TWO")
    refusal = refused(rig, ERO, task.id, answer="detainer", by="OFFICER ONE", details=PERMITTED)
    assert refusal.code == "SECOND_LOOK_DISAGREES"
    rig.decide(ERO, TaskKind.DECIDE, case_id, "no_action", by="OFFICER ONE")
    assert rig.case(ERO, case_id).state == CaseState.NO_ACTION
    assert rig.case(JAIL, case_id) is None


def test_a_first_officer_who_decides_otherwise_ends_the_second_look(rig: Rig) -> None:
    case_id = proposed(rig, citizenship_claim="yes")
    rig.decide(ERO, TaskKind.DECIDE, case_id, "interview", by="OFFICER ONE")
    assert rig.case(ERO, case_id).state == CaseState.INTERVIEWED
    assert not rig.tasks(ERO, open_only=True)
    assert rig.case(JAIL, case_id) is None


def test_a_minor_needs_a_second_look_too(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7", dob="19930101"))
    rig.decide(IDENT, TaskKind.EXAMINE, case_id, "identification")
    rig.decide(LESC, TaskKind.STATUS, case_id, "removable", legal_ground=GROUND)
    assert rig.task(ERO, TaskKind.DECIDE, case_id).shown["juvenile"] is True
    rig.decide(ERO, TaskKind.DECIDE, case_id, "detainer", **PERMITTED)
    assert rig.task(ERO, TaskKind.SECOND_LOOK, case_id).is_open
    assert rig.case(JAIL, case_id) is None


def test_an_examiner_sees_how_near_the_next_candidate_came(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    rig.matcher(IDENT).enroll("FIN-NEXT", {f: t for f, t in fingers_of("P7").items() if f == 1})
    settings = rig.nodes[IDENT].services.party.settings
    settings.update(threshold=20_000, threshold_name="HIGH")
    shown = rig.task(IDENT, TaskKind.EXAMINE, rig.book(card("P7"))).shown
    assert shown["best_below_threshold"] == {"score": 10_000, "threshold": 20_000}


@pytest.mark.parametrize(
    ("birth_date", "is_minor"), [("19921004", False), ("19921005", True), ("19800229", False), ("00000000", None)]
)
def test_full_age_is_reached_on_the_eighteenth_birthday(rig: Rig, birth_date: str, is_minor: bool | None) -> None:
    assert is_juvenile(birth_date, rig.clock.now()) is is_minor


def test_the_rule_is_asked_again_when_the_decision_is_handled(rig: Rig) -> None:
    rig.until_detainer()
    asked = [row["rule"] for row in rig.entries(ERO, "decision") if row["question"] == "detainer"]
    assert asked == ["detainer-permitted"]


def test_a_report_that_comes_after_the_hold_lapsed_is_told_so(rig: Rig) -> None:
    from datetime import timedelta

    case_id = rig.until_held()
    task = rig.task(JAIL, TaskKind.REPORT_CUSTODY, case_id)
    rig.wait(timedelta(hours=48))
    refusal = refused(rig, JAIL, task.id, answer="transferred", by="CLERK")
    assert (refusal.code, "lapsed" in refusal.message) == ("TASK_CLOSED", True)


def test_a_report_on_its_way_when_the_time_runs_out_is_kept_as_a_dead_letter(rig: Rig) -> None:
    from datetime import timedelta

    case_id = rig.until_held()
    task = rig.task(JAIL, TaskKind.REPORT_CUSTODY, case_id)
    rig.clock.advance(timedelta(hours=48))
    jail = rig.nodes[JAIL]
    dispatch.fire_due_timers(jail, 10)
    dispatch.decide_task(jail, task.id, answer="transferred", reason="handed over", by="CLERK")
    rig.run()
    assert rig.case(JAIL, case_id).state == CaseState.LAPSED
    assert [row["note"] for row in rig.entries(JAIL, "dead_letter")] == ["TASK_CLOSED"]


def test_whoever_is_enrolled_from_a_file_is_found_and_the_file_is_kept_as_exemplar(rig: Rig) -> None:
    node, data = rig.nodes[Role.IMMIGRATION_REPOSITORY], card("P9")
    for _ in range(2):
        assert len(dispatch.enrol(node, "FIN-P9", data).templates) == 10
    assert [node.store.file(digest) for digest in node.store.exemplars("FIN-P9")] == [data]
    assert [row["count"] for row in rig.entries(Role.IMMIGRATION_REPOSITORY, "enrolled")] == [10]
    case_id = rig.book(card("P9"))
    assert rig.task(Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id).shown["candidates"]


def test_nobody_is_enrolled_at_a_party_without_gallery_from_a_file_without_fingers_or_under_an_endless_id(
    rig: Rig,
) -> None:
    before = [len(node.store.entries()) for node in rig.all]
    for role, subject, data, code in (
        (Role.JAIL, "S", card("P9"), "NO_GALLERY"),
        (Role.STATE_BUREAU, "S", b"x", "NO_USABLE_FINGER"),
        (Role.STATE_BUREAU, "S" * 201, card("P9"), "SUBJECT_ID"),
    ):
        with pytest.raises(SenderError, match=code):
            dispatch.enrol(rig.nodes[role], subject, data)
    assert [len(node.store.entries()) for node in rig.all] == before


def test_a_retained_booking_is_the_exemplar_of_its_subject(rig: Rig) -> None:
    data = card("P3", ret="Y")
    case = rig.case(Role.CRIMINAL_REPOSITORY, rig.book(data))
    store = rig.nodes[Role.CRIMINAL_REPOSITORY].store
    assert [store.file(digest) for digest in store.exemplars(case.known["subject"])] == [data]
