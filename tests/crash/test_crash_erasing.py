"""A process that is killed while it erases goes on where it was: nothing is lost, and nothing is left over.

One booking of somebody whom nobody knows, kept by two repositories: real galleries, real files, real databases. The run
that moves the clock over a lifetime is killed with SIGKILL at every point of `dispatch.erasing_points`, and around the
commit of the erasure itself; the next run ends in peace, and then the whole data directory is searched.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from test_crash_resume import NoPool, card, found, image, in_child, template

from tenprint import bootstrap
from tenprint.adapters.matcher import Extractor
from tenprint.adapters.templates import TemplateCache
from tenprint.core.fingers import SINGLE_FINGERS
from tenprint.exchange import dispatch
from tenprint.ledger.reconcile import reconcile

PERSON = 2
POINTS = ("handle.before_commit", "handle.after_commit", *dispatch.erasing_points())
LIFETIME = timedelta(days=80 * 366)


def needles() -> dict[str, bytes]:
    pixels = image(PERSON, 12).data
    columns = [template(PERSON, finger).x.tobytes() for finger in SINGLE_FINGERS]
    return {"name": b"FIXTURE,PERSON C", "number": b"TCN-CRASH-0002", "image": pixels, "template": columns[0]}


def opened(folder: Path, trigger=None):
    extractor = Extractor(TemplateCache(folder / "prepared", "v1"), None, NoPool())
    return bootstrap.open_network(folder, trigger=trigger, extractor=extractor)


def book(folder: Path) -> list[str]:
    with opened(folder) as network:
        agency = network.node("agency")
        dispatch.submit(agency, card(PERSON, agency.party.ori))
        network.run()
    return on_disk(folder)


def on_disk(folder: Path) -> list[str]:
    """Return what of the person can be found in any file of the data directory."""
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return [what for what, needle in needles().items() if any(needle in data for data in files)]


def erase(folder: Path, point: str = "") -> dict:
    """Move the clock on and erase what is due, killed at the first pass of a point; return what is left."""

    def trigger(reached: str) -> None:
        if reached == point:
            os.kill(os.getpid(), signal.SIGKILL)

    with opened(folder, trigger) as network:
        network.clock.jump_to(network.clock.now() + LIFETIME)
        network.run()
        nodes = network.nodes
        entries = {party: node.store.entries() for party, node in nodes.items()}
        pairs = [(a, b) for a in nodes for b in nodes if a < b]
        return {
            "faults": [found.code for party in nodes for found in network.verify_ledger(party) if found.is_fault],
            "differing": [d.sentence for a, b in pairs for d in reconcile(a, entries[a], b, entries[b])],
            "listed": [one.name for node in nodes.values() for one in node.store.erasures(100)],
            "erased": {party: len(node.store.erased_entries()) for party, node in nodes.items()},
            "enrolled": {party: len(gallery) for party, gallery in network.galleries.items()},
            "dead": sorted(network.dead_letters()),
        }


def supervise(folder: Path) -> dict:
    start, result = folder / "start", folder / "result.json"
    found(start)
    assert in_child(partial(book, start), result) == 0
    before = json.loads(result.read_text())
    runs = {}
    for point in ("", *POINTS):
        run = folder / f"run {point}"
        shutil.copytree(start, run)
        killed = in_child(partial(erase, run, point), result)
        if killed:
            assert in_child(partial(erase, run), result) == 0
        runs[point] = {"killed": killed, "state": json.loads(result.read_text()), "found": on_disk(run)}
    return {"before": before, "runs": runs}


@pytest.fixture(scope="module")
def outcome() -> dict:
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        done = subprocess.run([sys.executable, __file__, folder], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads((Path(folder) / "outcome.json").read_text())


@pytest.mark.crash
def test_before_its_period_is_over_all_of_the_person_is_there(outcome: dict) -> None:
    assert outcome["before"] == ["name", "number", "image", "template"]


@pytest.mark.crash
@pytest.mark.parametrize("point", ("", *POINTS))
def test_an_erasure_killed_at_a_point_leaves_nothing_over_and_loses_nothing(outcome: dict, point: str) -> None:
    run, calm = outcome["runs"][point], outcome["runs"][""]["state"]
    assert run["killed"] == (signal.SIGKILL if point else 0)
    assert run["found"] == []
    assert run["state"] == calm
    assert (calm["faults"], calm["differing"], calm["listed"], calm["dead"]) == ([], [], [], [])
    assert calm["erased"]["criminal_repository"] == 2


if __name__ == "__main__":
    home = Path(sys.argv[1])
    (home / "outcome.json").write_text(json.dumps(supervise(home)))
