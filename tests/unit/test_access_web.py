"""Access at the console's door: who is refused what, with which sentence; passwords; claims by forms."""

import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Self

import pytest
from argon2 import PasswordHasher
from console_rig import Reader, Time, house_of, sizes
from exchange_rig import Rig, card, rigs

from tenprint.adapters.accounts import FILE_NAME, AccountFile
from tenprint.exchange.model.words import Role, TaskKind
from tenprint.exchange.tasks.claims import claim, release
from tenprint.policy.access import HIDDEN, Action, house_access
from tenprint.web.app import create_app
from tenprint.web.decoding import Decoded
from tenprint.web.desk import Desk, Refusal
from tenprint.web.door import Door
from tenprint.web.sessions import IDLE_SECONDS, Session, Sessions
from tenprint.web.sight import gives_bytes, seen_content

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery"
STAFF = {
    "BOB BOOKER": ("agency", "booking_officer"), "OLA OPERATOR": ("state_bureau", "operator"),
    "ANN EXAMINER": ("immigration_repository", "examiner"), "SUE SPECIALIST": ("support_center", "specialist"),
    "OLE OFFICER": ("field_office", "officer"), "JOE JAILER": ("jail", "jail_clerk"),
    "AMY AUDITOR": ("jail", "auditor"), "OTTO OPERATOR": ("immigration_repository", "operator"),
    "LOU LOST": ("nowhere", "officer"),
}  # fmt: skip


class Browser(Reader):
    """Somebody of the staff."""

    def sign_in(self, name: str, password: str = PASSWORD) -> Self:
        """Sign in with the password that everybody has here."""
        return super().sign_in(name, password)


@pytest.fixture(scope="module")
def shared() -> Iterator[Rig]:
    """One case waits for an officer, another one for an examiner."""
    with rigs() as make:
        rig = make()
        rig.until_status()
        rig.book(card("P7", tcn="TCN-2010-0000002"))
        yield rig


@pytest.fixture(scope="module")
def accounts(tmp_path_factory) -> AccountFile:
    made = AccountFile(tmp_path_factory.mktemp("accounts"), PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    for name, (party, role) in STAFF.items():
        made.add(name, party, role, PASSWORD)
    return made


@pytest.fixture
def real(shared: Rig, accounts: AccountFile):
    """The console of a network that is no demo."""
    return create_app(house_of(shared), is_demo=False, accounts=accounts)


@pytest.fixture
def demo(shared: Rig):
    return create_app(house_of(shared), is_demo=True)


def path_of(rig: Rig, role: Role) -> str:
    return f"/tasks/{rig.tasks(role, open_only=True)[0].id}"


# Signing in outside of a demo


@pytest.mark.parametrize("name", [name for name in STAFF if name != "LOU LOST"])
def test_everybody_with_an_account_signs_in_and_finds_the_own_first_page(real, name: str) -> None:
    browser = Browser(real).sign_in(name)
    assert browser.sent_to == ("/why/access" if name == "AMY AUDITOR" else "/queue")
    assert name in browser.get(browser.sent_to)


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [
        ("OLE OFFICER", "wrong password", "SIGN_IN_REFUSED"),
        ("NOBODY KNOWN", PASSWORD, "SIGN_IN_REFUSED"),
        ("OLE OFFICER", "", "SIGN_IN_REFUSED"),
        ("", "", "SIGN_IN_REFUSED"),
        ("x" * 3000, "y" * 3000, "SIGN_IN_REFUSED"),
        ("LOU LOST", PASSWORD, "DESK_MISSING"),
    ],
)
def test_who_is_refused_is_told_the_same_for_unknown_names_and_wrong_passwords(real, name, password, said) -> None:
    browser = Browser(real)
    browser.get("/sign-in")
    page = browser.post("/sign-in", 422, name=name, password=password)
    assert said in page and PASSWORD not in page
    if said == "SIGN_IN_REFUSED":
        assert "No account has this name and password." in page
    browser.get("/queue", 401)


def test_after_several_failures_one_is_told_to_wait_also_with_the_right_password(real) -> None:
    browser = Browser(real)
    browser.get("/sign-in")
    for _ in range(5):
        browser.post("/sign-in", 422, name="SUE SPECIALIST", password="wrong password")
    assert "try again in 2 seconds" in browser.post("/sign-in", 429, name="SUE SPECIALIST", password=PASSWORD)
    Browser(real).sign_in("OLE OFFICER")


def test_strangers_who_guess_keep_nobody_out_of_a_browser_that_is_known(real, accounts: AccountFile) -> None:
    owner, stranger = Browser(real).sign_in("OTTO OPERATOR"), Browser(real)
    stranger.get("/sign-in")
    for _ in range(5):
        stranger.post("/sign-in", 422, name="OTTO OPERATOR", password="wrong password")
    late = stranger.client.post("/sign-in", data=stranger.tokens() | {"name": "OTTO OPERATOR", "password": PASSWORD})
    assert (late.status_code, late.headers["retry-after"]) == (429, "2")
    owner.get("/queue")
    owner.post("/sign-out")
    owner.sign_in("OTTO OPERATOR").get("/queue")
    cookie = next(cookie for cookie in owner.client.cookies.jar if cookie.name == "tenprint_device")
    door = Door(accounts)
    assert door.knows_device(cookie.value) and not door.knows_device("") and not door.knows_device("x~y")
    assert cookie.path == "/sign-in" and cookie.has_nonstandard_attr("HttpOnly") and cookie.expires
    assert "tenprint_device" not in stranger.client.cookies


def test_a_role_taken_as_in_a_demo_is_not_given_outside_of_one(real) -> None:
    browser = Browser(real)
    assert "Which role" not in browser.get("/sign-in")
    browser.post("/sign-in", 422, party="jail", name="JOE JAILER")
    browser.post("/sign-in", 422, party="jail", role="officer", name="JOE JAILER", password="x")
    browser.get("/queue", 401)


def test_an_account_of_a_demo_is_none_elsewhere_and_passwords_are_not_asked_in_a_demo(demo) -> None:
    browser = Browser(demo)
    assert "Password" not in browser.get("/sign-in")
    browser.post("/sign-in", 422, name="OLE OFFICER", password=PASSWORD)
    browser.get("/queue", 401)


def test_a_session_ends_when_its_account_is_removed(shared: Rig, tmp_path) -> None:
    own = AccountFile(tmp_path, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    own.add("TIM TEMPORARY", "jail", "jail_clerk", PASSWORD)
    browser = Browser(create_app(house_of(shared), is_demo=False, accounts=own)).sign_in("TIM TEMPORARY")
    browser.get("/queue")
    own.remove("TIM TEMPORARY")
    own.add("TIM TEMPORARY", "field_office", "officer", PASSWORD)
    browser.get("/queue", 401)


def test_a_new_password_ends_every_session_of_the_old_one_and_so_does_an_account_made_anew(
    shared: Rig, tmp_path
) -> None:
    own = AccountFile(tmp_path, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    own.add("TIM TEMPORARY", "jail", "jail_clerk", PASSWORD)
    own.add("JOE JAILER", "jail", "jail_clerk", PASSWORD)
    app = create_app(house_of(shared), is_demo=False, accounts=own)
    thief, other = Browser(app).sign_in("TIM TEMPORARY"), Browser(app).sign_in("JOE JAILER")
    thief.get("/queue")
    own.set_password("TIM TEMPORARY", "another long password")
    thief.get("/queue", 401)
    other.get("/queue")
    owner = Browser(app).sign_in("TIM TEMPORARY", "another long password")
    owner.get("/queue")
    own.remove("TIM TEMPORARY")
    own.add("TIM TEMPORARY", "jail", "jail_clerk", "another long password")
    owner.get("/queue", 401)


@pytest.mark.parametrize("damage", ["{", "open to others"])
def test_while_accounts_cannot_be_read_the_public_page_shows_and_refusals_are_sentences(
    shared: Rig, tmp_path, damage: str
) -> None:
    own = AccountFile(tmp_path, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    own.add("TIM TEMPORARY", "jail", "jail_clerk", PASSWORD)
    app, path = create_app(house_of(shared), is_demo=False, accounts=own), tmp_path / FILE_NAME
    browser, other = Browser(app).sign_in("TIM TEMPORARY"), Browser(app).sign_in("TIM TEMPORARY")
    form = re.findall(r'name="csrf" value="([^"]+)"', other.client.get("/queue").text)[0]
    whole = path.read_text()
    if damage == "{":
        path.write_text(damage)
    else:
        path.chmod(0o644)
    assert "Who is connected" in browser.get("/network") and "TIM TEMPORARY" not in browser.page
    assert "The network could not do this" in browser.get("/queue", 500)
    assert "There is no such page." in browser.get("/nowhere", 404)
    assert "Sign in" in browser.get("/") and "The network could not do this" in browser.get("/sign-in", 500)
    assert other.client.post("/sign-out", data={"csrf": form}).status_code == 303
    path.write_text(whole)
    path.chmod(0o600)
    browser.get("/queue")
    other.get("/queue", 401)


def test_without_any_account_the_page_says_how_to_add_one(shared: Rig, tmp_path) -> None:
    browser = Browser(create_app(house_of(shared), is_demo=False, accounts=AccountFile(tmp_path)))
    assert "tenprint accounts add" in browser.get("/sign-in")


# Who sees what


@pytest.mark.parametrize(
    ("name", "of", "rule"),
    [
        ("JOE JAILER", Role.FIELD_OFFICE, "tasks-and-prints-stay-at-their-party"),
        ("OLE OFFICER", Role.IMMIGRATION_REPOSITORY, "tasks-and-prints-stay-at-their-party"),
        ("OTTO OPERATOR", Role.IMMIGRATION_REPOSITORY, "default-deny"),
        ("AMY AUDITOR", Role.FIELD_OFFICE, "tasks-and-prints-stay-at-their-party"),
    ],
)
def test_a_task_of_another_party_or_role_is_refused_with_rule_and_sentence(
    real, shared: Rig, name: str, of: Role, rule: str, *, caplog
) -> None:
    browser, path, before = Browser(real).sign_in(name), path_of(shared, of), sizes(shared)
    browser.get("/queue" if name != "AMY AUDITOR" else "/why/access")
    with caplog.at_level(logging.INFO, "tenprint.access"):
        page = browser.get(path, 403)
    assert rule in page and house_access().version in page and "What may I do, and why?" in page
    browser.get("/why/access")
    for act in ("", "/claim", "/release", "/take-over"):
        assert rule in browser.post(path + act, 403, answer="no_action", reason="x")
    assert sizes(shared) == before
    assert rule in caplog.text and name not in caplog.text and "case-" not in caplog.text


def test_an_auditor_sees_neither_queue_nor_case(real, shared: Rig) -> None:
    browser = Browser(real).sign_in("AMY AUDITOR")
    assert "auditors-see-no-work" in browser.get("/queue", 403)
    case_id = shared.tasks(Role.FIELD_OFFICE)[0].case_id
    assert "auditors-see-no-cases" in browser.get(f"/cases/{case_id}", 403)


def test_an_operator_is_not_kept_back_for_a_finding_that_is_not_theirs_to_make(real, shared: Rig) -> None:
    case_id = shared.tasks(Role.IMMIGRATION_REPOSITORY, open_only=True)[0].case_id
    assert "kept back" not in Browser(real).sign_in("OTTO OPERATOR").get(f"/cases/{case_id}")
    assert "kept back" in Browser(real).sign_in("ANN EXAMINER").get(f"/cases/{case_id}")


def test_a_look_stands_on_the_ledger_with_the_rule_that_allowed_it(real, shared: Rig) -> None:
    Browser(real).sign_in("OLE OFFICER").get(path_of(shared, Role.FIELD_OFFICE))
    look = shared.entries(Role.FIELD_OFFICE, "looked_at")[-1]
    verdict = house_access().decide("officer", "f", Action.READ_TASK, party="f", kind="decide")
    assert (look["person"], look["rule"], look["version"]) == ("OLE OFFICER", "officers-decide", verdict.stamp)


def desk_of(rig: Rig, *, is_demo: bool = False) -> Desk:
    return Desk(house_of(rig), tells_whole_story=is_demo)


def seat(party: str, role: str, name: str = "ANN EXAMINER") -> Session:
    return Sessions().start(party, name, role)


def test_what_is_kept_back_is_told_case_by_case(shared: Rig) -> None:
    desk, examiner = desk_of(shared, is_demo=True), seat("immigration_repository", "examiner")
    waiting = shared.tasks(Role.IMMIGRATION_REPOSITORY, open_only=True)[0].case_id
    (other,) = {task.case_id for task in shared.tasks(Role.FIELD_OFFICE)}
    assert desk.kept_back(examiner) == {waiting}
    assert desk.keeps_back(examiner, waiting) and not desk.keeps_back(examiner, other)
    for action in (Action.READ_STORY, Action.READ_MESSAGE, Action.READ_LEDGER, Action.READ_WHY, Action.READ_RECORDS):
        for party in ("immigration_repository", "agency"):
            with pytest.raises(Refusal) as caught:
                desk.require(examiner, action, party, case_id=waiting)
            assert (caught.value.status, caught.value.code) == (403, "first-finding-first")
            assert desk.require(examiner, action, party, case_id=other).allowed
    with desk.at_work():  # whoever holds the network may ask
        assert desk.require(examiner, Action.READ_PRINTS, "immigration_repository", case_id=waiting).allowed


@pytest.mark.parametrize("role", ["", "public", "sheriff"])
def test_a_session_without_a_role_of_its_own_may_do_nothing(shared: Rig, role: str) -> None:
    for action in Action:
        if action != Action.READ_NETWORK:
            assert not desk_of(shared).verdict(seat("jail", role), action, "jail").allowed
    assert desk_of(shared).require(None, Action.READ_NETWORK, "").allowed


def test_fields_are_masked_outside_of_a_demo_and_in_one_only_named(shared: Rig) -> None:
    given = {"name": "SAMPLESON", "fin": "1234567890"}
    real_sight = desk_of(shared).visible(seat("jail", "jail_clerk"), given)
    assert real_sight.fields == {"name": "SAMPLESON", "fin": HIDDEN} and real_sight.is_applied
    demo_sight = desk_of(shared, is_demo=True).visible(seat("jail", "jail_clerk"), given)
    assert demo_sight.fields == given and demo_sight.masks == real_sight.masks and not demo_sight.is_applied
    assert set(desk_of(shared).visible(None, given).fields.values()) == {HIDDEN}


def test_the_page_says_what_is_masked_and_by_which_rule(shared: Rig, accounts: AccountFile, monkeypatch) -> None:
    from dataclasses import replace

    from tenprint.policy.access import house_tables, masks

    strict = house_tables()
    names = strict.fields["name"]
    fewer = replace(names, full=names.full - {"officer"}, masked=frozenset({"officer"}))
    monkeypatch.setattr(masks, "house_tables", lambda: replace(strict, fields={**strict.fields, "name": fewer}))
    app = create_app(house_of(shared), is_demo=False, accounts=accounts)
    page = Browser(app).sign_in("OLE OFFICER").get(path_of(shared, Role.FIELD_OFFICE))
    assert "Masked for your role: the person's name (in part, rule name )" in page
    assert "SAMPLESON" not in page and "S. P. Q." in page


# Why may I, why may I not


def test_the_page_of_rights_shows_every_wish_with_verdict_rule_and_sentence(real) -> None:
    page = Browser(real).sign_in("OLE OFFICER").get("/why/access")
    assert "officer at the field office" in page and house_access().digest in page
    assert "● yes An officer reads, claims and answers decisions and second looks" in page
    assert "— no This belongs to another party: you cannot see it from here. another-partys-data" in page
    assert "criminal records and their numbers (UCN, SID, rap sheet) in part" in page


def test_the_page_of_rights_is_there_for_visitors_and_in_a_demo(real, demo) -> None:
    page = Browser(real).get("/why/access")
    assert "Nobody is signed in" in page and page.count("● yes") == 1 and "the-network-is-public" in page
    page = Browser(demo).take("immigration_repository", "ANN EXAMINER").get("/why/access")
    assert "first-finding-first" in page and "a-demo-tells-the-whole-story" in page


@pytest.mark.parametrize("value", ["agency", "state_bureau", "criminal_repository", "jail", "auditor@jail"])
def test_every_seat_of_a_demo_can_be_taken(demo, value: str) -> None:
    browser = Browser(demo).take(value, "PAT PLAYER")
    assert "PAT PLAYER" in browser.get(browser.sent_to)


@pytest.mark.parametrize("value", ["officer@jail", "auditor@nowhere", "court", "public@jail", "@", ""])
def test_a_seat_that_is_not_offered_is_not_given(demo, value: str) -> None:
    browser = Browser(demo)
    browser.get("/sign-in")
    assert "ROLE_MISSING" in browser.post("/sign-in", 422, party=value, name="PAT PLAYER")


# Claims by forms


@pytest.fixture
def two(demo, shared: Rig) -> Iterator[tuple[Browser, Browser, str]]:
    """Two officers before one task that nobody has claimed."""
    path, node = path_of(shared, Role.FIELD_OFFICE), shared.nodes[Role.FIELD_OFFICE]
    ann, bea = Browser(demo).take("field_office", "ANN OFFICER"), Browser(demo).take("field_office", "BEA OTHER")
    for browser in (ann, bea):
        assert "Nobody has claimed this task" in browser.get(path)
    yield ann, bea, path
    left = shared.tasks(Role.FIELD_OFFICE, open_only=True)[0]
    if left.claimed_by:
        release(node, left.id, left.claimed_by)


def test_two_claim_at_once_one_wins_and_the_other_is_told(two, shared: Rig) -> None:
    ann, bea, path = two
    before = sizes(shared)
    ann.post(path + "/claim")
    assert "ANN OFFICER has claimed this task" in bea.post(path + "/claim", 409)
    assert sum(sizes(shared)) == sum(before) + 1
    assert "You have claimed this task" in ann.get(path) and "claimed by you" in ann.get("/queue")
    assert "claimed by ANN OFFICER" in bea.get("/queue?show=all")


def test_a_claimed_task_cannot_be_answered_by_a_colleague_until_it_is_taken_over(two, shared: Rig) -> None:
    ann, bea, path = two
    ann.post(path + "/claim")
    before = sizes(shared)
    page = bea.post(path, 422, answer="no_action", reason="x")
    assert "ANN OFFICER has claimed this task" in page and "TASK_CLAIMED" in page and "take it over" in page
    assert "ANN OFFICER has claimed" in bea.post(path + "/release", 409)
    assert sizes(shared) == before
    assert "Take this task over from ANN OFFICER" in bea.get(path)
    bea.post(path + "/take-over", claimed_by="ANN OFFICER")
    assert "BEA OTHER has claimed this task" in ann.get(path)
    assert shared.entries(Role.FIELD_OFFICE, "task_taken_over")[-1]["person"] == "BEA OTHER"


def test_a_take_over_of_what_changed_hands_meanwhile_is_refused(two, shared: Rig) -> None:
    ann, bea, path = two
    node = shared.nodes[Role.FIELD_OFFICE]
    claim(node, path.rpartition("/")[2], "CAL THIRD")
    assert "CAL THIRD has claimed" in bea.post(path + "/take-over", 409, claimed_by="ANN OFFICER")
    assert "CAL THIRD has claimed" in bea.post(path + "/take-over", 409)
    assert ann.post(path + "/release", 409)


def test_release_gives_the_task_back(two) -> None:
    ann, bea, path = two
    ann.post(path + "/claim")
    ann.get(path)
    ann.post(path + "/release")
    assert "Nobody has claimed this task" in bea.get(path)


@pytest.mark.parametrize("csrf", ["", "x", "é"])
@pytest.mark.parametrize("act", ["claim", "release", "take-over"])
def test_a_claim_without_the_sessions_token_or_from_another_site_changes_nothing(
    two, shared: Rig, act: str, csrf: str
) -> None:
    ann, _, path = two
    before = sizes(shared)
    assert "does not belong" in ann.post(f"{path}/{act}", 403, csrf=csrf)
    token = re.findall(r'name="csrf" value="([^"]+)"', ann.page)[0]
    evil = ann.client.post(f"{path}/{act}", data={"csrf": token}, headers={"origin": "http://evil.example"})
    assert evil.status_code == 403
    assert ann.client.get(f"{path}/{act}").status_code == 405
    assert sizes(shared) == before


def test_an_expired_session_and_a_stranger_claim_nothing(shared: Rig) -> None:
    time = Time()
    app = create_app(house_of(shared), is_demo=True, sessions=Sessions(time))
    path = path_of(shared, Role.FIELD_OFFICE)
    officer = Browser(app).take("field_office", "ANN OFFICER")
    officer.get(path)
    before = sizes(shared)
    time.now = IDLE_SECONDS
    assert "expired" in officer.post(path + "/claim", 401)
    assert Browser(app).client.post(path + "/claim", data={"csrf": "x"}).status_code == 401
    assert Browser(app).client.post("/tasks/none/claim", data={"csrf": "x"}).status_code == 401
    assert sizes(shared) == before


def test_a_task_that_is_not_there_or_closed_is_not_claimed(rig: Rig) -> None:
    case_id = rig.until_status()
    app = create_app(house_of(rig), is_demo=True)
    officer = Browser(app).take("field_office", "ANN OFFICER")
    path = f"/tasks/{rig.task(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id).id}"
    officer.get(path)
    officer.post("/tasks/none/claim", 404)
    rig.decide(Role.FIELD_OFFICE, TaskKind.DECIDE, case_id, "no_action")
    before = sizes(rig)
    assert "TASK_CLOSED" in officer.post(path + "/claim", 409)
    assert sizes(rig) == before
    rig.clock.advance(timedelta(days=1))
    assert "Claim this task" not in officer.get(path)


# Messages: what is masked in the fields is not in the bytes either


def message_of(rig: Rig, role: Role, kind: str) -> str:
    case_id = rig.tasks(Role.FIELD_OFFICE)[0].case_id
    message = next(m for m in rig.messages(role, case_id) if m.kind == kind)
    return f"{rig.nodes[role].party.id}/{message.sender}/{message.id}"


@pytest.mark.parametrize(
    ("name", "role", "kind", "hidden"),
    [
        ("ANN EXAMINER", Role.IMMIGRATION_REPOSITORY, "IDENT_SEARCH", ["SAMPLESON", "19800229", "5404 DRIVING"]),
        ("ANN EXAMINER", Role.IMMIGRATION_REPOSITORY, "IDR", []),
    ],
)
def test_masked_fields_of_a_message_are_in_no_form_of_it(real, shared: Rig, name, role, *, kind, hidden) -> None:
    browser, place = Browser(real).sign_in(name), message_of(shared, role, kind)
    page = browser.get(f"/messages/{place}")
    assert "Masked for your role:" in page and "its bytes are not given out" in page
    twin = browser.client.get(f"/messages/{place}.json").text
    for text in hidden:
        assert text not in browser.page and text not in twin
    for form in ("bodies", "envelopes"):
        assert "BYTES_MASKED" in browser.get(f"/{form}/{place}", 403)


def test_who_sees_all_fields_of_a_message_gets_its_bytes(real, shared: Rig) -> None:
    browser = Browser(real).sign_in("JOE JAILER")
    rig_place = message_of(shared, Role.AGENCY, "CAR")
    officer = Browser(real).sign_in("BOB BOOKER")
    assert "SAMPLESON" in officer.get(f"/messages/{rig_place}")
    assert officer.client.get(f"/bodies/{rig_place}").status_code == 200
    assert "another party" in browser.get(f"/messages/{rig_place}", 403)
    assert "another party" in browser.get(f"/bodies/{rig_place}", 403)


def test_the_bytes_of_what_cannot_be_decoded_are_given_out_in_a_demo_only(shared: Rig) -> None:
    unread, jailer = Decoded((), ("it is no JSON",)), seat("jail", "jail_clerk")
    for is_demo in (True, False):
        assert gives_bytes(*seen_content(desk_of(shared, is_demo=is_demo), jailer, unread)) == is_demo


def test_in_a_demo_the_message_says_what_would_be_masked(demo, shared: Rig) -> None:
    browser = Browser(demo).take("jail", "PAT PLAYER")
    place = message_of(shared, Role.IMMIGRATION_REPOSITORY, "IDR")
    assert "in a real network your role would see in part or not at all" in browser.get(f"/messages/{place}")
    assert browser.client.get(f"/bodies/{place}").status_code == 200


def test_an_auditor_reads_every_ledger_and_no_message(real, shared: Rig) -> None:
    auditor = Browser(real).sign_in("AMY AUDITOR")
    for party in ("jail", "agency", "field_office"):
        assert "Entry" in auditor.get(f"/ledger/{party}")
    place = message_of(shared, Role.FIELD_OFFICE, "IAR")
    assert "403" not in auditor.get(f"/messages/{place}", 403)
    assert "another-partys-ledger" in Browser(real).sign_in("JOE JAILER").get("/ledger/agency", 403)
    Browser(real).get("/network")
