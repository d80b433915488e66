"""A change in the party file is announced once, by whom it belongs to, to those whom it binds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from exchange_rig import Rig

from tenprint.core.errors import SenderError
from tenprint.exchange import dispatch
from tenprint.exchange.dispatch.announcing import LOOKED, SWITCH, Announced
from tenprint.exchange.model.directory import Directory
from tenprint.exchange.model.words import Role

pytestmark = pytest.mark.slow
TODAY = "2010-10-04"
ORI = "XX0010000"


def edit(rig: Rig, role: Role | None = None, settings: Mapping[str, object] | None = None, **head: Any) -> None:
    """Change what the party file says, for all parties: the network's own entries, or a party's."""
    any_node = next(iter(rig.nodes.values()))
    peers = head.pop("peers", None)
    directory: Directory = replace(any_node.services.directory, **head)
    changed = {
        party.id: replace(party, settings={**party.settings, **(settings or {})}, peers=peers or party.peers)
        for party in directory.parties
        if party.role == role
    }
    directory = replace(directory, parties=tuple(changed.get(party.id, party) for party in directory.parties))
    for one, node in rig.nodes.items():
        services = replace(node.services, directory=directory, party=directory.party(node.party.id))
        rig.nodes[one] = replace(node, services=services)


def look(rig: Rig) -> None:
    for node in rig.nodes.values():
        assert dispatch.announce(node) == ()


def heard(rig: Rig, role: Role) -> list[tuple[str, str, str]]:
    rig.run()
    notices = dispatch.notices(rig.nodes[role])
    return [(one.said.what, one.said.decided_by, one.said.effective_from) for one in notices]


def test_a_new_network_announces_nothing_and_puts_down_what_its_file_says(rig: Rig) -> None:
    look(rig)
    assert rig.run() == 0
    repository = rig.entries(Role.CRIMINAL_REPOSITORY)
    assert [one["kind"] for one in repository if one["kind"] != SWITCH] == [LOOKED]
    stated = {one["question"]: one["note"] for one in repository if one["kind"] == SWITCH}
    assert stated[f"activated_oris_{ORI}"] == "activated"
    assert stated["peers"] == "immigration_repository, state_bureau, support_center"


def test_a_changed_setting_is_announced_once_and_a_restart_announces_nothing_again(rig: Rig) -> None:
    look(rig)
    words = {"relays_answer": False, "relays_answer_since": "2010-11-01", "relays_answer_by": "CHIEF FIXTURE"}
    edit(rig, Role.STATE_BUREAU, words)
    what = "relays_answer of state_bureau: the network file said nothing, and says false from 2010-11-01"
    assert dispatch.announce(rig.nodes[Role.STATE_BUREAU]) == (
        Announced(what, "CHIEF FIXTURE", "2010-11-01", ("agency", "criminal_repository")),
    )
    for role in (Role.AGENCY, Role.CRIMINAL_REPOSITORY):
        assert heard(rig, role) == [(what, "CHIEF FIXTURE", "2010-11-01")]
    assert heard(rig, Role.JAIL) == []
    (written,) = [one for one in rig.entries(Role.STATE_BUREAU, SWITCH) if one["question"] == "relays_answer"]
    assert (written["note"], written["person"], written["count"]) == ("false from 2010-11-01", "CHIEF FIXTURE", 2)
    before = len(rig.entries(Role.STATE_BUREAU))
    look(rig)
    assert len(rig.entries(Role.STATE_BUREAU)) == before
    assert len(heard(rig, Role.AGENCY)) == 1


def test_a_change_that_nobody_is_named_for_is_announced_with_not_said(rig: Rig) -> None:
    look(rig)
    edit(rig, Role.AGENCY, {"receives_answer": False})
    (told,) = dispatch.announce(rig.nodes[Role.AGENCY])
    assert (told.decided_by, told.effective_from, told.told) == (
        "not said", TODAY, ("state_bureau", "criminal_repository"),
    )  # fmt: skip
    assert told.what.endswith("said nothing, and says false; it names no day")
    assert [one[1] for one in heard(rig, Role.CRIMINAL_REPOSITORY)] == ["not said"]
    assert dispatch.deciders(rig.nodes[Role.AGENCY]) == {}


def test_a_person_named_at_the_command_stands_where_the_file_names_nobody(rig: Rig) -> None:
    look(rig)
    edit(rig, Role.STATE_BUREAU, {"forwards": False, "nff_state": True, "nff_state_by": "CHIEF FIXTURE"})
    told = dispatch.announce(rig.nodes[Role.STATE_BUREAU], by="GOVERNOR FIXTURE")
    assert [one.decided_by for one in told] == ["GOVERNOR FIXTURE", "CHIEF FIXTURE"]
    assert dispatch.deciders(rig.nodes[Role.STATE_BUREAU]) == {
        "forwards": "GOVERNOR FIXTURE", "nff_state": "CHIEF FIXTURE",
    }  # fmt: skip
    edit(rig, Role.STATE_BUREAU, {"forwards": True})  # not announced yet: nobody is known to have decided that
    assert dispatch.deciders(rig.nodes[Role.STATE_BUREAU]) == {"nff_state": "CHIEF FIXTURE"}


def test_a_name_that_is_none_is_refused_and_nothing_is_announced(rig: Rig) -> None:
    look(rig)
    edit(rig, Role.STATE_BUREAU, {"forwards": False})
    before = len(rig.entries(Role.STATE_BUREAU))
    with pytest.raises(SenderError) as caught:
        dispatch.announce(rig.nodes[Role.STATE_BUREAU], by="me")
    assert (caught.value.code, len(rig.entries(Role.STATE_BUREAU))) == ("PERSON_MISSING", before)
    assert len(dispatch.announce(rig.nodes[Role.STATE_BUREAU])) == 1


def test_an_activation_is_announced_to_its_agency_state_and_city_and_to_no_other_agency(
    make: Callable[..., Rig],
) -> None:
    rig = make(activated=(), jurisdiction=True, second_agency=True)
    look(rig)
    edit(rig, activated_oris=frozenset({ORI}), activated_since={ORI: "2010-12-01"})
    (told,) = dispatch.announce(rig.nodes[Role.CRIMINAL_REPOSITORY])
    assert told.told == ("agency", "state_bureau", "immigration_repository", "jurisdiction")
    assert (told.effective_from, told.decided_by) == ("2010-12-01", "not said")
    assert told.what == (
        f"activated_oris ORI {ORI} of criminal_repository: "
        "the network file said nothing, and says activated from 2010-12-01"
    )
    assert [one[0] for one in heard(rig, Role.JURISDICTION)] == [told.what]
    look(rig)


def test_an_activation_that_is_taken_back_is_announced_too(rig: Rig) -> None:
    look(rig)
    edit(rig, activated_oris=frozenset())
    (told,) = dispatch.announce(rig.nodes[Role.CRIMINAL_REPOSITORY])
    assert told.what.endswith("the network file said activated, and says nothing; it names no day")
    assert (told.effective_from, told.told) == (TODAY, ("agency", "state_bureau", "immigration_repository"))
    look(rig)


def test_a_switch_that_goes_back_and_forth_is_announced_each_time(rig: Rig) -> None:
    look(rig)
    for value in (False, True, False, True):
        edit(rig, Role.STATE_BUREAU, {"forwards": value})
        assert len(dispatch.announce(rig.nodes[Role.STATE_BUREAU])) == 1
    assert len(heard(rig, Role.AGENCY)) == 4


def test_a_further_dated_value_is_announced_from_its_own_day(rig: Rig) -> None:
    edit(rig, Role.CRIMINAL_REPOSITORY, {"delivery": [{"since": "2009-01-01", "value": "separate"}]})
    look(rig)
    rows = [{"since": "2009-01-01", "value": "separate"}, {"since": "2011-06-01", "value": "combined"}]
    edit(rig, Role.CRIMINAL_REPOSITORY, {"delivery": rows})
    (told,) = dispatch.announce(rig.nodes[Role.CRIMINAL_REPOSITORY])
    assert (told.effective_from, told.told) == ("2011-06-01", ("agency", "state_bureau"))


def test_a_route_that_is_changed_is_told_to_the_peers_and_to_the_one_that_is_none_any_more(
    make: Callable[..., Rig],
) -> None:
    rig = make(jurisdiction=True)
    look(rig)
    edit(rig, Role.JURISDICTION, peers={Role.AGENCY: "agency"})
    (told,) = dispatch.announce(rig.nodes[Role.JURISDICTION])
    assert told.what.startswith("peers of jurisdiction: the network file said agency, jail, and says agency")
    assert told.told == ("agency", "field_office", "jail")  # the field office has it as a peer
    assert len(heard(rig, Role.JAIL)) == 1


def test_another_programme_is_announced_by_the_field_office_to_everybody(make: Callable[..., Rig]) -> None:
    rig = make(auditor=True)
    look(rig)
    edit(rig, programme="secure-communities-2011")
    told = [one for node in rig.nodes.values() for one in dispatch.announce(node)]
    assert [one.what for one in told] == [
        "programme of field_office: the network file said secure-communities-2010-10, version 2010-10, "
        "and says secure-communities-2011, version 2010-10; it names no day"
    ]
    assert told[0].told == (
        "agency", "state_bureau", "criminal_repository", "immigration_repository", "support_center", "jail",
    )  # fmt: skip


def test_whoever_connects_is_announced_by_whose_decision_and_since_when(rig: Rig) -> None:
    look(rig)
    edit(rig, Role.JAIL, {"connected_since": "2010-10-01", "connected_by": "SHERIFF FIXTURE"})
    (told,) = dispatch.announce(rig.nodes[Role.JAIL])
    assert (told.effective_from, told.decided_by, told.told) == ("2010-10-01", "SHERIFF FIXTURE", ("field_office",))
    edit(rig, Role.JAIL, {"connected_by": "SHERIFF FIXTURE, by letter from 2009-01-01"})
    (told,) = dispatch.announce(rig.nodes[Role.JAIL])
    assert told.effective_from == TODAY  # a day in a name is none from which something holds


@pytest.mark.parametrize("name", ["A" * 5000, "LINE\nBREAK \x1b[31m", "JOSÉ FIXTURE"])
def test_whatever_the_file_says_of_a_person_is_told_in_one_line(rig: Rig, name: str) -> None:
    look(rig)
    edit(rig, Role.STATE_BUREAU, {"forwards": False, "forwards_by": name, "connected_by": name})
    told = dispatch.announce(rig.nodes[Role.STATE_BUREAU])
    assert len(told) == 2
    assert all(one.decided_by.isprintable() and len(one.decided_by) <= 100 for one in told)
    assert len(heard(rig, Role.AGENCY)) == 2
    look(rig)


def test_a_switch_with_more_to_say_than_a_line_holds_is_told_by_its_hash_and_once(rig: Rig) -> None:
    look(rig)
    rows = [{"since": f"20{year:02d}-01-01", "value": bool(year % 2)} for year in range(10, 60)]
    edit(rig, Role.STATE_BUREAU, {"forwards": rows})
    (told,) = dispatch.announce(rig.nodes[Role.STATE_BUREAU])
    assert "SHA-256" in told.what
    assert (len(told.what) <= 500, told.effective_from) == (True, "2010-01-01")
    look(rig)
    edit(rig, Role.STATE_BUREAU, {"forwards": rows[:-1]})
    assert len(dispatch.announce(rig.nodes[Role.STATE_BUREAU])) == 1
