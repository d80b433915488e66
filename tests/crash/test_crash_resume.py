"""A process that is killed at any named point resumes: nothing lost, nothing repeated.

Four bookings with prepared templates (no rendering, no extraction), human answers scripted. For every point of
`dispatch.points` the run is killed with SIGKILL at the first pass and, once restarted, at the third; then it ends in
peace. What is in the databases and ledgers then must be what an undisturbed run leaves.

The processes are forked from a supervisor that has loaded the libraries once; each opens the data directory anew.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from tenprint import bootstrap
from tenprint.adapters.matcher import Extractor
from tenprint.adapters.templates import TemplateCache
from tenprint.core.canonical import canonical_json, sha256_hex
from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition, Impression
from tenprint.core.template import Template
from tenprint.exchange import dispatch
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import TaskKind
from tenprint.ledger.checkpoint import ledger_origin
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.reconcile import reconcile
from tenprint.ledger.verify import verify_log
from tenprint.records import EncodedImage
from tenprint.records.itl.booking import Booking, build_car

KNOWN_PEOPLE = (0, 1, 3)
"""Whom the immigration repository knows; person 2 is unknown to everybody."""
FATES = ("transferred", "not_confirmed", "no_match", "lapsed")
"""How the cases of the four people end, by their number."""
KILLED_PASSES = (1, 3)
FIRST_PASS_ONLY = frozenset({"timer.before_commit", "timer.after_commit"})
"""Points that a run may pass fewer than three times."""
GROUND = "8 USC 1227(a)(1)(B) overstay (fictitious)"
ID_BYTES = 10
"""Of `core.chance.new_id`; whatever else is drawn are salts."""


class NoPool:
    """There is nothing to extract."""

    def run(self, images):
        assert not images
        return []

    def close(self) -> None:
        pass


class BookingRandom:
    """Case ids made from the booking at hand, so that runs can be compared; salts from the system."""

    label = ""

    def token(self, size: int) -> bytes:
        return bytes.fromhex(sha256_hex(self.label.encode()))[:size] if size == ID_BYTES else os.urandom(size)


def image(person: int, position: int) -> EncodedImage:
    impression = Impression.LIVESCAN_ROLLED if position <= 10 else Impression.LIVESCAN_PLAIN
    pixels = bytes([16 * person + position]) * 64
    return EncodedImage(0, 14, FingerPosition(position), impression, 8, 8, 500, "NONE", pixels)


def template(person: int, finger: FingerPosition) -> Template:
    random = np.random.default_rng(100 * person + finger)
    count = 40
    return Template(
        x=random.integers(20, 480, count, dtype=np.uint16),
        y=random.integers(20, 480, count, dtype=np.uint16),
        angle=random.integers(0, 65536, count, dtype=np.uint16),
        kind=random.integers(1, 3, count, dtype=np.uint8),
        quality=np.full(count, 60, np.uint8),
        width=500,
        height=500,
        fgp=finger,
        impression=Impression.LIVESCAN_ROLLED,
        overall_quality=80,
    )


def card(person: int, ori: str) -> bytes:
    booking = Booking(
        nam=f"FIXTURE,PERSON {'ABCD'[person]}", pob="MM", ctz="MM", dob="19800229", sex="F", rac="W", hgt="509",
        wgt="160", eye="BRO", hai="BLK", doa="20101004", charges=(("20101003", "5404 DRIVING UNDER INFLUENCE"),),
        cri=(ori,), tcn=f"TCN-CRASH-{person:04d}", ori=ori, dai="XXFBI0001", dat="20101004",
    )  # fmt: skip
    return build_car(booking, [image(person, position) for position in range(1, 15)])


def answer(task: Task, person: int) -> dict:
    fate = FATES[person]
    match task.kind:
        case TaskKind.EXAMINE | TaskKind.EXAMINE_SECOND:
            found = "inconclusive" if fate == "not_confirmed" else "identification"
            return {"answer": found, "by": f"FIXTURE {task.kind}"}
        case TaskKind.STATUS:
            return {"answer": "removable", "by": "SPECIALIST FIXTURE", "details": {"legal_ground": GROUND}}
        case TaskKind.DECIDE:
            details = {
                "evidence": "biometric_and_records",
                "legal_ground": GROUND,
                "citizenship_claim": "no",
                "victim_or_witness": "no",
            }
            return {"answer": "detainer", "by": "OFFICER FIXTURE", "details": details}
        case TaskKind.ANSWER_DETAINER | TaskKind.REPORT_RELEASE:
            is_due = task.kind == TaskKind.REPORT_RELEASE
            return {"answer": "would_be_released" if is_due else "accept", "by": "CLERK FIXTURE"}
        case TaskKind.REPORT_CUSTODY if fate == "transferred":
            return {"answer": "transferred", "by": "CLERK FIXTURE"}
    return {}


def found(folder: Path) -> None:
    """Make the network that all runs begin from, with prepared templates and three known people."""
    bootstrap.init_network(folder, background=((f"S{n}", people(n)) for n in (*KNOWN_PEOPLE, 7, 8)))
    cache = TemplateCache(folder / "prepared", "v1")
    for person in range(len(FATES)):
        for finger in SINGLE_FINGERS:
            cache.put(image(person, finger).digest, template(person, finger))


def people(person: int) -> dict[FingerPosition, Template]:
    return {finger: template(person, finger) for finger in SINGLE_FINGERS}


def perform(folder: Path, trigger=None) -> dict:
    """Do the whole run, or what is left of it; return what stands in databases and ledgers at the end."""
    random = BookingRandom()
    extractor = Extractor(TemplateCache(folder / "prepared", "v1"), None, NoPool())
    with bootstrap.open_network(folder, random=random, trigger=trigger, extractor=extractor) as network:
        network.run()
        agency = network.node("agency")
        for person in range(len(FATES)):
            random.label = f"booking {person}"
            dispatch.submit(agency, card(person, agency.party.ori))
            network.run()
        while answer_one(network) or network.jump_to_next_due():
            network.run()
        return state_of(network)


def answer_one(network) -> bool:
    """Give the next scripted answer; tell whether there was one."""
    for node in network.nodes.values():
        with node.store.transaction() as tx:
            tasks = tx.tasks(open_only=True)
        for task in tasks:
            said = answer(task, person_of(network, task.case_id))
            if said:
                dispatch.decide_task(node, task.id, reason="as the test says", **said)
                return True
    return False


def person_of(network, case_id: str) -> int:
    with network.node("agency").store.transaction() as tx:
        return int(tx.case(case_id).tcn[-1])


def state_of(network) -> dict:
    """Return cases, tasks, messages, ledger entries (without time, sequence and receipt) and galleries per party."""
    state = {"faults": faults(network)}
    for party, node in network.nodes.items():
        with node.store.transaction() as tx:
            cases, tasks = tx.cases(), tx.tasks()
            messages = [message for case in cases for message in tx.messages(case.case_id)]
        state[party] = {
            "cases": sorted(f"{c.case_id} {c.state} {json.dumps(c.known, sort_keys=True)}" for c in cases),
            "tasks": sorted(f"{t.id} {t.kind} {t.answer} {t.findings} {t.decided_by}" for t in tasks),
            "messages": sorted(f"{m.kind} {m.id} {m.sender} {m.recipient} {m.content_hash}" for m in messages),
            "entries": sorted(without_time(entry.fields) for entry in node.store.entries()),
        }
    for party, gallery in network.galleries.items():
        found = (gallery.search(people(person), 9).candidates for person in range(len(FATES)))
        state[party]["gallery"] = [[(c.subject_id, c.score) for c in candidates] for candidates in found]
    return state


def without_time(fields: dict) -> str:
    gone = ("time", "sequence", "receipt_hash")
    return canonical_json({name: value for name, value in fields.items() if name not in gone}).decode()


def faults(network) -> list[str]:
    """Return what is wrong with ledgers, deliveries and dead letters at the end of a run."""
    wrong = [
        f"{party}: dead letter {letter.failure}" for party, found in network.dead_letters().items() for letter in found
    ]
    for party, note in network.sign_checkpoints().items():
        node = network.node(party)
        earlier = network.checkpoints(party)[:-1]
        key = PublicKey(node.party.public_key)
        findings = verify_log(node.store.entries(), note, key, ledger_origin(party), earlier)
        wrong += [f"{party}: {finding.code}" for finding in findings]
    parties = list(network.nodes)
    for number, one in enumerate(parties):
        for other in parties[number + 1 :]:
            entries = (network.node(p).store.entries() for p in (one, other))
            wrong += [
                f"{d.sender} to {d.recipient}: {d.kind}" for d in reconcile(one, next(entries), other, next(entries))
            ]
    if dispatch.next_due(list(network.nodes.values())) is not None:
        wrong.append("something is still due")
    return wrong


class Killer:
    """A trigger that kills its own process at one pass of one point, and counts the passes of all."""

    def __init__(self, point: str = "", at: int = 0) -> None:
        self.point, self.at, self.passes = point, at, dict.fromkeys(dispatch.points(), 0)

    def __call__(self, point: str) -> None:
        self.passes[point] += 1
        if point == self.point and self.passes[point] == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def in_child(work, result: Path) -> int:
    """Run `work` in a forked process that leaves its result in a file; return the signal that ended it, or 0."""
    child = os.fork()
    if not child:
        status = 1
        try:
            result.write_text(json.dumps(work()))
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    assert os.WEXITSTATUS(status) == 0
    return 0


def disturbed(start: Path, folder: Path, point: str, result: Path) -> int:
    """Run from `start` in `folder`, killed at a point again and again; return how often it was killed."""
    shutil.copytree(start, folder)
    kills = [in_child(lambda at=at: perform(folder, Killer(point, at)), result) for at in KILLED_PASSES]
    if kills[-1]:
        assert in_child(lambda: perform(folder), result) == 0
    return kills.count(signal.SIGKILL)


def supervise(folder: Path) -> dict:
    """Do all runs; return passes, the undisturbed state, and per point the number of kills and the state."""
    start, result = folder / "start", folder / "result.json"
    found(start)
    shutil.copytree(start, folder / "calm")
    killer = Killer()
    calm = in_child(lambda: [perform(folder / "calm", killer), killer.passes], result)
    assert calm == 0
    state, passes = json.loads(result.read_text())
    runs = {}
    for number, point in enumerate(dispatch.points()):
        kills = disturbed(start, folder / f"run{number}", point, result)
        runs[point] = {"kills": kills, "state": json.loads(result.read_text())}
    return {"passes": passes, "calm": state, "runs": runs}


@pytest.fixture(scope="module")
def outcome() -> dict:
    # In memory where the machine allows it: a killed process loses nothing there, and thousands of syncs are free.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        done = subprocess.run([sys.executable, __file__, folder], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads((Path(folder) / "outcome.json").read_text())


@pytest.mark.crash
def test_the_undisturbed_run_passes_every_point_and_ends_as_scripted(outcome: dict) -> None:
    assert {point: count for point, count in outcome["passes"].items() if not count} == {}
    calm = outcome["calm"]
    assert calm["faults"] == []
    ends = sorted(line.split()[1] for line in calm["field_office"]["cases"])
    assert ends == ["lapsed", "transferred"]
    immigration = sorted(line.split()[1] for line in calm["immigration_repository"]["cases"])
    assert immigration == ["answered", "answered", "no_match", "not_confirmed"]


@pytest.mark.crash
@pytest.mark.parametrize("point", dispatch.points())
def test_a_run_killed_at_a_point_loses_nothing_and_repeats_nothing(outcome: dict, point: str) -> None:
    run = outcome["runs"][point]
    assert run["kills"] >= (1 if point in FIRST_PASS_ONLY else 2)
    assert run["state"]["faults"] == []
    for party, state in outcome["calm"].items():
        assert run["state"][party] == state, party


if __name__ == "__main__":
    target = Path(sys.argv[1])
    (target / "outcome.json").write_text(json.dumps(supervise(target)))
