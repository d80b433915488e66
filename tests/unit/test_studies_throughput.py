"""The matcher that knows the truth, and the benchmark of the exchange at its smallest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from exchange_rig import BOOKING
from typer.testing import CliRunner

from postgres_rig import DATABASES
from tenprint.adapters.postgres_server import find_binaries
from tenprint.cli.app import app
from tenprint.core.errors import EngineError
from tenprint.core.fingers import SINGLE_FINGERS
from tenprint.exchange.model.words import Role
from tenprint.records import read
from tenprint.studies.throughput import MATCH_EVERY
from tenprint.studies.truth import Truth, TruthMatcher, known_every, truth_card

IDENT, STATE = Role.IMMIGRATION_REPOSITORY, Role.STATE_BUREAU
KNOWN = Truth(70_001, frozenset({IDENT}))


def images(truth: Truth, size: int = 20_000) -> list:
    found = read(truth_card(truth, BOOKING, size, bytes(size))).images()
    return [image for image in found if image.fgp in SINGLE_FINGERS]


def test_a_person_is_found_where_the_card_says_that_he_is_known_and_nowhere_else() -> None:
    at_ident, at_state = TruthMatcher(IDENT), TruthMatcher(STATE)
    probe = at_ident.extract(images(KNOWN)).templates
    assert len(probe) == 10
    (candidate,) = at_ident.search(probe, 20).candidates
    assert (candidate.subject_id, candidate.rank) == ("known-70001", 1)
    assert at_state.search(probe, 20).candidates == ()
    assert at_ident.search(at_ident.extract(images(Truth(70_002))).templates, 20).candidates == ()


def test_who_is_enrolled_is_found_by_another_process_and_keeps_the_first_id(tmp_path: Path) -> None:
    one, other = TruthMatcher(STATE, tmp_path / "enrolled"), TruthMatcher(STATE, tmp_path / "enrolled")
    probe = one.extract(images(KNOWN)).templates
    assert other.search(probe, 20).candidates == ()
    one.enroll("S1", probe)
    other.enroll("S2", probe)
    assert [c.subject_id for c in other.search(probe, 20).candidates] == ["S1"]
    assert [path.name for path in (tmp_path / "enrolled").iterdir()] == ["70001"]


def test_an_image_that_does_not_say_whose_it_is_fails_and_pairs_with_nobody() -> None:
    matcher = TruthMatcher(IDENT)
    said = images(KNOWN)
    silent = type(said[0])(**(vars(said[0]) | {"data": b"pixels"}))
    assert list(matcher.extract([silent]).failures) == [silent.fgp]
    assert matcher.pairing(said[0], said[1]).pairs
    assert not matcher.pairing(said[0], images(Truth(5))[0]).pairs
    with pytest.raises(EngineError, match="TRUTH_MISSING"):
        matcher.pairing(said[0], silent)


@pytest.mark.parametrize("size", [20_000, 600_000])
def test_a_card_has_the_size_asked_for_and_one_in_twenty_is_known(size: int) -> None:
    assert len(truth_card(KNOWN, BOOKING, size, bytes(size))) == pytest.approx(size, rel=0.05)
    assert sum(bool(truth.known_to) for truth in known_every(range(1, 101), MATCH_EVERY)) == 5


@pytest.mark.slow
@pytest.mark.parametrize("database", DATABASES)
def test_the_benchmark_takes_all_bookings_through_and_says_what_it_took(database: str) -> None:
    if database == "postgresql" and find_binaries() is None:
        pytest.skip("no PostgreSQL server on this machine")
    asked = ["bench", "exchange", "--bookings", "21", "--database", database, "--workers", "2", "--json"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert done.stderr.startswith("21 bookings: ")  # each window as soon as it is over
    assert set(found) == {
        "database", "bookings", "body_bytes", "workers", "bookings_per_second", "cpu_ms_per_booking",
        "bytes_per_booking", "unloaded_ms", "windows", "profile",
    }  # fmt: skip
    assert (found["bookings"], found["body_bytes"], len(found["windows"])) == (21, 20_000, 1)
    assert found["bytes_per_booking"] > 4 * 20_000  # each of four parties keeps the booking
    assert found["bookings_per_second"] > 0


@pytest.mark.slow
def test_a_benchmark_that_is_stopped_leaves_no_server_process_or_file_behind() -> None:
    if find_binaries() is None:
        pytest.skip("no PostgreSQL server on this machine")
    command = [sys.executable, "-m", "tenprint", "bench", "exchange", "--bookings", "400", "--database", "postgresql"]
    with tempfile.TemporaryDirectory() as folder:  # the server's user may look into it
        Path(folder).chmod(0o755)
        with subprocess.Popen(command, env=os.environ | {"TMPDIR": folder}, stderr=subprocess.PIPE) as bench:
            try:
                server = awaited(lambda: next(Path(folder).glob("tenprint-pg-*/data/postmaster.pid"), None))
                pids = [int(server.read_text().split()[0]), *awaited(lambda: working_processes_of(bench.pid))]
                bench.terminate()
                bench.communicate(timeout=60)
            finally:
                bench.kill()
        assert bench.returncode == 130
        assert list(Path(folder).iterdir()) == []
        assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def awaited(look: Callable[[], Any]) -> Any:
    """Return what comes within two minutes."""
    until = time.monotonic() + 120
    while not (found := look()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return found


def working_processes_of(pid: int) -> list[int]:
    """Return the processes that a benchmark has started to share its work."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def test_a_size_that_is_none_is_refused() -> None:
    done = CliRunner().invoke(app, ["bench", "exchange", "--body", "big"])
    assert done.exit_code != 0
