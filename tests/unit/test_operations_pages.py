"""The page of operations: how the work stands, for an operator and nobody else; what was given up is tried again."""

from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from console_rig import Reader, console, house_of, sizes
from exchange_rig import BOOKING, Rig, card, fingers_of

from tenprint.adapters.accounts import AccountFile
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange.model.words import Kind, Role
from tenprint.web.app import create_app

PASSWORD = "correct horse battery"
AGAIN = "/operations/again"


def stuck(rig: Rig) -> Rig:
    rig.say(Role.SUPPORT_CENTER, Role.CRIMINAL_REPOSITORY, Kind.IAR, b"no IAR", "case-1")
    return rig


def operator(rig: Rig, seat: Role = Role.CRIMINAL_REPOSITORY) -> Reader:
    return Reader(console(rig)).take(seat, "OPAL OPERATOR")


def row(rig: Rig, role: Role = Role.CRIMINAL_REPOSITORY) -> dict[str, str]:
    (letter,) = rig.nodes[role].store.dead_letters()
    return {"party": str(role), "queue": str(letter.queue), "row": str(letter.row)}


def test_an_operator_sees_every_party_of_a_demo_with_its_state_in_a_word(rig: Rig) -> None:
    desk = operator(stuck(rig))
    page = desk.get("/operations")
    assert "Criminal repository ■ stuck : something was given up" in page
    assert "Jail ● ok : nothing waits" in page
    assert 'href="/operations"' in desk.page


def test_a_given_up_message_is_told_with_why_and_what_to_do_and_never_what_it_says(rig: Rig) -> None:
    page = operator(stuck(rig)).get("/operations")
    assert "Given up (1)" in page
    assert "handling IAR" in page
    assert "What was sent does not have the form that its standard asks for. (E0004; tried once)" in page
    assert "the sender has to say it otherwise" in page
    assert "case-1" in page
    assert "no IAR" not in page


def test_the_button_makes_it_due_again_and_writes_the_operators_name_on_the_ledger(rig: Rig) -> None:
    desk = operator(stuck(rig))
    desk.get("/operations")
    desk.post(AGAIN, **row(rig))
    (entry,) = rig.entries(Role.CRIMINAL_REPOSITORY, "revived")
    assert (entry["person"], entry["case"], entry["rule"]) == (
        "OPAL OPERATOR", "case-1", "operators-keep-the-work-going",
    )  # fmt: skip
    assert "given up again at once" in desk.get(desk.sent_to)  # the message has not become better
    assert len(rig.entries(Role.CRIMINAL_REPOSITORY, "dead_letter")) == 2


def test_what_is_mended_is_done_when_it_is_tried_again(rig: Rig) -> None:
    deliver = rig.post.deliver

    def refuses(*_: object) -> bytes:
        raise SenderError("KIND_NOT_ACCEPTED", "not here")

    rig.post.deliver = refuses  # type: ignore[method-assign]
    case_id = rig.book(card("P7"))
    rig.post.deliver = deliver  # type: ignore[method-assign]
    desk = operator(rig, Role.STATE_BUREAU)
    assert "delivering CAR" in desk.get("/operations")
    desk.post(AGAIN, **row(rig, Role.AGENCY))
    page = desk.get(desk.sent_to)
    assert "Tried again. It is not given up any more" in page and "Given up (0)" in page
    assert rig.case(Role.STATE_BUREAU, case_id) is not None


def test_a_second_click_a_strangers_form_and_a_wrong_row_change_nothing(rig: Rig) -> None:
    desk = operator(stuck(rig))
    desk.get("/operations")
    before = sizes(rig)
    given_up = row(rig)
    desk.post(AGAIN, 403, **given_up, csrf="another")
    desk.post(AGAIN, 409, **given_up | {"row": "999"})
    desk.post(AGAIN, 409, **given_up | {"queue": "nonsense"})
    desk.post(AGAIN, 404, **given_up | {"party": "nobody"})
    desk.client.cookies.clear()
    desk.post(AGAIN, 401, **given_up)
    assert sizes(rig) == before


@pytest.mark.parametrize("seat", ["jail", "immigration_repository", "support_center", "field_office", "auditor@jail"])
def test_nobody_else_sees_the_page_or_tries_anything_again(rig: Rig, seat: str) -> None:
    desk = Reader(console(stuck(rig))).take(seat, "SAM OFFICIAL")
    desk.get("/why/access")
    assert 'href="/operations"' not in desk.page
    given_up, before = row(rig), sizes(rig)
    assert "No rule allows" in desk.get("/operations", 403)
    desk.get("/operations/now", 403)
    desk.get("/operations.json", 403)
    desk.get("/why/access")
    desk.post(AGAIN, 403, **given_up)
    assert sizes(rig) == before


def test_outside_of_a_demo_an_operator_sees_the_own_party_only(rig: Rig, tmp_path: Path) -> None:
    accounts = AccountFile(tmp_path, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    accounts.add("SID STATE", "state_bureau", "operator", PASSWORD)
    desk = Reader(console(stuck(rig), is_demo=False, accounts=accounts)).sign_in("SID STATE", PASSWORD)
    page = desk.get("/operations")
    assert "State bureau ● ok" in page
    assert "Criminal repository" not in page and "IAR" not in page
    assert list(desk.json("/operations.json")) == ["state_bureau"]
    desk.get("/operations")
    before = sizes(rig)
    desk.post(AGAIN, 403, **row(rig))
    assert sizes(rig) == before


def test_the_page_holds_no_number_of_a_record_and_no_name_of_the_person(rig: Rig) -> None:
    node = rig.nodes[Role.IMMIGRATION_REPOSITORY]

    def refuses(*_: object) -> None:
        raise SenderError("NO_USABLE_FINGER", "the gallery takes it not")

    rig.until_detainer()
    node.services.matcher.enroll = refuses  # type: ignore[attr-defined]
    with node.store.transaction() as tx:
        tx.put_enrolment("FIN-SECRET-7", fingers_of("P7"), rig.clock.now())
    desk = operator(rig)
    page = desk.get("/operations")
    assert "enrolling a subject into the gallery" in page
    assert "SECRET" not in desk.page and BOOKING.nam.split(",")[0] not in desk.page
    desk.post(AGAIN, **row(rig, Role.IMMIGRATION_REPOSITORY))
    assert len(rig.entries(Role.IMMIGRATION_REPOSITORY, "revived")) == 1


def test_a_delivery_that_is_tried_again_is_told_in_plain_words_with_its_code_and_next_try(rig: Rig) -> None:
    def unreachable(*_: object) -> bytes:
        raise StorageError("PARTY_UNREACHABLE", "it is not there")

    rig.post.deliver = unreachable  # type: ignore[method-assign]
    case_id = rig.book(card("P7"))
    page = operator(rig).get("/operations")
    assert f"Delivering CAR, case {case_id}: " in page
    assert "The receiver cannot be reached. (PARTY_UNREACHABLE) Failed once; next try 4 October 2010, 08:00:01" in page
    rig.wait(timedelta(minutes=2))
    page = operator(rig).get("/operations")
    assert "1 failed before, 1 for a receiver that cannot be reached" in page
    assert "something should have been done, or delivered, by now" in page


def test_the_part_that_renews_itself_holds_nothing_that_can_have_the_focus(rig: Rig) -> None:
    desk = operator(stuck(rig))
    desk.get("/operations/now?listed=1")
    assert "<a " not in desk.page and "<button" not in desk.page and "tabindex" not in desk.page
    assert "open the page again" not in desk.page
    assert "1 given up now, 0 when this page was opened" in desk.get("/operations/now?listed=0")
    desk.get("/operations/now?listed=%E2%82%AC")


def test_a_database_that_cannot_be_read_is_told_and_the_others_are_shown(rig: Rig) -> None:
    def broken(*_: object) -> None:
        raise StorageError("STORE_DAMAGED", "reading the database of jail failed")

    rig.nodes[Role.JAIL].store.health = broken  # type: ignore[method-assign]
    desk = operator(rig)
    page = desk.get("/operations")
    assert "Jail ■ stuck : the database cannot be read" in page and "STORE_DAMAGED" in page
    assert "Booking agency ● ok" in page
    assert desk.json("/operations.json")["jail"] is None


def test_the_page_can_be_read_while_the_work_itself_cannot_go_on(rig: Rig) -> None:
    def full() -> int:
        raise StorageError("STORE_FULL", "writing failed")

    house = house_of(stuck(rig))
    desk = Reader(create_app(house, is_demo=True)).take(Role.CRIMINAL_REPOSITORY, "OPAL OPERATOR")
    house.run = full
    with rig.nodes[Role.CRIMINAL_REPOSITORY].store.transaction() as tx:
        (letter,) = rig.nodes[Role.CRIMINAL_REPOSITORY].store.dead_letters()
        tx.revive(letter.queue, letter.key, rig.clock.now())
    assert "The work stopped with STORE_FULL" in desk.get("/operations")
