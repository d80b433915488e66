"""Signing in, refusals, rights and claims in a real browser: readable by all, by keyboard alone, two people at once."""

from pathlib import Path

import pytest
from argon2 import PasswordHasher
from browser import Keyboard, assert_readable, screenshot

from tenprint.adapters.accounts import AccountFile
from tenprint.exchange.model.words import Role, TaskKind

pytestmark = [pytest.mark.web, pytest.mark.slow]

PASSWORD = "correct horse battery"


@pytest.fixture
def real(rig, serve, tmp_path: Path):
    """Give the served console of a network that is no demo, with two officers and an auditor."""
    accounts = AccountFile(tmp_path, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    accounts.add("OLE OFFICER", "field_office", "officer", PASSWORD)
    accounts.add("BEA OTHER", "field_office", "officer", PASSWORD)
    accounts.add("AMY AUDITOR", "jail", "auditor", PASSWORD)
    return serve(rig, is_demo=False, accounts=accounts)


def enter(desk, name: str) -> None:
    desk.open("/sign-in")
    desk.page.get_by_label("Your name").fill(name)
    desk.page.get_by_label("Password").fill(PASSWORD)
    desk.page.get_by_role("button", name="Sign in").click()
    desk.page.get_by_text(name).first.wait_for()


def test_an_officer_signs_in_with_a_password_by_keyboard_alone(real, desktop) -> None:
    desk = desktop(real)
    keyboard = Keyboard(desk.page)
    desk.open("/sign-in")
    assert_readable(desk.page)
    keyboard.write("Your name", "OLE OFFICER")
    keyboard.write("Password", "a wrong password")
    keyboard.press("Sign in", tag="button")
    assert "No account has this name and password." in desk.text()
    assert_readable(desk.page)
    screenshot(desk.page, "sign-in-refused")
    keyboard.write("Your name", "OLE OFFICER")
    keyboard.write("Password", PASSWORD)
    keyboard.press("Sign in", tag="button")
    desk.page.wait_for_url("**/queue*")
    assert "Open tasks of the field office" in desk.text()


def test_the_page_of_rights_can_be_read_by_visitors_officers_and_auditors(real, desktop) -> None:
    for name in ("", "OLE OFFICER", "AMY AUDITOR"):
        desk = desktop(real)
        if name:
            enter(desk, name)
        desk.open("/why/access")
        assert "What may I do, and why?" in desk.text()
        assert_readable(desk.page)
        screenshot(desk.page, f"rights-{name.partition(' ')[0].lower() or 'visitor'}")


def test_a_refusal_names_its_rule_and_leads_to_the_reasons(real, desktop) -> None:
    desk = desktop(real)
    enter(desk, "AMY AUDITOR")
    desk.open("/queue")
    assert "auditors-see-no-work" in desk.text() and "sees neither tasks nor prints" in desk.text()
    assert_readable(desk.page)
    screenshot(desk.page, "refusal")
    desk.page.get_by_role("link", name="What may I do, and why?").click()
    assert "auditor at the jail" in desk.text()


def test_a_task_is_claimed_by_keyboard_and_a_colleague_takes_it_over(rig, site, desktop) -> None:
    case_id = rig.until_status()
    ann, bea = desktop(site), desktop(site)
    for desk, name in ((ann, "ANN OFFICER"), (bea, "BEA OTHER")):
        desk.sign_in(Role.FIELD_OFFICE, name)
        desk.open_task(rig, Role.FIELD_OFFICE, TaskKind.DECIDE, case_id)
    Keyboard(ann.page).press("Claim this task", tag="button")
    assert "You have claimed this task" in ann.text()
    assert_readable(ann.page)
    bea.page.get_by_role("button", name="Claim this task").click()
    assert "ANN OFFICER has claimed this task" in bea.text()
    path = bea.open_task(rig, Role.FIELD_OFFICE, TaskKind.DECIDE, case_id)
    assert_readable(bea.page)
    screenshot(bea.page, "claimed-by-a-colleague")
    Keyboard(bea.page).press("Take this task over from ANN OFFICER", tag="button")
    assert "You have claimed this task" in bea.text()
    ann.open(path)
    assert "BEA OTHER has claimed this task" in ann.text()
    bea.page.get_by_role("button", name="Release this task").click()
    ann.open("/queue")
    assert "claimed by nobody" in ann.text()
    assert_readable(ann.page)
