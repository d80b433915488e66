"""The drill: a backup is taken while bookings run, a disk fails, that is named, the network ends as undisturbed."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from test_crash_resume import (
    FATES,
    BookingRandom,
    Extractor,
    NoPool,
    TemplateCache,
    answer_one,
    card,
    found,
    in_child,
    perform,
)
from typer.testing import CliRunner

from postgres_rig import PostgresRig
from tenprint import bootstrap
from tenprint.adapters.backup import newest_backup
from tenprint.adapters.network import load_network, save_network
from tenprint.bootstrap import backup as backups
from tenprint.cli.app import app
from tenprint.core.errors import SenderError, StorageError, TenprintError
from tenprint.exchange import dispatch

pytestmark = [pytest.mark.slow, pytest.mark.crash]


def run(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done.output


def begin(folder: Path, copies: Path) -> None:
    """Book the first people, back up in the middle of the work on the second one, book all, answer what is asked."""
    random = BookingRandom()
    extractor = Extractor(TemplateCache(folder / "prepared", "v1"), None, NoPool())
    with bootstrap.open_network(folder, random=random, extractor=extractor) as network:

        def back_up(step: dispatch.Step) -> None:
            if random.label == "booking 1" and not copies.exists():
                backups.back_up(folder, copies)

        agency = network.node("agency")
        for person in range(len(FATES)):
            random.label = f"booking {person}"
            dispatch.submit(agency, card(person, agency.party.ori))
            network.run(back_up)
        while answer_one(network):
            network.run()
    assert backups.verify_backup(copies)


def overwritten(home: Path) -> None:
    """Overwrite every page of the database but the first one."""
    path = home / "tenprint.db"
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))


def removed(home: Path) -> None:
    """Let all but the key be gone."""
    for path in home.iterdir():
        if path.name != "key":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def summary(state: dict) -> dict:
    """Return how cases and people's answers stand, and what was said how often."""
    told: dict = {"faults": state["faults"]}
    for party, one in state.items():
        if party != "faults":
            told[party] = {
                "cases": sorted(case.split(" {")[0] for case in one["cases"]),
                "tasks": [task.rsplit(" ", 2)[0] for task in one["tasks"]],
                "messages": Counter(tuple(m.split()[i] for i in (0, 2, 3)) for m in one["messages"]),
                "gallery": one.get("gallery"),
            }
    return told


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drill") / "start"
    found(folder)
    return folder


@pytest.fixture(scope="module")
def expected(start: Path) -> dict:
    folder = shutil.copytree(start, start.with_name("undisturbed"))
    return summary(perform(folder))


@pytest.mark.parametrize(
    ("party", "damage", "code"),
    [
        ("criminal_repository", overwritten, "STORE_DAMAGED"),
        ("agency", overwritten, "STORE_DAMAGED"),
        ("state_bureau", removed, ""),
        ("field_office", removed, ""),
    ],
)
def test_a_party_whose_disk_failed_comes_back_and_the_network_ends_as_an_undisturbed_one(
    start: Path, expected: dict, tmp_path: Path, *, party: str, damage: Callable[[Path], None], code: str
) -> None:
    folder, copies = shutil.copytree(start, tmp_path / "net"), tmp_path / "backups"
    begin(folder, copies)
    damage(folder / "parties" / party)
    if code:
        with pytest.raises(StorageError) as named, bootstrap.open_network(folder) as network:
            network.run()
            network.node(party).store.entries()
        assert named.value.code == code and "tenprint restore" in named.value.hint
    said = json.loads(run("restore", copies, "--to", folder, "--party", party, "--replace", "--json"))
    (recovered,) = said["recovered"]
    assert recovered["again"] + recovered["returned"] > 0
    assert summary(perform(folder)) == expected
    assert "verified" in run("ledger", "verify", "--data", folder)
    run("ledger", "reconcile", "--data", folder)
    again = json.loads(run("network", "recover", party, "--data", folder, "--json"))
    assert (again["again"], again["returned"]) == (0, 0)
    run("backup", "--drill", copies)


def test_a_backup_that_is_killed_is_none_and_the_next_one_clears_it_away(start: Path, tmp_path: Path) -> None:
    copies = tmp_path / "backups"

    def kill(count: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    status = in_child(lambda: backups.back_up(start, copies, on_file=kill), tmp_path / "result")
    assert status == -signal.SIGKILL or os.WTERMSIG(status) == signal.SIGKILL
    assert any(path.name.endswith(".tmp") for path in copies.iterdir())
    with pytest.raises(SenderError, match="BACKUP_MISSING"):
        newest_backup(copies)
    made = backups.back_up(start, copies)
    assert sorted(path.name for path in copies.iterdir()) == sorted(["lock", made.folder.name])


def test_a_network_on_a_postgresql_server_is_backed_up_drilled_and_restored(
    postgres: PostgresRig, start: Path, expected: dict, tmp_path: Path
) -> None:
    folder, copies = shutil.copytree(start, tmp_path / "net"), tmp_path / "backups"
    network = load_network(folder)
    urls = [postgres.empty() for _ in network.places]
    places = tuple(
        replace(place, database=url.render_as_string(hide_password=False))
        for place, url in zip(network.places, urls, strict=True)
    )
    save_network(replace(network, places=places))
    for place in network.places:
        (folder / place.database).unlink()
    begin(folder, copies)
    drilled = backups.drill(copies)
    assert drilled["agency"]["entries"] > 0
    with pytest.raises(TenprintError, match="RESTORE_DATABASE_TAKEN"):
        backups.restore(copies, tmp_path / "new")
    said = json.loads(run("restore", copies, "--to", folder, "--party", "state_bureau", "--replace", "--json"))
    assert said["recovered"][0]["again"] + said["recovered"][0]["returned"] > 0
    assert summary(perform(folder)) == expected
    run("ledger", "verify", "--data", folder)
    run("ledger", "reconcile", "--data", folder)
