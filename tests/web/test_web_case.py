"""A case's human steps in a real browser, by mouse and by keyboard alone; two people at one task."""

import pytest
from browser import Keyboard
from exchange_rig import GROUND, PERMITTED, Rig, card

from tenprint.exchange import story
from tenprint.exchange.model.words import Role, TaskKind

pytestmark = [pytest.mark.web, pytest.mark.slow]

REASON = "as the records say"
STEPS = (
    (Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, "identification", {}),
    (Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, "identification", {}),
    (Role.SUPPORT_CENTER, TaskKind.STATUS, "removable", {"legal_ground": GROUND}),
    (Role.FIELD_OFFICE, TaskKind.DECIDE, "detainer", PERMITTED),
    (Role.JAIL, TaskKind.ANSWER_DETAINER, "accept", {}),
    (Role.JAIL, TaskKind.REPORT_RELEASE, "would_be_released", {}),
)
"""First the finding, then the closing one after likeness and rank are shown."""


def booked(rig: Rig) -> str:
    rig.known_to_immigration("P7")
    return rig.book(card("P7"))


@pytest.mark.parametrize("ends", ["transferred", "released"])
def test_a_case_is_clicked_through_from_the_examiner_to_the_jail(rig, site, desktop, ends: str) -> None:
    case_id = booked(rig)
    for role, kind, answer, details in (*STEPS, (Role.JAIL, TaskKind.REPORT_CUSTODY, ends, {})):
        desk = desktop(site).sign_in(role, f"{role} official")
        link = desk.page.locator(f'main a[href="/tasks/{rig.task(role, kind, case_id).id}"]')
        link.click()
        desk.record(answer, REASON, **details)
        assert "Recorded" in desk.text() and f"by {role} official" in desk.text()
    assert story.final_state(rig.all, case_id) == {"transferred": "transferred", "released": "lapsed"}[ends]
    desk.open(f"/cases/{case_id}")
    assert story.final_state(rig.all, case_id) in desk.text()


def test_a_case_is_walked_by_keyboard_alone(rig, desk, keyboard: Keyboard) -> None:
    case_id = booked(rig)
    desk.open("/")
    for role, kind, answer, details in (*STEPS, (Role.JAIL, TaskKind.REPORT_CUSTODY, "transferred", {})):
        keyboard.press("Sign in", tag="a")
        keyboard.choose("party", str(role))
        keyboard.write("Your name", "PAT TYPIST")
        keyboard.press("Take the role", tag="button")
        while desk.page.url.rpartition("/")[2] != rig.task(role, kind, case_id).id:
            keyboard.press(_title(kind), tag="a")
        keyboard.choose("answer", answer)
        for name, value in details.items():
            if name == "legal_ground":
                keyboard.write("Legal ground", value)
            else:
                keyboard.choose(name, value)
        keyboard.write("Reason", REASON)
        keyboard.press("Record my", tag="button")
        assert "by PAT TYPIST" in desk.text()
        keyboard.press("Sign out", tag="button")
    assert story.final_state(rig.all, case_id) == "transferred"


def _title(kind: TaskKind) -> str:
    from tenprint.web.words import TASK_TITLES

    return TASK_TITLES[kind]


def test_of_two_people_at_one_task_one_wins_and_the_other_is_told(rig, site, desktop) -> None:
    case_id = rig.until_status()
    ann, bea = (desktop(site).sign_in(Role.FIELD_OFFICE, name) for name in ("ANN FIRST", "BEA OTHER"))
    for desk in (ann, bea):
        desk.open_task(rig, Role.FIELD_OFFICE, TaskKind.DECIDE, case_id)
    ann.record("no_action", "a long life here")
    before = len(rig.entries(Role.FIELD_OFFICE))
    bea.record("detainer", **PERMITTED)
    assert "This page is no longer current" in bea.text() and "Your answer was not recorded" in bea.text()
    assert len(rig.entries(Role.FIELD_OFFICE)) == before
    bea.open_task(rig, Role.FIELD_OFFICE, TaskKind.DECIDE, case_id)
    assert "No action, by ANN FIRST" in bea.text()
    assert rig.task(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id).answer == "no_action"
