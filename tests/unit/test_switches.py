"""What the party file switches: whose cooperation each switch needs, and what each says today."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import tomli_w
from exchange_rig import PROGRAMME, Rig
from test_bootstrap_party import NoGallery
from typer.testing import CliRunner

from tenprint import bootstrap
from tenprint.adapters.network_rules import SETTINGS, UNDATED
from tenprint.cli.app import app
from tenprint.core.errors import RecordError, SenderError
from tenprint.exchange import dispatch
from tenprint.exchange.model.switches import Position, positions
from tenprint.exchange.model.words import Role
from tenprint.policy import programme
from tenprint.policy.switches import ITSELF, NOBODY, Switch, all_switches, read_switches

TODAY = date(2010, 10, 4)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("net") / "net"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tenprint.bootstrap.network.open_gallery", NoGallery)
        patch.setattr("tenprint.bootstrap.node.open_gallery", NoGallery)
        founding = bootstrap.Founding(folder, clock_mode="system", founders="eleven", jurisdiction="city-1")
        bootstrap.init_network(folder, founding=founding)
        yield folder


@pytest.fixture
def net(founded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(founded, tmp_path / "net")


def shown(folder: Path, *more: str) -> list[dict[str, object]]:
    told = CliRunner().invoke(app, ["network", "switches", "--data", str(folder), "--json", *more])
    assert told.exit_code == 0, told.output
    return json.loads(told.output)


def edited(folder: Path, party: str, **settings: object) -> None:
    file = tomllib.loads((folder / "network.toml").read_text())
    file["party"][party]["settings"] |= settings
    (folder / "network.toml").write_text(tomli_w.dumps(file))


def stand(rig: Rig, role: Role) -> dict[str, Position]:
    services = rig.nodes[role].services
    return {one.key: one for one in positions(services.directory, services.party, services.programme, TODAY)}


def test_every_dated_setting_that_this_software_reads_is_a_switch_with_a_line() -> None:
    read = (SETTINGS.keys() - UNDATED) | {"ident_class"}
    assert read <= {switch.name for switch in all_switches()}


@pytest.mark.parametrize("switch", all_switches(), ids=lambda switch: switch.name)
def test_a_switch_names_roles_and_a_rule_that_there_are(switch: Switch) -> None:
    roles = {str(role) for role in Role}
    assert set(switch.whose) | set(switch.binds) <= roles
    assert set(switch.needs) <= roles | {ITSELF}
    assert set(switch.could_decline) <= roles | {NOBODY}
    loaded = programme.load(PROGRAMME)
    if switch.rule:
        (rule,) = (one for each in loaded.rules.values() for one in each if one.id == switch.rule)
        assert "{" not in rule.sentence  # it is shown without a case
    # What the sources do not say is never told as known.
    assert switch.standing == "unconfirmed" or (switch.could_decline and "unconfirmed" not in switch.source[:60])


@pytest.mark.parametrize(
    "change",
    [{"source": ""}, {"needs": []}, {"standing": "certain"}, {"who": "me"}, {"name": None}, {"twice": True}],
)
def test_a_table_of_switches_that_lacks_something_is_refused(change: dict[str, object]) -> None:
    whole = {"name": "a", "says": "b", "whose": [], "binds": [], "needs": ["itself"], "source": "c"}
    rows = [whole | {"standing": "confirmed"}]
    assert read_switches({"switches": rows})[0].name == "a"
    rows = rows * 2 if change.pop("twice", False) else [rows[0] | change]
    if rows[0]["name"] is None:
        del rows[0]["name"]
    with pytest.raises(RecordError) as caught:
        read_switches({"switches": rows})
    assert caught.value.code == "SWITCHES_INVALID"


def test_activation_needs_no_state_and_no_agency_and_nobody_can_decline_it(founded: Path) -> None:
    rows = [row for row in shown(founded) if str(row["switch"]).startswith("activated_oris")]
    agencies = bootstrap.load_network(founded).directory.with_role(Role.AGENCY)
    assert [row["switch"] for row in rows] == sorted(f"activated_oris ORI {agency.ori}" for agency in agencies)
    for row in rows:
        assert (row["party"], row["value"], row["could_decline"]) == ("criminal-repository", "yes", ["nobody"])
        assert row["needs"] == ["criminal_repository", "immigration_repository"]
        assert (row["rule"], row["standing"]) == ("cascade-activated", "confirmed")


def test_each_party_is_shown_with_its_own_switches_and_with_no_others(founded: Path) -> None:
    rows = shown(founded)

    def of(party: str) -> set[str]:
        return {str(row["switch"]) for row in rows if row["party"] == party}

    assert of("agency-1") == {"receives_answer", "connected_since", "peers"}
    assert of("state-2") >= {"forwards", "nff_state", "forwards_repeat_arrests", "relays_answer", "delivery"}
    assert of("jail-1") == {"connected_since", "peers"}
    assert "programme" in of("field-office")
    unknown = next(row for row in rows if row["switch"] == "ident_class")
    assert (unknown["could_decline"], unknown["standing"]) == (["unconfirmed"], "unconfirmed")
    assert all(row["source"] and row["needs"] for row in rows)
    assert shown(founded, "--party", "jail-1") == [row for row in rows if row["party"] == "jail-1"]


def test_the_switches_of_a_party_that_there_is_not_are_refused(founded: Path) -> None:
    told = CliRunner().invoke(app, ["network", "switches", "--data", str(founded), "--party", "jail-9"])
    assert isinstance(told.exception, SenderError)
    assert told.exception.code == "UNKNOWN_PARTY"


def test_a_switch_shows_what_holds_today_since_when_and_by_whose_decision(founded: Path, tmp_path: Path) -> None:
    file = tomllib.loads((founded / "network.toml").read_text())
    file["party"]["state-1"]["settings"] |= {
        "nff_state": [{"since": "2009-01-01", "value": True}, {"since": "2999-01-01", "value": False}],
        "relays_answer": False, "relays_answer_since": "2999-01-01", "relays_answer_by": "CHIEF FIXTURE",
    }  # fmt: skip
    file["party"]["agency-1"]["settings"] |= {"receives_answer": False, "receives_answer_by": "SHERIFF FIXTURE"}
    (tmp_path / "network.toml").write_text(tomli_w.dumps(file))
    rows = {(row["party"], row["switch"]): row for row in shown(tmp_path)}

    def told(party: str, switch: str) -> tuple[object, ...]:
        row = rows[party, switch]
        return row["value"], row["since"], row["decided_by"]

    assert told("state-1", "nff_state") == ("true", "2009-01-01", None)
    assert rows["state-1", "nff_state"]["stated"] == ["true from 2009-01-01", "false from 2999-01-01"]
    # A National Fingerprint File state keeps repeat arrests unless it says otherwise.
    assert told("state-1", "forwards_repeat_arrests") == ("false", None, None)
    assert told("state-2", "forwards_repeat_arrests") == ("true", None, None)
    assert told("state-1", "relays_answer") == ("true", None, None)  # what that chief decided holds later only
    assert told("agency-1", "receives_answer") == ("false", None, "SHERIFF FIXTURE")
    words = CliRunner().invoke(app, ["network", "switches", "--data", str(tmp_path)], env={"COLUMNS": "300"}).output
    assert "true; false from 2999-01-01" in words  # what is to come stands beside what holds
    line = next(line for line in words.splitlines() if "receives_answer" in line)
    assert [cell.strip() for cell in line.strip("│ ").split("│")] == [
        "agency-1", "receives_answer", "false", "not said", "SHERIFF FIXTURE", "agency", "agency",
        "iar-agency-declines",
    ]  # fmt: skip


def test_a_state_that_says_nothing_of_delivery_has_its_repositorys(make: Callable[..., Rig]) -> None:
    rig = make(settings={Role.CRIMINAL_REPOSITORY: {"delivery": "combined"}})
    assert stand(rig, Role.STATE_BUREAU)["delivery"].value == "combined"
    assert stand(rig, Role.STATE_BUREAU)["delivery"].stated == ()


def test_an_activation_that_begins_later_is_shown_as_such(make: Callable[..., Rig]) -> None:
    rig = make(activated_since={"XX0010000": "2011-01-01"})
    one = stand(rig, Role.CRIMINAL_REPOSITORY)["activated_oris_XX0010000"]
    assert (one.value, one.since, one.stated) == ("from 2011-01-01", "", ("activated from 2011-01-01",))


def test_what_is_edited_in_the_file_is_announced_when_the_party_starts_and_not_again(net: Path) -> None:
    def start() -> list[str]:
        with bootstrap.open_party(net, "state-1") as party:
            party.announce(lambda: False)
            return [f"{one.recipient}: {one.said.what}" for one in dispatch.notices(party.node)]

    assert start() == []
    edited(net, "state-1", relays_answer=False)
    what = "relays_answer of state-1: the network file said nothing, and says false; it names no day"
    told = [f"{party}: {what}" for party in ("agency-1", "criminal-repository", "city-1")]
    assert start() == told
    assert start() == told


def test_network_announce_tells_of_an_edited_activation_by_whose_decision_once(net: Path) -> None:
    def announce(*more: str) -> list[dict[str, object]]:
        told = CliRunner().invoke(app, ["network", "announce", "--data", str(net), "--json", *more])
        assert told.exit_code == 0, told.output
        return json.loads(told.output)

    announce()
    file = tomllib.loads((net / "network.toml").read_text())
    first, second = file["network"]["activated_oris"]
    file["network"]["activated_oris"] = {first: "", second: "2999-01-01"}
    (net / "network.toml").write_text(tomli_w.dumps(file))
    assert announce("--party", "state-2") == []
    (told,) = announce("--by", "DIRECTOR FIXTURE")
    assert told == {
        "party": "criminal-repository",
        "what": f"activated_oris ORI {second} of criminal-repository: "
        "the network file said activated, and says activated from 2999-01-01",
        "decided_by": "DIRECTOR FIXTURE",
        "effective_from": "2999-01-01",
        "told": ["agency-2", "state-2", "immigration-repository"],
    }
    assert announce() == []
    again = CliRunner().invoke(app, ["network", "announce", "--data", str(net)])
    assert again.output == "Nothing has changed since the last announcement.\n"


def test_a_switch_shows_who_decided_by_the_announcement_where_the_file_names_nobody(net: Path) -> None:
    CliRunner().invoke(app, ["network", "announce", "--data", str(net)])
    edited(net, "immigration-repository", keeps_searches=True)
    CliRunner().invoke(app, ["network", "announce", "--data", str(net), "--by", "DIRECTOR FIXTURE"])
    (row,) = (one for one in shown(net) if one["switch"] == "keeps_searches")
    assert (row["value"], row["decided_by"]) == ("true", "DIRECTOR FIXTURE")
    edited(net, "immigration-repository", keeps_searches=False)
    (row,) = (one for one in shown(net) if one["switch"] == "keeps_searches")
    assert (row["value"], row["decided_by"]) == ("false", None)


@pytest.mark.parametrize(
    ("more", "code"), [(("--party", "jail-9"), "UNKNOWN_PARTY"), (("--by", "me"), "PERSON_MISSING")]
)
def test_an_announcement_for_nobody_or_by_nobody_is_refused(net: Path, more: tuple[str, str], code: str) -> None:
    told = CliRunner().invoke(app, ["network", "announce", "--data", str(net), *more])
    assert isinstance(told.exception, SenderError)
    assert told.exception.code == code
