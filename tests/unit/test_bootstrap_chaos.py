"""The driver of `bench chaos` looks into databases of parties that are killed while they write."""

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from test_bootstrap_party import NoGallery

from tenprint import bootstrap
from tenprint.adapters import database
from tenprint.adapters.network import NetworkFile, load_network
from tenprint.bootstrap import chaos
from tenprint.core.errors import StorageError

pytestmark = pytest.mark.slow


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NetworkFile:
    """Found a network in which nothing was done, whose databases say at once when they are busy."""
    monkeypatch.setattr("tenprint.bootstrap.network.open_gallery", NoGallery)
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    bootstrap.init_network(tmp_path / "net")
    (tmp_path / "net" / chaos.CASES).mkdir()
    return load_network(tmp_path / "net")


def standing(file: NetworkFile) -> tuple[bool, int, int]:
    setting = chaos.Setting(file.folder, 1, True, datetime.now(UTC), lambda *_: None)
    return chaos.Processes(setting, file).standing()


def held(file: NetworkFile) -> sqlite3.Connection:
    """Keep everybody else out of a party's database, as what rebuilds it after a crash does."""
    holder = sqlite3.connect(str(file.database_url(file.places[1]).database), check_same_thread=False)
    holder.executescript("PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE;")
    return holder


def test_a_database_that_cannot_be_read_for_a_moment_is_looked_at_again(file: NetworkFile) -> None:
    holder = held(file)
    release = threading.Timer(1.0, holder.close)
    release.start()
    try:
        assert standing(file) == (True, 0, 0)
    finally:
        release.join()


def test_a_database_that_stays_shut_ends_the_run_with_its_code(
    file: NetworkFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chaos, "LOOK_SECONDS", 0.5)
    holder = held(file)
    try:
        with pytest.raises(StorageError, match="STORE_BUSY"):
            standing(file)
    finally:
        holder.close()
