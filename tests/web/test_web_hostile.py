"""What must not work in a real browser: refused with a sentence, nothing changed, nothing personal in the log."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import Desk, Site, served
from console_rig import console, sizes
from exchange_rig import BOOKING, PERMITTED, Rig
from playwright.sync_api import Browser
from starlette.responses import HTMLResponse

from tenprint.exchange.model.words import Role, TaskKind
from tenprint.web.sessions import IDLE_SECONDS, Sessions

pytestmark = [pytest.mark.web, pytest.mark.slow]

EVIL = '<img src=x onerror=alert(1)><script>alert("x")</script>'
PERSON = "SAM OFFICIAL"
MEGABYTES = 50


@pytest.fixture
def waiting(rig: Rig) -> Rig:
    """Give a network in which a case waits for an officer."""
    rig.until_status()
    return rig


@pytest.fixture
def officer(waiting: Rig, desk: Desk, site: Site) -> Iterator[Desk]:
    """Give an officer at the page of that case's task; after the test the log must hold nothing personal."""
    desk.sign_in(Role.FIELD_OFFICE, PERSON)
    desk.open(path_of(waiting))
    yield desk
    assert_impersonal(site, waiting)


def path_of(rig: Rig) -> str:
    return f"/tasks/{rig.tasks(Role.FIELD_OFFICE)[0].id}"


def assert_impersonal(site: Site, rig: Rig) -> None:
    task = rig.tasks(Role.FIELD_OFFICE)[0]
    said = "\n".join(site.log)
    personal = (PERSON, BOOKING.nam, "SAMPLESON", BOOKING.dob, task.case_id, task.id, "as the records say", "<script")
    assert not [one for one in personal if one in said], said


def test_a_form_sent_by_a_double_click_is_recorded_once(waiting: Rig, officer: Desk) -> None:
    officer.choose("answer", "no_action")
    officer.page.locator("[name=reason]").fill("as the records say")
    officer.page.get_by_role("button", name="Record my").dblclick()
    officer.page.get_by_role("heading", name="What happens next").wait_for()
    assert len(waiting.entries(Role.FIELD_OFFICE, "task_answered")) == 1


def test_going_back_shows_what_was_recorded_and_no_form(waiting: Rig, officer: Desk) -> None:
    officer.record("no_action")
    officer.open("/queue")
    officer.page.go_back()
    assert "No action, by SAM OFFICIAL" in officer.text()
    assert officer.page.locator("form.answer").count() == 0
    assert len(waiting.entries(Role.FIELD_OFFICE, "task_answered")) == 1


def test_after_the_session_has_expired_nothing_is_recorded_and_the_page_says_so(
    waiting: Rig, desktop: Callable[..., Desk], serve: Callable[..., Site]
) -> None:
    seconds = [0.0]
    site = serve(waiting, sessions=Sessions(lambda: seconds[0]))
    desk = desktop(site).sign_in(Role.FIELD_OFFICE, PERSON)
    desk.open(path_of(waiting))
    before = sizes(waiting)
    seconds[0] = IDLE_SECONDS
    desk.record("no_action")
    assert "has expired" in desk.text() and desk.page.get_by_role("link", name="Go to sign in").is_visible()
    assert sizes(waiting) == before
    assert_impersonal(site, waiting)


def test_a_page_that_has_become_stale_records_nothing(waiting: Rig, officer: Desk) -> None:
    case_id = waiting.tasks(Role.FIELD_OFFICE)[0].case_id
    waiting.decide(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id, "interview")
    before = sizes(waiting)
    officer.record("no_action")
    assert "no longer current" in officer.text() and sizes(waiting) == before


def test_another_partys_task_is_refused_with_a_sentence(waiting: Rig, site: Site, desktop: Callable[..., Desk]) -> None:
    clerk = desktop(site).sign_in(Role.JAIL, PERSON)
    before = sizes(waiting)
    clerk.open(path_of(waiting))
    assert "another party" in clerk.text() and sizes(waiting) == before
    assert_impersonal(site, waiting)
    assert any("refused with 403" in line and "/tasks/{task_id}" in line for line in site.log)


def test_markup_in_names_and_reasons_is_text(rig: Rig, site: Site, desktop: Callable[..., Desk]) -> None:
    case_id = rig.until_status()
    desk = desktop(site)
    dialogs: list[str] = []
    desk.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    desk.sign_in(Role.FIELD_OFFICE, EVIL)
    desk.open(path_of(rig))
    desk.record("no_action", EVIL)
    for path in (path_of(rig), f"/cases/{case_id}", "/queue", "/"):
        desk.open(path)
        assert EVIL in desk.page.locator("body").inner_text()
        assert desk.page.locator("img[src=x]").count() == 0
    assert dialogs == []


@pytest.mark.parametrize(
    "path",
    [
        "/cases/../../etc/passwd", "/cases/%2e%2e/%2e%2e/etc/passwd", "/tasks/..%2f..%2fnetwork.toml", "/cases/%00",
        "/tasks/x%00y/clock", "/static/..%2fapp.py", "/static/%2e%2e%2fapp.py", "/static/....//app.py",
        "/tasks/%F0%28%8C%28", "/queue/" + "a" * 4000,
    ],
)  # fmt: skip
def test_tricks_in_an_address_lead_nowhere(waiting: Rig, officer: Desk, path: str) -> None:
    before = sizes(waiting)
    answer = officer.open(path)
    assert answer is not None and answer.status in (400, 404)
    assert "root:" not in officer.page.content() and "import" not in officer.page.content()
    assert sizes(waiting) == before


@pytest.mark.parametrize("way", ["form", "fetch"])
def test_a_page_of_another_site_cannot_answer_in_somebodys_name(
    waiting: Rig, officer: Desk, site: Site, chromium: Browser, way: str
) -> None:
    target = site.address + path_of(waiting)
    hidden = {
        name: officer.page.locator(f"form.answer [name={name}]").input_value() for name in ("csrf", "form_id")
    } | {"answer": "detainer", "reason": "x", **PERMITTED}
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in hidden.items())
    page_of_theirs = HTMLResponse(f'<form method="post" action="{target}">{inputs}<button>Win a prize</button></form>')
    before = sizes(waiting)
    with served(page_of_theirs) as theirs:
        # Ports are one site to a browser: the cookie is sent along, and only the form's origin tells.
        context = chromium.new_context(storage_state=officer.context.storage_state())
        page = context.new_page()
        page.goto(theirs.address)
        if way == "form":
            page.get_by_role("button").click()
            page.get_by_text("A form of another site, or of none, is not taken.").wait_for()
        else:
            page.evaluate(
                "target => fetch(target, {method: 'POST', mode: 'no-cors', credentials: 'include',"
                " body: new URLSearchParams(new FormData(document.forms[0]))}).catch(() => 0)",
                target,
            )
        context.close()
    assert sizes(waiting) == before
    assert any("refused with 403" in line for line in site.log)


def test_a_large_upload_is_refused_with_a_sentence(waiting: Rig, officer: Desk, site: Site, tmp_path: Path) -> None:
    before = sizes(waiting)
    file = tmp_path / "card.an2"
    with file.open("wb") as large:
        large.truncate(MEGABYTES * 1_000_000)
    officer.page.evaluate(
        "() => { const form = document.querySelector('form.answer'); form.enctype = 'multipart/form-data';"
        " form.noValidate = true; const field = document.createElement('input'); field.type = 'file';"
        " field.name = 'card'; form.append(field); }"
    )
    officer.page.locator("[name=card]").set_input_files(file)
    with officer.page.expect_navigation():
        officer.page.get_by_role("button", name="Record my").click()
    assert "too large" in officer.text()
    assert sizes(waiting) == before
    assert any("refused with 413" in line for line in site.log)


def test_a_file_that_is_small_is_refused_too(waiting: Rig, officer: Desk, tmp_path: Path) -> None:
    before = sizes(waiting)
    answer = officer.page.evaluate(
        "async () => { const body = new FormData(); body.append('card', new Blob(['x']));"
        " const answer = await fetch(location.href, {method: 'POST', body}); return answer.status; }"
    )
    officer.faults.clear()  # the browser logs the refusal that this test is about
    assert answer == 415 and sizes(waiting) == before


def test_no_page_may_be_put_into_a_frame(waiting: Rig, officer: Desk, site: Site, chromium: Browser) -> None:
    framing = HTMLResponse(f'<iframe src="{site.address}{path_of(waiting)}"></iframe>')
    with served(framing) as theirs:
        context = chromium.new_context(storage_state=officer.context.storage_state())
        page = context.new_page()
        page.goto(theirs.address)
        page.wait_for_load_state("networkidle")
        assert "Record my" not in "".join(frame.content() for frame in page.frames[1:])
        context.close()


def test_the_console_of_a_rig_is_the_one_that_is_served(rig: Rig) -> None:
    with served(console(rig)) as one, served(console(rig)) as other:
        assert one.address != other.address
