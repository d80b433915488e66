"""A jail corrects what it reported of custody, and a field office an outcome: what stands is counted, both are kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from exchange_rig import BOOKING, GROUND, START, Rig, run_through_retries

from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model.corrections import CORRECTIONS, Correction, OfOutcome
from tenprint.exchange.model.words import Kind, Role, TaskKind
from tenprint.exchange.tasks.outcomes import OUTCOMES, removals, standing

pytestmark = pytest.mark.slow
LESC, ERO, JAIL, CITY = Role.SUPPORT_CENTER, Role.FIELD_OFFICE, Role.JAIL, Role.JURISDICTION
ENDED = {"happened_on": "2010-10-04", "legal_ground": GROUND}
WHY = {"kind": "corrected", "what": "it was another person", "reason": "a mix-up of files", "by": "OFFICER QUILL"}
REMOVED = ("removed", "2010-10-04")


@pytest.fixture
def rig(make: Callable[..., Rig]) -> Rig:
    """Give a network of seven parties and a city."""
    return make(jurisdiction=True)


def until(rig: Rig, *reported: str) -> str:
    case_id = rig.until_held()
    rig.decide(JAIL, TaskKind.REPORT_CUSTODY, case_id, "transferred")
    for outcome in reported:
        rig.decide(ERO, TaskKind.REPORT_OUTCOME, case_id, outcome, **ENDED)
    return case_id


def correct(rig: Rig, role: Role, case_id: str, of_outcome: OfOutcome | None = None) -> None:
    dispatch.correct(rig.nodes[role], case_id, **WHY, of_outcome=of_outcome)
    rig.run()


def counted(rig: Rig) -> int:
    with rig.nodes[ERO].store.transaction() as tx:
        return removals(tx.cases())


def stands(rig: Rig, role: Role, case_id: str) -> list[tuple[str, str]]:
    return [(one["outcome"], one["on"]) for one in standing(rig.case(role, case_id))]


def test_a_removal_that_did_not_happen_is_counted_no_more_and_everybody_who_was_told_is_told(rig: Rig) -> None:
    case_id = until(rig, "removed")
    assert counted(rig) == 1
    correct(rig, ERO, case_id, OfOutcome(*REMOVED, "did_not_happen"))
    assert counted(rig) == 0
    for role in (ERO, JAIL, CITY):
        assert (stands(rig, role, case_id), rig.failures(role)) == ([], [])
        assert [one["outcome"] for one in rig.case(role, case_id).known[OUTCOMES]] == ["removed"]
        assert [one["right_outcome"] for one in rig.case(role, case_id).known[CORRECTIONS].values()] == [
            "did_not_happen"
        ]
    (said,) = dispatch.acknowledgements(rig.nodes[ERO], case_id)
    assert said.done == {"jail": "noted", "jurisdiction": "noted"}
    assert [rig.messages(LESC, case_id, Kind.CORRECTION)] == [[]]  # nobody told it of outcomes


def test_an_officer_is_asked_again_what_became_of_a_person_who_was_not_removed(rig: Rig) -> None:
    case_id = until(rig, "custody", "removed")
    correct(rig, ERO, case_id, OfOutcome(*REMOVED, "did_not_happen"))
    (asked,) = rig.tasks(ERO, open_only=True)
    assert (asked.kind, asked.shown[CORRECTIONS][0]["correction_says"]) == ("report_outcome", WHY["what"])
    dispatch.decide_task(rig.nodes[ERO], asked.id, answer="relief", reason="as seen", by="OFFICER QUILL", details=ENDED)
    rig.run()
    for role in (ERO, JAIL, CITY):
        assert stands(rig, role, case_id) == [("custody", "2010-10-04"), ("relief", "2010-10-04")]
    assert (counted(rig), rig.tasks(ERO, open_only=True)) == (0, [])


def test_an_outcome_that_was_another_one_stands_as_that(rig: Rig) -> None:
    case_id = until(rig, "terminated")
    correct(rig, ERO, case_id, OfOutcome("terminated", "2010-10-04", "returned", "2010-10-04"))
    assert [stands(rig, role, case_id) for role in (ERO, JAIL, CITY)] == [[("returned", "2010-10-04")]] * 3
    assert (counted(rig), rig.tasks(ERO, open_only=True)) == (1, [])


def test_a_new_last_outcome_that_overtakes_the_correction_waits_for_it(rig: Rig) -> None:
    case_id = until(rig, "removed")
    post, slow = rig.post.deliver, [True]

    def deliver(wire: bytes, recipient: str) -> bytes:
        if recipient == str(JAIL) and b"CORRECTION" in wire and slow:
            raise StorageError("POST_UNREACHABLE", "not now")
        return post(wire, recipient)

    rig.post.deliver = deliver
    correct(rig, ERO, case_id, OfOutcome(*REMOVED, "did_not_happen"))
    (asked,) = rig.tasks(ERO, open_only=True)
    dispatch.decide_task(rig.nodes[ERO], asked.id, answer="relief", reason="as seen", by="OFFICER QUILL", details=ENDED)
    rig.run()
    assert stands(rig, JAIL, case_id) == [REMOVED]
    slow.clear()
    run_through_retries(rig)
    assert (stands(rig, JAIL, case_id), rig.failures(JAIL)) == ([("relief", "2010-10-04")], [])


def test_a_jail_corrects_what_it_reported_of_custody_to_the_field_office_alone(rig: Rig) -> None:
    case_id = until(rig)
    correct(rig, JAIL, case_id)
    assert [one["origin"] for one in rig.case(ERO, case_id).known[CORRECTIONS].values()] == ["jail"]
    assert rig.messages(LESC, case_id, Kind.CORRECTION) == []
    asked = rig.task(ERO, TaskKind.REPORT_OUTCOME, case_id)
    assert [one["correction_says"] for one in asked.shown[CORRECTIONS]] == [WHY["what"]]
    (said,) = dispatch.acknowledgements(rig.nodes[JAIL], case_id)
    assert said.done == {"field_office": "noted asked_anew"}


def test_a_jail_that_has_reported_nothing_corrects_nothing(rig: Rig) -> None:
    case_id = rig.until_detainer()
    with pytest.raises(SenderError, match="NOBODY_TOLD"):
        correct(rig, JAIL, case_id)


@pytest.mark.parametrize(
    ("role", "of_outcome", "code"),
    [
        (ERO, None, "OUTCOME_MISSING"),
        (JAIL, OfOutcome(*REMOVED, "did_not_happen"), "CORRECTION_NOT_YOURS"),
        (ERO, OfOutcome("removed", "2010-10-03", "did_not_happen"), "OUTCOME_UNKNOWN"),
        (ERO, OfOutcome(*REMOVED, "deported", "2010-10-04"), "OUTCOME_INVALID"),
        (ERO, OfOutcome(*REMOVED, "did_not_happen", "2010-10-04"), "OUTCOME_INVALID"),
        (ERO, OfOutcome(*REMOVED, "returned"), "DAY_MISSING"),
        (ERO, OfOutcome(*REMOVED, "returned", "2010-02-30"), "DAY_IMPOSSIBLE"),
        (ERO, OfOutcome(*REMOVED, "returned", "2011-01-01"), "DAY_IN_FUTURE"),
        (ERO, OfOutcome("custody", "2010-10-04", "returned", "2010-10-04"), "OUTCOME_CHANGED"),
    ],
)
def test_a_correction_of_an_outcome_that_cannot_be_is_refused_and_changes_nothing(
    rig: Rig, role: Role, of_outcome: OfOutcome | None, code: str
) -> None:
    case_id = until(rig, "custody", "removed")
    with pytest.raises(SenderError) as caught:
        correct(rig, role, case_id, of_outcome)
    assert (caught.value.code, CORRECTIONS in rig.case(ERO, case_id).known, counted(rig)) == (code, False, 1)


def test_a_last_outcome_is_reported_and_not_corrected_in_while_an_officer_is_asked(rig: Rig) -> None:
    case_id = until(rig, "custody")
    with pytest.raises(SenderError, match="OUTCOME_OPEN"):
        correct(rig, ERO, case_id, OfOutcome("custody", "2010-10-04", "removed", "2010-10-04"))


def test_an_outcome_that_its_origin_cannot_correct_is_a_dead_letter_at_who_got_it(rig: Rig) -> None:
    case_id = until(rig, "removed")
    said = Correction("c-1", "jail", BOOKING.tcn, "corrected", "never", "so we say", "CLERK", START)
    forged = Correction(*(getattr(said, name) for name in list(vars(said))[:8]), "", "", *REMOVED, "did_not_happen")
    rig.say(JAIL, ERO, Kind.CORRECTION, rig.news(forged), case_id)
    assert (rig.failures(ERO), counted(rig)) == (["CORRECTION_NOT_YOURS"], 1)
