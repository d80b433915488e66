"""A booking taken back leaves no prints; an expunged one leaves no files either, and what was erased stays provable."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from exchange_rig import Rig, card, rigs

from tenprint.exchange import dispatch
from tenprint.exchange.model.words import RepositoryState, Role

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
