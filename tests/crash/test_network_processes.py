"""Eleven parties as processes: bookings run over HTTPS, commands work beside them, a kill loses nothing.

Prints are prepared templates of `test_crash_resume`, so that nothing is rendered or extracted; galleries, databases,
keys, certificates and sockets are the real ones.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from test_crash_resume import GROUND, card, image, people, template

from tenprint import bootstrap
from tenprint.adapters.templates import TemplateCache
from tenprint.core.canonical import sha256_hex
from tenprint.core.fingers import SINGLE_FINGERS
from tenprint.engine.extract import EXTRACTOR_VERSION
from tenprint.exchange import dispatch, story
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import TaskKind
from tenprint.exchange.ports import Node

pytestmark = [pytest.mark.slow, pytest.mark.crash]

ORIS = {"agency-1": "XX0000001", "agency-2": "XX0000011"}
KNOWN, UNKNOWN, LATER = 0, 2, 1
"""People: one whom the immigration repository knows, one whom nobody knows, one who is enrolled while parties run."""
WAIT_SECONDS = 400
ANSWERS = {
    TaskKind.EXAMINE: {"answer": "identification"},
    TaskKind.EXAMINE_SECOND: {"answer": "identification"},
    TaskKind.STATUS: {"answer": "removable", "details": {"legal_ground": GROUND}},
    TaskKind.DECIDE: {"answer": "no_action"},
}


@dataclass
class Running:
    """A network whose parties run."""

    folder: Path
    up: subprocess.Popen[str]
    ready: dict

    def pid(self, party: str) -> int:
        return next(p["pid"] for p in self.ready["parties"] if p["party"] == party)

    @contextmanager
    def beside(self) -> Iterator[bootstrap.Network]:
        with bootstrap.open_network(self.folder, beside=True) as network:
            assert network.is_beside
            yield network

    def submit(self, person: int, agency: str, number: int = 0) -> str:
        with self.beside() as network:
            return dispatch.submit(network.node(agency), booking(person, agency, number)).case_id

    def party(self, party: str) -> bootstrap.PartyState:
        with self.beside() as network:
            return next(state for state in bootstrap.party_states(network) if state.party == party)

    def state(self, case_id: str) -> str:
        with self.beside() as network:
            return str(story.final_state(list(network.nodes.values()), case_id))


def booking(person: int, agency: str, number: int = 0) -> bytes:
    """Return a card of a person; another number is another booking."""
    return card(person, ORIS[agency]).replace(b"TCN-CRASH-0", b"TCN-CRASH-%d" % number)


def command(*arguments: object, code: int = 0) -> str:
    line = [sys.executable, "-m", "tenprint", *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


def eventually(true: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    ends_at = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends_at, "it did not come true"
        time.sleep(0.2)


def founding_parties(folder: Path) -> list[str]:
    return [place.party.id for place in bootstrap.load_network(folder).places]


def free_ports(count: int) -> int:
    """Return the first of so many ports in a row that nobody listens at."""
    for first in range(21_000, 31_000, count):
        with ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return first
    raise AssertionError("no free ports")


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        folder = Path(name) / "net"
        founding = bootstrap.Founding(folder, clock_mode="system", founders="eleven")
        bootstrap.init_network(folder, background=[("S0", people(KNOWN)), ("S7", people(7))], founding=founding)
        cache = TemplateCache(folder / "cache" / "templates", EXTRACTOR_VERSION)
        for person in (KNOWN, UNKNOWN, LATER):
            for finger in SINGLE_FINGERS:
                cache.put(image(person, finger).digest, template(person, finger))
        up = subprocess.Popen(
            [sys.executable, "-m", "tenprint", "network", "up", "--data", str(folder), "--json",
             "--metrics-first-port", str(free_ports(len(founding_parties(folder))))],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            yield Running(folder, up, json.loads(up.stdout.readline()))
        finally:
            up.send_signal(signal.SIGTERM)
            assert up.wait(300) is not None
            up.stdout.close()


def test_all_eleven_say_where_they_are_and_answer(running: Running) -> None:
    assert len(running.ready["parties"]) == 11
    states = json.loads(command("network", "status", "--data", running.folder, "--json"))
    assert {state["party"]: state["trouble"] for state in states if not state["answers"]} == {}
    assert {state["pid"] for state in states} == {party["pid"] for party in running.ready["parties"]}


def test_each_party_serves_metrics_at_a_port_of_its_own_and_logs_what_it_does(running: Running) -> None:
    told = {party["party"]: party for party in running.ready["parties"]}
    assert len({party["metrics"] for party in told.values()}) == 11
    for name, party in told.items():
        with urllib.request.urlopen(party["metrics"], timeout=10) as answer:
            assert f'tenprint_party_readable{{party="{name}"}} 1.0' in answer.read().decode()
        lines = [json.loads(line) for line in Path(party["log"]).read_text().splitlines()]
        assert {"party_started"} <= {line["event"] for line in lines if line.get("party") == name}


def test_bookings_of_both_agencies_run_through_their_own_states(running: Running) -> None:
    for agency, state in (("agency-1", "state-1"), ("agency-2", "state-2")):
        case_id = running.submit(UNKNOWN, agency)
        eventually(lambda case=case_id: running.state(case) == "no_match")
        with running.beside() as network:
            lines = story.case_story(list(network.nodes.values()), case_id)
            assert {line.party for line in lines} - {"court-1"} == {
                agency, state, "criminal-repository", "immigration-repository"
            }  # fmt: skip


def asked(nodes: list[Node], case_id: str) -> list[Task]:
    """Return the open tasks about the match; the court's clerk has one about the charge besides."""
    return [task for task in story.open_tasks(nodes, case_id) if task.kind != TaskKind.DISPOSE]


def test_a_match_waits_for_people_who_answer_beside_the_running_parties(running: Running) -> None:
    case_id = running.submit(KNOWN, "agency-1")
    with running.beside() as network:
        nodes = list(network.nodes.values())
        for _ in range(4):
            eventually(lambda: bool(asked(nodes, case_id)))
            (task,) = asked(nodes, case_id)
            said = {"reason": "as the test says", "by": f"FIXTURE {task.kind}"} | ANSWERS[task.kind]
            dispatch.decide_task(network.node(task.party), task.id, **said)
            eventually(lambda done=task.id: done not in {each.id for each in asked(nodes, case_id)})
            if task.kind == TaskKind.DECIDE:
                break
    eventually(lambda: running.state(case_id) == "no_action")


def test_who_is_enrolled_beside_a_running_repository_is_found_by_it(running: Running, tmp_path: Path) -> None:
    (tmp_path / "card.eft").write_bytes(card(LATER, ORIS["agency-1"]))
    command(
        "enroll", tmp_path / "card.eft", "--subject", "S1", "--party", "immigration-repository",
        "--data", running.folder,
    )  # fmt: skip
    told = json.loads(command("submit", tmp_path / "card.eft", "--wait", "--data", running.folder, "--json"))
    assert {task["party"] for task in told["open_tasks"]} - {"court-1"} == {"immigration-repository"}


def test_a_whole_network_in_one_process_is_refused_while_parties_run(running: Running) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tenprint", "serve", "--data", str(running.folder)],
        capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "STORE_LOCKED" in done.stderr


def test_a_party_that_is_killed_is_named_missed_and_does_its_work_when_it_is_back(running: Running) -> None:
    os.kill(running.pid("criminal-repository"), signal.SIGKILL)
    assert "criminal-repository ended by itself" in running.up.stdout.readline()
    case_id = running.submit(UNKNOWN, "agency-2", 1)
    eventually(lambda: running.party("state-2").retried > 0)
    missed = running.party("criminal-repository")
    assert (missed.answers, missed.pid) == (False, 0)
    with serving(running.folder, "criminal-repository"):
        eventually(lambda: running.state(case_id) == "no_match")
    with running.beside() as network:
        assert network.dead_letters() == {}


@contextmanager
def serving(folder: Path, party: str, *more: object) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tenprint", "serve", "--party", party, "--data", str(folder), *map(str, more)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert party in process.stdout.readline()
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(300) == 0
        process.stdout.close()


def test_an_agency_takes_files_from_a_folder_and_leaves_the_answers_there(running: Running, tmp_path: Path) -> None:
    os.kill(running.pid("agency-1"), signal.SIGTERM)
    assert "agency-1 was stopped" in running.up.stdout.readline()
    missing = json.loads(command("network", "status", "--data", running.folder, "--json", code=1))
    assert "agency-1" in {state["party"] for state in missing if state["condition"] == "stopped"}
    data = booking(UNKNOWN, "agency-1", 2)
    (tmp_path / "one.eft").write_bytes(data)
    with serving(running.folder, "criminal-repository"), serving(running.folder, "agency-1", "--drop", tmp_path):
        (tmp_path / "one.eft.sha256").write_text(sha256_hex(data))
        eventually(lambda: len([*(tmp_path / "answers").glob("one.SRE.*.eft.sha256")]) == 1)
    assert (tmp_path / "taken" / "one.eft").read_bytes() == data


def test_every_ledger_verifies_and_each_pair_recorded_the_same(running: Running) -> None:
    command("ledger", "verify", "--data", running.folder)
    command("ledger", "reconcile", "--data", running.folder)


def test_what_ran_apart_can_be_opened_as_one_network_once_all_are_stopped(running: Running, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(running.folder, copy)
    with bootstrap.open_network(copy) as network:
        assert not network.is_beside
        network.run()
        assert network.dead_letters() == {}
