"""A party whose process does not run: the commands beside it, and its pages, say so, and what was done is kept."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from click.testing import Result
from console_rig import House, Reader
from exchange_rig import Rig
from test_bootstrap_party import NoGallery
from typer.testing import CliRunner

from tenprint import bootstrap
from tenprint.adapters.accounts import AccountFile
from tenprint.adapters.lock import DirectoryLock
from tenprint.cli.app import app
from tenprint.exchange.model.words import Role
from tenprint.web.app import create_app

PASSWORD = "correct horse battery"
Run = Callable[..., Result]


class EmptyGallery(NoGallery):
    def __len__(self) -> int:
        return 0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Found a network in which a state bureau has a request of a city to answer."""
    monkeypatch.setattr("tenprint.bootstrap.network.open_gallery", EmptyGallery)
    monkeypatch.setattr("tenprint.bootstrap.node.open_gallery", EmptyGallery)
    made = tmp_path / "net"
    founding = bootstrap.Founding(made, clock_mode="system", founders="eleven", jurisdiction="city-1")
    bootstrap.init_network(made, founding=founding)
    about = ("--topic", "disclosed", "--about", "agency-1", "--party", "city-1", "--to", "state-1")
    asked = run_at(made)("request", "ask", *about, "--by", "MAYOR FIXTURE", "--question", "how many")
    assert asked.exit_code == 0, asked.output
    return made


def run_at(folder: Path) -> Run:
    return lambda *words: CliRunner().invoke(app, [*words, "--data", str(folder)])


@pytest.fixture
def all_but_the_state(folder: Path) -> Iterator[Path]:
    """Hold the locks that running parties hold; the first state bureau does not run."""
    with ExitStack() as held:
        held.enter_context(DirectoryLock(folder, shared=True))
        for place in bootstrap.load_network(folder).places:
            if place.party.id != "state-1":
                held.enter_context(DirectoryLock(folder / place.home))
        yield folder


@pytest.mark.slow
def test_a_decision_beside_a_stopped_party_is_told_with_who_made_it_and_that_nobody_carries_it_out(
    all_but_the_state: Path,
) -> None:
    run = run_at(all_but_the_state)
    (task,) = json.loads(run("tasks", "list", "--json").output)
    decided = run("tasks", "decide", task["id"], "refuse", "--by", "CHIEF CLERK", "--reason", "not permitted")
    assert decided.exit_code == 0, decided.output
    assert "Recorded: refuse by CHIEF CLERK" in decided.output
    assert "state-1 does not run: this is carried out once it does" in decided.output
    assert "Nobody is asked anything more" not in decided.output
    assert "Waits for people" not in decided.output
    other = run("tasks", "decide", task["id"], "answer", "--by", "CHIEF CLERK", "--reason", "permitted")
    assert getattr(other.exception, "code", "") == "TASK_CLOSED"


@pytest.mark.slow
def test_as_json_such_a_decision_says_what_was_answered_by_whom_and_that_it_is_not_carried_out(
    all_but_the_state: Path,
) -> None:
    run = run_at(all_but_the_state)
    (task,) = json.loads(run("tasks", "list", "--json").output)
    who = ("--by", "CHIEF CLERK", "--reason", "not permitted")
    told = json.loads(run("tasks", "decide", task["id"], "refuse", *who, "--json").output)
    assert (told["answer"], told["decided_by"], told["reason"]) == ("refuse", "CHIEF CLERK", "not permitted")
    assert (told["carried_out"], told["runs"], told["open_tasks"]) == (False, False, [])


@pytest.mark.slow
def test_a_decision_that_is_carried_out_says_so(folder: Path) -> None:
    run = run_at(folder)
    (task,) = json.loads(run("tasks", "list", "--json").output)
    who = ("--by", "CHIEF CLERK", "--reason", "not permitted")
    told = json.loads(run("tasks", "decide", task["id"], "refuse", *who, "--json").output)
    assert (told["answer"], told["carried_out"], told["runs"]) == ("refuse", True, True)


@pytest.mark.slow
def test_the_status_names_a_stopped_party_and_ends_with_1(all_but_the_state: Path) -> None:
    run = run_at(all_but_the_state)
    states = run("network", "status", "--json")
    found = {row["party"]: row["condition"] for row in json.loads(states.output)}
    assert states.exit_code == 1
    assert [party for party, condition in found.items() if condition == "stopped"] == ["state-1"]
    shown = run("network", "status")
    assert shown.exit_code == 1
    assert "Does not run: state-1" in shown.output


@pytest.mark.slow
def test_a_network_in_one_process_has_no_stopped_party_until_its_parties_have_run_by_themselves(folder: Path) -> None:
    run = run_at(folder)
    states = run("network", "status", "--json")
    assert states.exit_code == 0
    assert "stopped" not in {row["condition"] for row in json.loads(states.output)}
    DirectoryLock(folder / "parties" / "state-1").release()
    states = run("network", "status", "--json")
    assert states.exit_code == 1
    assert [row["party"] for row in json.loads(states.output) if row["condition"] == "stopped"] == ["state-1"]


@pytest.mark.parametrize("runs", [True, False])
def test_the_operations_page_of_a_party_says_that_its_process_does_not_run(
    rig: Rig, tmp_path: Path, runs: bool
) -> None:
    accounts = AccountFile(tmp_path, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1), party="jail")
    accounts.add("OPAL OPERATOR", "jail", "operator", PASSWORD)
    house: Any = House(nodes={"jail": rig.nodes[Role.JAIL]}, clock=rig.clock, run=lambda: 0)
    house.is_stopped = lambda party: not runs
    desk = Reader(create_app(house, is_demo=False, accounts=accounts)).sign_in("OPAL OPERATOR", PASSWORD)
    page = desk.get("/operations")
    assert ("nothing waits" in page) == runs
    assert ("work does not run; start it" in page) == (not runs)
    figures = json.loads(desk.client.get("/operations.json").text)
    assert figures["jail"]["condition"] == ("ok" if runs else "stopped")
