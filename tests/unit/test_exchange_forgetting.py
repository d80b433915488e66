"""A booking taken back leaves no prints; an expunged one leaves no files either, and what was erased stays provable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from exchange_rig import Rig, blob_file, card, reopened, rigs

from tenprint.exchange import dispatch
from tenprint.exchange.model.corrections import Correction, CorrectionDone
from tenprint.exchange.model.envelope import ErasedHeading
from tenprint.exchange.model.words import Kind, RepositoryState, Role
from tenprint.exchange.tasks.erased import erased_by
from tenprint.ledger.checkpoint import ledger_origin

pytestmark = pytest.mark.slow
AGENCY, STATE, CRIMINAL, IDENT = Role.AGENCY, Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY
ORDER = {"what": "order CR-2010-17 (fictitious)", "reason": "arrested by mistake", "by": "CLERK GAVEL"}
KEEPERS = (STATE, CRIMINAL)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with rigs() as make:
        yield make()


def under_way(rig: Rig, person: str = "P7", **booking: object) -> str:
    """Return a booking that an examiner of the immigration repository is still looking at."""
    rig.known_to_immigration(person)
    return rig.book(card(person, **booking))


def subject(rig: Rig, role: Role, case_id: str) -> str:
    case = rig.case(role, case_id)
    assert case is not None
    return str(case.known["subject"])


def test_prints_of_a_withdrawn_booking_leave_every_gallery_and_a_later_search_finds_nobody(rig: Rig) -> None:
    case_id = under_way(rig)
    subjects = {role: subject(rig, role, case_id) for role in KEEPERS}
    assert all(subjects[role] in rig.matcher(role).gallery for role in KEEPERS)
    dispatch.withdraw(rig.nodes[AGENCY], case_id, by="SERGEANT FIXTURE", reason="the wrong person")
    rig.run()
    for role in KEEPERS:
        assert subjects[role] not in rig.matcher(role).gallery
        assert rig.nodes[role].store.exemplars(subjects[role]) == []
        assert (len(rig.entries(role, "prints_removed")), rig.matcher(role).compacted) == (1, 1)
    again = rig.book(card("P7", tcn="TCN-2010-0000002"))
    for role, repository in ((STATE, "state"), (CRIMINAL, "criminal")):
        case = rig.case(role, again)
        assert case is not None
        assert case.known["repositories"][repository] == RepositoryState.NO_MATCH
    assert "FIN-P7" in rig.matcher(IDENT).gallery  # whom the repository knew before, it knows still


def test_prints_on_which_another_booking_rests_stay_when_one_is_withdrawn(rig: Rig) -> None:
    first = under_way(rig)
    second = rig.book(card("P7", tcn="TCN-2010-0000002"))
    assert subject(rig, STATE, first) == subject(rig, STATE, second)
    dispatch.withdraw(rig.nodes[AGENCY], first, by="SERGEANT FIXTURE", reason="booked twice")
    rig.run()
    assert subject(rig, STATE, first) in rig.matcher(STATE).gallery
    assert rig.entries(STATE, "prints_removed") == []


def expunged(rig: Rig, case_id: str) -> str:
    correction_id = dispatch.correct(rig.nodes[STATE], case_id, kind="expunged", **ORDER)
    rig.run()
    return correction_id


def done(rig: Rig, role: Role, case_id: str) -> dict[str, str]:
    return dispatch.acknowledgements(rig.nodes[role], case_id)[-1].done


def test_an_expunged_booking_leaves_no_bodies_no_files_and_no_templates(rig: Rig) -> None:
    data = card("P7", large=True)
    case_id = rig.book(data)
    files = {role: blob_file(rig, role, data) for role in (AGENCY, *KEEPERS)}
    assert all(path.exists() for path in files.values())
    expunged(rig, case_id)
    answered = done(rig, STATE, case_id)
    rig.wait(timedelta(days=1))
    for role, path in files.items():
        assert not path.exists(), role
        with rig.nodes[role].store.transaction() as tx:
            assert all(
                heading.kind == Kind.TIMER or isinstance(heading, ErasedHeading) for heading in tx.headings(case_id)
            )
    assert all(rig.matcher(role).forgotten for role in KEEPERS)
    assert done(rig, STATE, case_id) == answered  # who has acknowledged is known still
    assert all(not rig.failures(role) for role in rig.nodes)


class Killed(BaseException):
    """The process falls."""


NUMBERS = [f"TCN-2010-000000{n}" for n in range(1, 5)]


def found(rig: Rig, case_id: str) -> set[str]:
    names = {STATE: "state", CRIMINAL: "criminal"}
    return {rig.case(role, case_id).known["repositories"][name] for role, name in names.items()}


def booked(rig: Rig, number: int, **booking: object) -> str:
    return rig.book(card("P7", large=True, tcn=NUMBERS[number], **booking))


def enrolled(rig: Rig) -> dict[Role, list[str]]:
    return {role: list(rig.matcher(role).gallery) for role in KEEPERS}


@pytest.mark.parametrize("kind", ["expunged", "sealed"])
def test_a_person_whose_first_arrest_is_forgotten_is_found_by_the_second_and_not_by_its_prints(
    rig: Rig, kind: str
) -> None:
    first, second = booked(rig, 0), booked(rig, 1)
    gone = {role: subject(rig, role, first) for role in KEEPERS}
    assert gone == {role: subject(rig, role, second) for role in KEEPERS}
    dispatch.correct(rig.nodes[STATE], first, kind=kind, **ORDER)
    rig.run()
    own = {role: subject(rig, role, second) for role in KEEPERS}
    assert enrolled(rig) == {role: [own[role]] for role in KEEPERS}
    assert all(own[role] != gone[role] and rig.case(role, second).known["enrolled"] for role in KEEPERS)
    rig.wait(timedelta(days=1))
    for role in KEEPERS:
        store = rig.nodes[role].store
        assert (store.exemplars(gone[role]), len(store.exemplars(own[role]))) == ([], 1)
        assert blob_file(rig, role, card("P7", large=True, tcn=NUMBERS[0])).exists() == (kind == "sealed")
        assert blob_file(rig, role, card("P7", large=True, tcn=NUMBERS[1])).exists()
    third = booked(rig, 2)
    assert found(rig, third) == {RepositoryState.MATCH}
    assert {role: subject(rig, role, third) for role in KEEPERS} == own
    assert all(not rig.failures(role) for role in rig.nodes)


def test_the_prints_leave_with_the_last_booking_that_rests_on_them(rig: Rig) -> None:
    bookings = [booked(rig, number) for number in range(3)]
    for case_id in bookings:
        assert all(len(subjects) == 1 for subjects in enrolled(rig).values())
        expunged(rig, case_id)
    assert enrolled(rig) == {STATE: [], CRIMINAL: []}
    assert found(rig, booked(rig, 3)) == {RepositoryState.NO_MATCH}


def test_prints_that_nobody_asked_to_keep_take_nobodys_place(rig: Rig) -> None:
    first, second = booked(rig, 0), booked(rig, 1, ret="N")
    expunged(rig, first)
    assert enrolled(rig) == {STATE: [], CRIMINAL: []}
    assert [row["count"] for role in KEEPERS for row in rig.entries(role, "not_enrolled")] == [1, 1]
    assert rig.case(STATE, second).known.get("enrolled") is None


def test_prints_of_a_withdrawn_booking_leave_when_the_one_that_rested_on_them_is_expunged(rig: Rig) -> None:
    first = under_way(rig)
    second = rig.book(card("P7", tcn=NUMBERS[1]))
    dispatch.withdraw(rig.nodes[AGENCY], first, by="SERGEANT FIXTURE", reason="booked twice")
    rig.run()
    assert all(enrolled(rig).values())
    expunged(rig, second)
    assert enrolled(rig) == {STATE: [], CRIMINAL: []}


@pytest.mark.parametrize("point", ["handle.before_commit", "handle.after_commit", "enroll.after_gallery"])
def test_a_kill_while_prints_take_the_place_of_others_loses_no_booking_and_keeps_no_print(rig: Rig, point: str) -> None:
    first, second = booked(rig, 0), booked(rig, 1)
    gone = subject(rig, CRIMINAL, first)
    dispatch.correct(rig.nodes[STATE], first, kind="expunged", **ORDER)
    dispatch.relay_due(rig.nodes[STATE], 10)

    def kill(passed: str) -> None:
        if passed == point:
            raise Killed

    with pytest.raises(Killed):
        dispatch.run_until_idle([replace(rig.nodes[CRIMINAL], trigger=kill)])
    reopened(rig, CRIMINAL)
    rig.run()
    own = subject(rig, CRIMINAL, second)
    assert enrolled(rig)[CRIMINAL] == [own]
    assert own != gone
    assert len(rig.entries(CRIMINAL, "prints_removed")) == 1
    assert found(rig, booked(rig, 2)) == {RepositoryState.MATCH}


def test_what_was_expunged_is_proved_by_the_ledger_and_says_under_which_order(rig: Rig) -> None:
    case_id = rig.book(card("P7"))
    expunged(rig, case_id)
    rig.wait(timedelta(days=1))
    node = rig.nodes[CRIMINAL]
    node.store.sign_checkpoint(ledger_origin(node.party.id), rig.keys[CRIMINAL], rig.clock.now())
    found = erased_by(node)
    assert {(one.state, one.fields["rule"], one.fields["version"]) for one in found} == {
        ("proved", "expunged", "order")
    }


def test_a_sealed_booking_keeps_its_messages(rig: Rig) -> None:
    case_id = rig.book(card("P7"))
    dispatch.correct(rig.nodes[STATE], case_id, kind="sealed", **ORDER)
    rig.wait(timedelta(days=2))
    assert rig.entries(CRIMINAL, "erased") == []


def test_a_correction_of_an_erased_case_is_acknowledged_passed_on_and_leaves_nothing(rig: Rig) -> None:
    case_id = rig.book(card("P7"))
    expunged(rig, case_id)
    rig.wait(timedelta(days=1))
    body = rig.news(
        Correction(
            "c-2",
            "state_bureau",
            "TCN-2010-0000001",
            "sealed",
            "a second order",
            "again",
            "CLERK GAVEL",
            rig.clock.now(),
        )
    )
    for message_id in ("said-1", "said-2"):
        rig.say(STATE, CRIMINAL, Kind.CORRECTION, body, case_id, id=message_id)
    with rig.nodes[CRIMINAL].store.transaction() as tx:
        acks = [m for m in tx.headings(case_id) if m.kind == Kind.ACK and m.sender == "criminal_repository"]
        sent = [tx.message(m.key) for m in acks if not isinstance(m, ErasedHeading)]
    said = [CorrectionDone.from_bytes(m.body) for m in sent if m is not None and b"c-2" in m.body]
    # Its own, that it has passed the correction on, and that of whom it has passed it on to; each one once.
    assert [(one.party, one.done, one.passed_on_to) for one in said] == [
        ("criminal_repository", "nothing_left", ""),
        ("criminal_repository", "nothing_left", "immigration_repository"),
        ("immigration_repository", "nothing_left", ""),
    ]
    assert rig.failures(CRIMINAL) == []
    rig.wait(timedelta(days=32))
    with rig.nodes[CRIMINAL].store.transaction() as tx:
        assert all(isinstance(m, ErasedHeading) for m in tx.headings(case_id) if m.kind == Kind.CORRECTION)


def test_a_correction_of_an_erased_case_by_a_stranger_or_of_another_booking_is_refused(rig: Rig) -> None:
    case_id = rig.book(card("P7"))
    expunged(rig, case_id)
    rig.wait(timedelta(days=1))
    other = Correction("c-3", "state_bureau", "TCN-9", "sealed", "an order", "so", "CLERK GAVEL", rig.clock.now())
    rig.say(STATE, CRIMINAL, Kind.CORRECTION, rig.news(other), case_id, id="said-3")
    rig.say(Role.SUPPORT_CENTER, CRIMINAL, Kind.CORRECTION, rig.news(other), case_id, id="said-4")
    assert rig.failures(CRIMINAL) == ["OTHER_BOOKING", "NOT_ASKED"]
