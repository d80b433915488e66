"""The console: people's work done by forms, and everything that a form must not be able to do."""

import asyncio
import re
import socket
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from console_rig import SITE, Desktop, Time, at, console, house_of, sizes, task_path, text_of
from exchange_rig import BOOKING, GROUND, PERMITTED, START, Rig, card, rigs

from tenprint.core.errors import StorageError
from tenprint.exchange import story
from tenprint.exchange.model.words import Role, TaskKind
from tenprint.web import guard
from tenprint.web.app import COOKIE, create_app
from tenprint.web.guard import MAX_BODY_BYTES
from tenprint.web.role_words import URGENCIES, urgency
from tenprint.web.serve import ADDRESS, listening_socket
from tenprint.web.sessions import IDLE_SECONDS, LONGEST_SECONDS, MAX_OF_A_PERSON, MAX_SESSIONS, Sessions

pytestmark = pytest.mark.slow

EVIL = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def waiting() -> Iterator[Rig]:
    """A network in which a case waits for an officer; for tests that change nothing but who looked."""
    with rigs() as make:
        rig = make()
        rig.until_status()
        yield rig


def decide_page(rig: Rig) -> tuple[Desktop, str]:
    if not rig.tasks(Role.FIELD_OFFICE):
        rig.until_status()
    path = f"/tasks/{rig.tasks(Role.FIELD_OFFICE)[0].id}"
    officer = at(rig, Role.FIELD_OFFICE)
    officer.get(path)
    return officer, path


def test_a_case_is_clicked_through_by_forms_until_the_person_is_transferred(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    app = console(rig)

    def click(role: Role, answer: str, **details: str) -> str:
        desk = Desktop(app).take(role, f"{role} official")
        (path,) = re.findall(r'href="(/tasks/[^"]+)"', desk.get("/queue"))
        desk.get(path)
        desk.post(path, answer=answer, reason="as the records say", **details)
        return desk.get(path)

    click(Role.IMMIGRATION_REPOSITORY, "inconclusive")
    assert "Recorded" in click(Role.IMMIGRATION_REPOSITORY, "identification")
    click(Role.SUPPORT_CENTER, "removable", legal_ground=GROUND)
    click(Role.FIELD_OFFICE, "detainer", **PERMITTED)
    click(Role.JAIL, "accept")
    click(Role.JAIL, "would_be_released")
    assert "by jail official" in text_of(click(Role.JAIL, "transferred"))
    assert story.final_state(rig.all, case_id) == "transferred"
    assert "State: transferred" in text_of(at(rig, Role.FIELD_OFFICE).get(f"/cases/{case_id}"))
    findings = [row["outcome"] for row in rig.entries(Role.IMMIGRATION_REPOSITORY, "task_answered")]
    assert findings == ["inconclusive", "identification"]


def test_an_examiner_sees_score_rank_and_story_only_after_an_own_first_finding(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    path = task_path(rig, Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id)
    first = at(rig, Role.IMMIGRATION_REPOSITORY, "ANN FIRST")
    blind = text_of(first.get(path))
    assert "Your first finding" in blind and "no image on file for this finger" in blind
    assert not re.search(r"likeness by finger|rank 1|threshold", blind)
    assert "kept back" in first.get(f"/cases/{case_id}")
    first.get(path)
    first.post(path, answer="identification", reason="ridges agree")
    seen = text_of(first.get(path))
    assert "likeness by finger" in seen and "rank 1" in seen and "Your closing finding" in seen
    assert "kept back" not in first.get(f"/cases/{case_id}")
    other = text_of(at(rig, Role.IMMIGRATION_REPOSITORY, "BEA OTHER").get(path))
    assert "Your first finding" in other and "ridges agree" not in other and "rank 1" not in other


def test_a_second_examiner_sees_nothing_of_the_first_ones_work_before_an_own_finding(rig: Rig) -> None:
    case_id = rig.until_examined(finding="inconclusive")
    first, second = (
        task_path(rig, Role.IMMIGRATION_REPOSITORY, kind, case_id)
        for kind in (TaskKind.EXAMINE, TaskKind.EXAMINE_SECOND)
    )
    before = sizes(rig)
    examiner = at(rig, Role.IMMIGRATION_REPOSITORY, "BEA SECOND")
    assert "kept back" in examiner.get(first, 403)
    assert sizes(rig) == before
    blind = text_of(examiner.get(second))
    assert "Your first finding" in blind and "as seen" not in blind and "rank 1" not in blind
    examiner.post(second, answer="identification", reason="ridges agree")
    assert "Inconclusive" in examiner.get(first)


def test_a_form_has_nothing_preselected_and_no_action_first(waiting: Rig) -> None:
    officer, _ = decide_page(waiting)
    radios = re.findall(r'<input type="radio" name="answer" value="(\w+)"', officer.page)
    assert radios == ["no_action", "interview", "detainer"]
    assert "checked" not in officer.page
    assert "Known is not removable" in officer.page and "<script>" not in officer.page
    assert "29 February 1980" in officer.page


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"answer": "detainer", "reason": "x"}, "detainer"),
        ({"answer": "detainer", "reason": "x", **PERMITTED, "legal_ground": "other"}, "LEGAL_GROUND_DIFFERS"),
        ({"answer": "detainer", "reason": "x", **PERMITTED, "evidence": "hearsay"}, "EVIDENCE_UNKNOWN"),
        ({"answer": "no_action", "reason": "  "}, "REASON_MISSING"),
        ({"reason": "x"}, "ANSWER_NOT_ALLOWED"),
        ({"answer": "prison", "reason": "x"}, "ANSWER_NOT_ALLOWED"),
        ({"answer": "no_action", "reason": "a\x00b"}, "TEXT_INVALID"),
        ({"answer": "no_action", "reason": "x" * 501}, "TEXT_INVALID"),
    ],
)
def test_an_answer_that_is_refused_is_explained_on_top_and_changes_nothing(
    waiting: Rig, fields: dict, code: str
) -> None:
    officer, path = decide_page(waiting)
    before = sizes(waiting)
    page = officer.post(path, 422, **fields)
    said = text_of(page)
    assert said.index("Not recorded") < said.index("What you are shown")
    assert code in said and "Next:" in said and "--detail" not in said and ".." not in said
    assert sizes(waiting) == before


def test_a_citizenship_claim_waits_for_another_officer_and_says_so(rig: Rig) -> None:
    officer, path = decide_page(rig)
    officer.post(path, answer="detainer", reason="x", **PERMITTED | {"citizenship_claim": "yes"})
    assert "A second officer must look" in officer.get(path)
    (look,) = [t for t in rig.tasks(Role.FIELD_OFFICE, open_only=True) if t.kind == TaskKind.SECOND_LOOK]
    officer.get(f"/tasks/{look.id}")
    assert "You cannot answer this task" in officer.page and 'name="form_id"' not in officer.page
    assert "SAME_OFFICER" in officer.post(f"/tasks/{look.id}", 409, answer="agree", reason="x")
    second = at(rig, Role.FIELD_OFFICE, "CAL SECOND")
    assert "proposed by" in second.get(f"/tasks/{look.id}")
    second.post(f"/tasks/{look.id}", answer="agree", reason="x")


def test_no_action_needs_little_and_a_form_sent_twice_is_recorded_once(rig: Rig) -> None:
    officer, path = decide_page(rig)
    other = at(rig, Role.FIELD_OFFICE, "DEE OTHER")
    other.get(path)
    officer.post(path, answer="no_action", reason="a long life here")
    before = sizes(rig)
    officer.post(path, answer="no_action", reason="a long life here")
    officer.post(path, answer="detainer", reason="changed in between", **PERMITTED)
    assert "no longer current" in other.post(path, 409, answer="interview", reason="y")
    assert sizes(rig) == before
    assert "No action, by SAM OFFICIAL" in text_of(officer.get(path))
    assert len(rig.entries(Role.FIELD_OFFICE, "task_answered")) == 1


def test_a_page_is_stale_when_a_finding_was_recorded_since_or_when_it_was_never_shown(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    path = task_path(rig, Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, rig.book(card("P7")))
    ann, bea = (at(rig, Role.IMMIGRATION_REPOSITORY, name) for name in ("ANN FIRST", "BEA OTHER"))
    ann.get(path)
    bea.get(path)
    ann.post(path, answer="exclusion", reason="x")
    before = sizes(rig)
    bea.post(path, 409, answer="identification", reason="y")
    bea.post(path, 409, answer="identification", reason="y", form_id="never-shown")
    bea.post(path, 409, answer="identification", reason="y", form_id=ann.tokens()["form_id"])
    assert sizes(rig) == before


def test_another_partys_task_can_neither_be_read_nor_answered(waiting: Rig) -> None:
    officer, path = decide_page(waiting)
    clerk = at(waiting, Role.JAIL)
    clerk.page = officer.page.replace(officer.tokens()["csrf"], "")
    before = sizes(waiting)
    clerk.get(path, 403)
    clerk.get("/")
    csrf = clerk.tokens()["csrf"]
    answer = clerk.client.post(path, data={"csrf": csrf, "answer": "no_action", "reason": "x"})
    assert answer.status_code == 403 and "another party" in answer.text
    assert sizes(waiting) == before


@pytest.mark.parametrize("csrf", ["", "x", "é"])
def test_a_form_without_the_sessions_token_is_refused(waiting: Rig, csrf: str) -> None:
    officer, path = decide_page(waiting)
    before = sizes(waiting)
    assert "does not belong" in officer.post(path, 403, answer="no_action", reason="x", csrf=csrf)
    officer.post("/sign-out", 403, csrf=csrf)
    assert sizes(waiting) == before
    officer.get("/queue")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9", "https://127.0.0.1:8765", ""])
def test_a_form_of_another_site_is_refused(waiting: Rig, origin: str) -> None:
    officer, path = decide_page(waiting)
    before = sizes(waiting)
    fields = officer.tokens() | {"answer": "no_action", "reason": "x"}
    answer = officer.client.post(path, data=fields, headers={"origin": origin})
    assert (answer.status_code, sizes(waiting)) == (403, before)
    assert "another site" in answer.text and "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8765", "127.0.0.1@evil.example", ""])
def test_a_request_under_another_name_is_refused(waiting: Rig, host: str) -> None:
    answer = Desktop(console(waiting)).client.get("/", headers={"host": host})
    assert answer.status_code == 400


def test_a_body_that_is_too_large_is_refused_whether_announced_or_not(waiting: Rig) -> None:
    officer, path = decide_page(waiting)
    before = sizes(waiting)
    large = b"x" * (MAX_BODY_BYTES + 1)
    for body in (large, iter([large[:1000]] * 100)):
        answer = officer.client.post(path, content=body)
        assert answer.status_code == 413 and "too large" in answer.text
    assert officer.client.post("/nowhere", content=large).status_code == 413
    assert sizes(waiting) == before


def test_files_and_odd_forms_are_refused(waiting: Rig) -> None:
    officer, path = decide_page(waiting)
    before = sizes(waiting)
    assert officer.client.post(path, files={"card": b"x"}).status_code == 415
    assert officer.client.post(path, json={}).status_code == 415
    twice = {"csrf": officer.tokens()["csrf"], "answer": ["no_action", "detainer"]}
    assert officer.client.post(path, data=twice).status_code == 400
    many = {f"f{n}": "x" for n in range(70)}
    assert officer.client.post(path, data=many).status_code == 400
    assert officer.client.post("/queue").status_code == 405
    assert sizes(waiting) == before


@pytest.mark.parametrize(
    "path",
    [
        "/tasks/..%2f..%2fnetwork.toml", "/cases/%2e%2e/%2e%2e", "/static/..%2fapp.py", "/static/../app.py",
        "/static/%2e%2e/templates/page.html", "/tasks/' OR 1=1 --", "/cases/%00", "/docs", "/openapi.json",
    ],
)  # fmt: skip
def test_tricks_in_an_address_lead_nowhere(waiting: Rig, path: str) -> None:
    officer, _ = decide_page(waiting)
    before = sizes(waiting)
    answer = officer.client.get(path)
    assert answer.status_code == 404 and "<h1>Not Found</h1>" in answer.text
    assert sizes(waiting) == before


@pytest.mark.parametrize("path", ["/queue", "/tasks/x", "/cases/x"])
def test_without_signing_in_no_work_can_be_seen(waiting: Rig, path: str) -> None:
    assert "sign in" in Desktop(console(waiting)).get(path, 401)


@pytest.mark.parametrize("wait", [IDLE_SECONDS, LONGEST_SECONDS])
def test_an_expired_session_answers_nothing(waiting: Rig, wait: int) -> None:
    time = Time()
    path = f"/tasks/{waiting.tasks(Role.FIELD_OFFICE)[0].id}"
    officer = Desktop(console(waiting, sessions=Sessions(time))).take(Role.FIELD_OFFICE)
    officer.get(path)
    before = sizes(waiting)
    time.now = wait
    assert "expired" in officer.post(path, 401, answer="no_action", reason="x")
    assert sizes(waiting) == before


def test_a_busy_session_lives_on_but_not_for_ever() -> None:
    time = Time()
    sessions = Sessions(time)
    token = sessions.start("jail", "SAM").token
    while time.now + IDLE_SECONDS - 1 < LONGEST_SECONDS:
        time.now += IDLE_SECONDS - 1
        assert sessions.find(token) is not None
    time.now = LONGEST_SECONDS
    assert sessions.find(token) is None


def test_strangers_cannot_crowd_out_those_who_have_signed_in() -> None:
    sessions = Sessions(Time())
    token = sessions.start("jail", "SAM").token
    for _ in range(MAX_SESSIONS + 5):
        sessions.start()
    assert sessions.find(token) is not None


def test_strangers_crowd_out_no_sign_in_of_a_known_browser_and_one_person_no_other() -> None:
    time = Time()
    sessions = Sessions(time)
    known, sam = sessions.start(is_known=True), sessions.start("jail", "SAM")
    for _ in range(MAX_SESSIONS + 5):
        time.now += 0.1
        sessions.start()
    assert sessions.find(known.token) is known
    many = []
    for _ in range(MAX_SESSIONS + 5):
        time.now += 0.1
        many.append(sessions.start("jail", "PAT").token)
    assert sessions.find(known.token) is known and sessions.find(sam.token) is sam
    assert [sessions.find(token) is not None for token in many].count(True) == MAX_OF_A_PERSON


def test_signing_in_changes_the_token_and_signing_out_ends_it_on_the_server(waiting: Rig) -> None:
    desk = Desktop(console(waiting))
    desk.get("/sign-in")
    before = desk.client.cookies[COOKIE]
    answer = desk.client.post("/sign-in", data=desk.tokens() | {"party": "jail", "name": "SAM"})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    after = desk.client.cookies[COOKIE]
    assert before != after
    desk.get("/queue")
    desk.post("/sign-out")
    for token in (before, after):
        desk.client.cookies.set(COOKIE, token)
        desk.get("/queue", 401)


@pytest.mark.parametrize(
    ("party", "name"),
    [("", "SAM"), ("prison", "SAM"), ("jail", ""), ("jail", "n/a"), ("jail", "x" * 81), ("jail", "a\nb")],
)
def test_a_role_and_a_name_are_needed_to_sign_in(waiting: Rig, party: str, name: str) -> None:
    desk = Desktop(console(waiting))
    desk.get("/sign-in")
    assert "Not recorded" in desk.post("/sign-in", 422, party=party, name=name)
    desk.get("/queue", 401)


def test_outside_of_a_demo_no_role_can_be_taken_and_without_accounts_nobody_signs_in(waiting: Rig) -> None:
    desk = Desktop(console(waiting, is_demo=False))
    assert "Take a role" not in desk.get("/")
    assert "There is no account yet" in desk.get("/sign-in") and 'name="party"' not in desk.page
    desk.post("/sign-in", 403, party="jail", name="SAM")
    desk.get("/queue", 401)


def test_html_in_names_and_reasons_is_text(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7", booking=BOOKING))
    path = task_path(rig, Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id)
    desk = at(rig, Role.IMMIGRATION_REPOSITORY, EVIL)
    desk.get(path)
    assert EVIL not in desk.post(path, 422, answer="", reason=f'"{EVIL}')
    desk.post(path, answer="exclusion", reason=EVIL)
    for address in (path, f"/cases/{case_id}", "/queue", "/", f"/tasks/{EVIL}"):
        page = desk.client.get(address).text
        assert EVIL not in page and "&lt;script" in page


def test_every_look_is_on_the_lookers_ledger_and_no_other(waiting: Rig) -> None:
    before = sizes(waiting)
    (task,) = waiting.tasks(Role.FIELD_OFFICE)
    officer = at(waiting, Role.FIELD_OFFICE, "LOU LOOKER")
    officer.get("/queue")
    officer.get(f"/tasks/{task.id}")
    officer.get(f"/cases/{task.case_id}")
    looks = [row for row in waiting.entries(Role.FIELD_OFFICE, "looked_at") if row["person"] == "LOU LOOKER"]
    assert [(row["case"], row.get("task")) for row in looks] == [(task.case_id, task.id), (task.case_id, None)]
    assert "LOU LOOKER looks at the case" in officer.page
    assert sum(sizes(waiting)) == sum(before) + len(looks)


def test_pending_never_looks_like_no_and_what_is_overdue_stands_apart(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    page = text_of(at(rig, Role.CRIMINAL_REPOSITORY).get(f"/cases/{case_id}"))
    assert "◐ immigration: waiting for the immigration repository since 4 October 2010, 08:00 UTC" in page
    assert "does not mean citizen" in page
    examiner = at(rig, Role.IMMIGRATION_REPOSITORY)
    assert (
        "Due soon (1)" in examiner.get("/queue") and "left, until" in examiner.page and "SAMPLESON" not in examiner.page
    )
    rig.clock.advance(timedelta(days=3))
    assert "Critically overdue (1)" in examiner.get("/queue") and "overdue since 71 hours 45 minutes" in examiner.page
    case, task = text_of(examiner.get(f"/cases/{case_id}")), rig.tasks(Role.IMMIGRATION_REPOSITORY)[0]
    assert "‼ Critically overdue since 71 hours 45 minutes" in case and "▲" not in case  # a triangle is for what failed
    assert "‼ Critically overdue since 71 hours 45 minutes" in text_of(examiner.get(f"/tasks/{task.id}"))


@pytest.mark.parametrize(
    ("hours", "word"),
    [
        (None, "No deadline"),
        (9, "Not due yet"),
        (3, "Due soon"),
        (0, "Due soon"),
        (-1, "Overdue"),
        (-30, "Critically overdue"),
    ],
)
def test_every_urgency_has_a_word_and_a_sign_of_its_own_that_means_nothing_else(hours: int | None, word: str) -> None:
    due = None if hours is None else START + timedelta(hours=hours)
    assert urgency(due, START).word == word
    assert len({one.sign for one in URGENCIES}) == len({one.word for one in URGENCIES}) == len(URGENCIES)
    assert not {one.sign for one in URGENCIES} & set("○◐—●▲✓")  # signs of answers and proofs


def test_every_page_forbids_script_of_its_own_and_other_hosts(waiting: Rig) -> None:
    desk = Desktop(console(waiting))
    for path in ("/", "/sign-in", "/queue", "/nowhere", "/static/tenprint.css"):
        answer = desk.client.get(path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; ") and "unsafe" not in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert "http" not in re.sub(r"https?://127\.0\.0\.1\S*", "", answer.text)
    assert desk.client.get("/").headers["cache-control"] == "no-store"


def test_a_failing_store_is_said_and_shows_nothing(waiting: Rig, monkeypatch) -> None:
    officer, path = decide_page(waiting)

    def failing(*_: object, **__: object) -> None:
        raise StorageError("STORE_FULL", "the disk is full")

    monkeypatch.setattr("tenprint.web.desk.note_look", failing)
    page = officer.get(path, 500)
    assert "STORE_FULL" in page and "SAMPLESON" not in page


def test_a_form_that_never_ends_is_given_up_with_a_sentence_and_keeps_no_connection(waiting: Rig, monkeypatch) -> None:
    monkeypatch.setattr(guard, "READ_SECONDS", 0.05)
    sent: list[dict] = []

    async def receive() -> dict:
        if not sent and not receive.asked:
            receive.asked = True
            return {"type": "http.request", "body": b"csrf=", "more_body": True}
        await asyncio.Event().wait()  # nothing more ever comes
        raise AssertionError

    async def send(message: dict) -> None:
        sent.append(message)

    receive.asked = False
    headers = [(b"host", b"127.0.0.1:8765"), (b"origin", SITE.encode())]
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": "/sign-in", "raw_path": b"/sign-in",
        "query_string": b"", "headers": headers, "scheme": "http", "root_path": "",
        "server": ("127.0.0.1", 8765), "client": ("127.0.0.1", 1),
    }  # fmt: skip

    async def ask() -> None:
        await asyncio.wait_for(console(waiting)(scope, receive, send), timeout=30)

    asyncio.run(ask())
    assert sent[0]["status"] == 408 and (b"connection", b"close") in sent[0]["headers"]
    assert b"did not arrive" in sent[1]["body"]


@pytest.mark.parametrize(
    ("failure", "code"), [(StorageError("STORE_FULL", "the disk is full"), "STORE_FULL"), (OSError("broken"), "")]
)
def test_an_answer_that_was_recorded_stands_whatever_fails_after_it_and_the_page_says_so(
    rig: Rig, monkeypatch, failure: Exception, code: str
) -> None:
    rig.until_status()
    works = rig.run
    house = house_of(rig)
    officer = Desktop(create_app(house, is_demo=True)).take(Role.FIELD_OFFICE)
    path = f"/tasks/{rig.tasks(Role.FIELD_OFFICE, open_only=True)[0].id}"
    officer.get(path)

    def fail() -> int:
        raise failure

    house.run = fail
    page = text_of(officer.post(path, 500, answer="no_action", reason="x"))
    assert "Your answer was recorded and stands" in page and "could not do this" not in page and code in page
    assert officer.client.post(path, data=officer.tokens() | {"answer": "no_action"}).status_code == 303
    house.run = works
    officer.get(path)
    assert len(rig.entries(Role.FIELD_OFFICE, "task_answered")) == 1


def test_a_taken_port_is_replaced_by_a_free_one_of_this_machine_only() -> None:
    with listening_socket(0) as first:
        first.listen()
        with listening_socket(first.getsockname()[1]) as second:
            assert second.getsockname()[0] == ADDRESS == "127.0.0.1"
            assert second.getsockname()[1] != first.getsockname()[1]
            assert isinstance(second, socket.socket)


def test_a_form_whose_connection_was_lost_on_the_way_decides_nothing(rig: Rig) -> None:
    officer, path = decide_page(rig)
    task = rig.tasks(Role.FIELD_OFFICE)[0]
    fields = officer.tokens() | {"answer": "no_action", "reason": "I do NOT want to decide this yet"}
    body = urlencode(fields).encode()
    cookie = "; ".join(f"{name}={value}" for name, value in officer.client.cookies.items())
    headers = {
        "host": "127.0.0.1:8765",
        "origin": SITE,
        "content-type": "application/x-www-form-urlencoded",
        "content-length": str(len(body)),
        "cookie": cookie,
    }
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": path, "raw_path": path.encode(),
        "query_string": b"", "root_path": "", "scheme": "http", "server": ("127.0.0.1", 8765),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    parts = [{"type": "http.request", "body": body[:-20], "more_body": True}, {"type": "http.disconnect"}]
    sent = []

    async def receive() -> dict[str, object]:
        return parts.pop(0)

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    asyncio.run(officer.client.app(scope, receive, send))
    assert sent == []
    assert rig.task(Role.FIELD_OFFICE, TaskKind.DECIDE, task.case_id).is_open
    assert not rig.task(Role.FIELD_OFFICE, TaskKind.DECIDE, task.case_id).findings
    parts += [{"type": "http.request", "body": body, "more_body": False}]
    asyncio.run(officer.client.app(scope, receive, send))
    assert sent[0]["status"] == 303


def test_the_first_examiner_is_told_that_another_one_must_look_and_nothing_is_kept_back(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    case_id = rig.book(card("P7"))
    first = at(rig, Role.IMMIGRATION_REPOSITORY, "ANN EXAMINER")
    path = task_path(rig, Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE, case_id)
    for _ in range(2):
        first.get(path)
        first.post(path, answer="inconclusive", reason="smudged")
    assert "Recorded" in first.get(path)
    assert "kept back" not in first.get(f"/cases/{case_id}")
    second = task_path(rig, Role.IMMIGRATION_REPOSITORY, TaskKind.EXAMINE_SECOND, case_id)
    assert "made by another person than the first" in text_of(first.get(second))
    assert 'name="form_id"' not in first.page
    assert "SAME_EXAMINER" in first.post(second, 409, answer="identification", reason="x")
    elsewhere = at(rig, Role.IMMIGRATION_REPOSITORY, "ANN EXAMINER")
    elsewhere.get("/queue")
    looks = len(rig.entries(Role.IMMIGRATION_REPOSITORY, "looked_at"))
    refused = text_of(elsewhere.post(second, 409, answer="identification", reason="x", form_id="made-up"))
    assert "made by another person than the first" in refused and "Evidence" not in refused
    assert len(rig.entries(Role.IMMIGRATION_REPOSITORY, "looked_at")) == looks
    other = at(rig, Role.IMMIGRATION_REPOSITORY, "BEN EXAMINER")
    assert "First make your own finding" in other.get(second)
    assert "kept back" in other.get(f"/cases/{case_id}")
