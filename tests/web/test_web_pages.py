"""Every page of people's work in a real browser: readable by all, at every size, and quiet."""

from datetime import timedelta

import pytest
from browser import assert_readable, screenshot
from exchange_rig import GROUND, PERMITTED

from tenprint.exchange.model.words import Role, TaskKind

pytestmark = [pytest.mark.web, pytest.mark.slow]


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nowhere", "/queue"])
def test_pages_before_signing_in_can_be_read_by_all(desk, path: str) -> None:
    desk.open(path)
    assert_readable(desk.page)


def test_an_examiners_pages_can_be_read_by_all(rig, desk) -> None:
    rig.until_examined(finding="inconclusive")
    desk.sign_in(Role.IMMIGRATION_REPOSITORY, "BEA SECOND")
    assert_readable(desk.page)
    desk.page.get_by_role("link", name="Compare two sets of prints").click()
    assert_readable(desk.page)


def test_a_specialists_pages_can_be_read_by_all(rig, desk) -> None:
    case_id = rig.until_examined()
    desk.sign_in(Role.SUPPORT_CENTER, "CAM SPECIALIST")
    assert "Due soon (1)" in desk.text()
    assert_readable(desk.page)
    desk.open_task(rig, Role.SUPPORT_CENTER, TaskKind.STATUS, case_id)
    said = desk.text()
    assert "Known is not removable" in said and "No match is not citizen" in said and "not built yet" in said
    assert_readable(desk.page)
    screenshot(desk.page, "specialist")
    desk.record("removable")
    assert_readable(desk.page)
    desk.record("removable", legal_ground=GROUND)
    assert "What happens next" in desk.text()
    assert_readable(desk.page)


def test_an_officers_pages_can_be_read_by_all(rig, desk) -> None:
    case_id = rig.until_status()
    desk.sign_in(Role.FIELD_OFFICE, "LEE OFFICER")
    assert_readable(desk.page)
    desk.open_task(rig, Role.FIELD_OFFICE, TaskKind.DECIDE, case_id)
    assert_readable(desk.page)
    screenshot(desk.page, "officer")
    desk.choose("answer", "detainer")
    assert_readable(desk.page)
    desk.open(f"/cases/{case_id}")
    assert_readable(desk.page)


def test_a_second_officers_pages_can_be_read_by_all(rig, desktop, site) -> None:
    case_id = rig.until_status()
    first, second = desktop(site).sign_in(Role.FIELD_OFFICE, "LEE OFFICER"), desktop(site)
    first.open_task(rig, Role.FIELD_OFFICE, TaskKind.DECIDE, case_id)
    first.record("detainer", **PERMITTED | {"citizenship_claim": "yes"})
    assert "A second officer must look" in first.text()
    assert_readable(first.page)
    second.sign_in(Role.FIELD_OFFICE, "MAX SECOND").open_task(rig, Role.FIELD_OFFICE, TaskKind.SECOND_LOOK, case_id)
    said = second.text()
    assert "proposed by LEE OFFICER" in said and "Somebody says that the person is a US citizen" in said
    assert "neither is expected of you" in said and said.index("Disagree:") < said.index("Agree:")
    assert_readable(second.page)


def test_a_jails_pages_can_be_read_by_all(rig, desk) -> None:
    case_id = rig.until_detainer()
    desk.sign_in(Role.JAIL, "JO CLERK").open_task(rig, Role.JAIL, TaskKind.ANSWER_DETAINER, case_id)
    assert "No judge has signed it" in desk.text()
    assert_readable(desk.page)
    desk.record("accept")
    assert_readable(desk.page)
    desk.open_task(rig, Role.JAIL, TaskKind.REPORT_RELEASE, case_id)
    assert "no hold counts" in desk.text()
    assert_readable(desk.page)
    desk.record("would_be_released")
    rig.clock.advance(timedelta(hours=35, minutes=20))
    desk.open_task(rig, Role.JAIL, TaskKind.REPORT_CUSTODY, case_id)
    said = desk.text()
    assert (
        "12 hours 40 minutes left, until 6 October 2010, 08:00 UTC" in said
        and "held so far 35 hours 20 minutes" in said
    )
    assert_readable(desk.page)
    screenshot(desk.page, "jail")
    rig.wait(timedelta(hours=20))
    desk.page.reload()
    assert "Lapsed: the time ran out and nobody came" in desk.text()
    assert_readable(desk.page)


def test_the_clock_of_an_open_page_goes_on_by_itself_and_not_for_ever(rig, desk, monkeypatch) -> None:
    monkeypatch.setattr("tenprint.web.pages.tasks.TICK_SECONDS", 1)
    monkeypatch.setattr("tenprint.web.pages.tasks.TICKS", 2)
    case_id = rig.until_held()
    desk.sign_in(Role.JAIL).open_task(rig, Role.JAIL, TaskKind.REPORT_CUSTODY, case_id)
    looks = len(rig.entries(Role.JAIL, "looked_at"))
    clock = desk.page.get_by_role("timer")
    assert "48 hours left" in clock.inner_text()
    rig.clock.advance(timedelta(hours=40))
    desk.page.get_by_text("8 hours left").wait_for()
    desk.page.wait_for_selector("#clock:not([hx-get])")
    assert len(rig.entries(Role.JAIL, "looked_at")) == looks


@pytest.mark.parametrize("kind", [TaskKind.STATUS, TaskKind.DECIDE])
def test_question_time_statements_and_form_are_in_sight_before_any_evidence_is_read(rig, desk, kind: TaskKind) -> None:
    case_id, role = (
        (rig.until_examined(), Role.SUPPORT_CENTER)
        if kind == TaskKind.STATUS
        else (rig.until_status(), Role.FIELD_OFFICE)
    )
    desk.page.set_viewport_size({"width": 1280, "height": 800})
    desk.sign_in(role, "LEE OFFICIAL").open_task(rig, role, kind, case_id)

    def top(selector: str) -> float:
        return desk.page.locator(selector).first.bounding_box()["y"]

    assert top('input[name="answer"]') < 1.5 * 800
    assert top(".asks") < top("#clock") < top("#shown")
    assert "Known is not removable" in desk.text()
    assert desk.page.locator("input:checked").count() == 0
    desk.page.evaluate("window.scrollTo(0, 700)")
    assert desk.page.evaluate("scrollY") > 300
    assert 0 <= top('input[name="answer"]') < 800, "the form stays beside the evidence"


def test_nothing_is_preselected_and_no_action_is_as_few_clicks_as_can_be(rig, desk) -> None:
    case_id = rig.until_status()
    desk.sign_in(Role.FIELD_OFFICE).open_task(rig, Role.FIELD_OFFICE, TaskKind.DECIDE, case_id)
    assert desk.page.locator("input:checked").count() == 0
    radios = desk.page.locator('input[name="answer"]')
    assert [radios.nth(n).get_attribute("value") for n in range(radios.count())] == [
        "no_action",
        "interview",
        "detainer",
    ]
    shown = desk.page.locator("form.answer input:visible, form.answer button:visible")
    assert shown.count() == 3 + 1 + 1, (
        "three answers, a reason, a button; what a detainer needs is asked of nobody else"
    )
    desk.choose("answer", "detainer")
    assert shown.count() > 10
    desk.choose("answer", "no_action")
    assert shown.count() == 5
    desk.record("no_action", "a long life here")
    assert "No action, by SAM OFFICIAL" in desk.text() and "nobody is held" in desk.text()


def test_a_refused_form_leads_from_its_summary_to_the_field_at_fault(rig, desk) -> None:
    case_id = rig.until_status()
    desk.sign_in(Role.FIELD_OFFICE).open_task(rig, Role.FIELD_OFFICE, TaskKind.DECIDE, case_id)
    desk.record("detainer", "because", **{name: text for name, text in PERMITTED.items() if name != "evidence"})
    summary = desk.page.get_by_role("alert")
    assert summary.evaluate("one => one === document.activeElement")
    assert desk.page.title().startswith("Not recorded")
    summary.get_by_role("link").click()
    focused = desk.page.evaluate("document.activeElement.name")
    assert focused == "evidence"
    group = desk.page.locator("fieldset[aria-describedby='evidence-fault']")
    assert "No evidence is shown" in group.inner_text()
    assert desk.page.locator("[name=reason]").input_value() == "because"
    assert_readable(desk.page)
    desk.record("detainer", **PERMITTED | {"legal_ground": "something else"})
    assert desk.page.locator("[name=legal_ground]").get_attribute("aria-invalid") == "true"
    assert_readable(desk.page)


def test_the_queue_shows_what_is_mine_nobodys_and_all_by_urgency(rig, desk) -> None:
    rig.until_status()
    rig.until_examined("P8", tcn="TCN-2010-0000002")
    desk.sign_in(Role.SUPPORT_CENTER)
    for name in ("Mine and nobody's (1)", "Mine (0)", "Nobody's (1)", "All of my party (1)"):
        desk.page.get_by_role("link", name=name, exact=True).click()
        assert desk.page.locator("[aria-current=page]").inner_text() == name
    desk.open("/queue?show=<script>")
    assert "Due soon (1)" in desk.text()
    for hours, group in ((5, "Overdue (1)"), (30, "Critically overdue (1)")):
        rig.clock.advance(timedelta(hours=hours))
        desk.page.reload()
        assert group in desk.text()
        assert_readable(desk.page)
