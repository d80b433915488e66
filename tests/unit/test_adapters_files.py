"""Blobs, lock and clock: files that are whole or absent, held by one, remembered."""

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tenprint.adapters.blobs import FileBlobs
from tenprint.adapters.clock import KeptClock
from tenprint.adapters.database import sqlite_url
from tenprint.adapters.files import write_whole
from tenprint.adapters.lock import DirectoryLock
from tenprint.adapters.store import SqlStore
from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import StorageError
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.words import CaseState

START = datetime(2010, 10, 4, 8, tzinfo=UTC)


def test_a_blob_lies_under_its_hash_in_one_of_256_folders(tmp_path: Path) -> None:
    digest = FileBlobs(tmp_path / "blobs").put(b"abc")
    assert digest == sha256_hex(b"abc")
    assert (tmp_path / "blobs" / digest[:2] / digest).read_bytes() == b"abc"


@pytest.fixture
def steps(monkeypatch) -> list[str]:
    """Return what was synced and renamed, in its order."""
    steps: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(handle: int) -> None:
        what = "folder" if Path(f"/proc/self/fd/{handle}").is_dir() else "file"
        real_sync(handle)
        steps.append(what)

    def replace(self: Path, target: Path) -> Path:
        steps.append("rename")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    return steps


def test_putting_a_blob_syncs_file_and_folder_before_it_returns(tmp_path: Path, steps: list[str]) -> None:
    FileBlobs(tmp_path).put(b"abc")
    assert steps[-3:] == ["file", "rename", "folder"]


def test_blobs_put_together_are_synced_before_they_get_their_names_and_their_folders_after(
    tmp_path: Path, steps: list[str]
) -> None:
    contents = [bytes([number]) * 1000 for number in range(5)]
    blobs = FileBlobs(tmp_path)
    digests = blobs.put_many(contents)
    folders = len({digest[:2] for digest in digests})
    assert steps[-10 - folders :] == ["file"] * 5 + ["rename"] * 5 + ["folder"] * folders
    assert [blobs.get(digest) for digest in digests] == contents
    assert {stat.S_IMODE((tmp_path / digest[:2] / digest).stat().st_mode) for digest in digests} == {0o600}
    steps.clear()
    assert blobs.put_many(contents, digests) == digests
    assert steps == []


def test_blobs_put_together_of_which_one_cannot_be_synced_leave_no_file(tmp_path: Path, monkeypatch) -> None:
    blobs, real_sync = FileBlobs(tmp_path), os.fsync

    def full(handle: int) -> None:
        if os.fstat(handle).st_size == 7:
            raise OSError(28, "No space left on device")
        real_sync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="STORE_FULL"):
        blobs.put_many([b"some", b"another", b"third"])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_blob_that_an_earlier_release_wrote_is_read_kept_and_deleted_where_it_lies(tmp_path: Path) -> None:
    digest = sha256_hex(b"abc")
    earlier = tmp_path / digest[:2] / digest[2:4] / digest
    earlier.parent.mkdir(parents=True)
    earlier.write_bytes(b"abc")
    blobs = FileBlobs(tmp_path)
    assert blobs.get(digest) == b"abc"
    assert blobs.put(b"abc") == digest
    assert blobs.put_many([b"abc", b"def"])[0] == digest
    assert not (tmp_path / digest[:2] / digest).exists()
    earlier.write_bytes(b"abd")
    with pytest.raises(StorageError, match="STORE_BLOB_DAMAGED"):
        FileBlobs(tmp_path).get(digest)
    blobs.delete(digest)
    assert not earlier.exists()
    with pytest.raises(StorageError, match="STORE_BLOB_MISSING"):
        blobs.get(digest)


def test_a_missing_blob_and_a_damaged_blob_are_told_apart(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    digest = blobs.put(b"abc")
    with pytest.raises(StorageError, match="STORE_BLOB_MISSING"):
        blobs.get(sha256_hex(b"other"))
    (tmp_path / digest[:2] / digest).write_bytes(b"abd")
    with pytest.raises(StorageError, match="STORE_BLOB_DAMAGED"):
        blobs.get(digest)


@pytest.mark.parametrize("digest", ["", "../../../etc/passwd", "g" * 64, "A" * 64])
def test_a_name_that_is_no_hash_reaches_no_file(tmp_path: Path, digest: str) -> None:
    with pytest.raises(StorageError, match="STORE_BLOB_MISSING"):
        FileBlobs(tmp_path).get(digest)


def test_a_cut_blob_of_an_earlier_crash_is_written_anew(tmp_path: Path) -> None:
    digest = FileBlobs(tmp_path).put(b"abc")
    (tmp_path / digest[:2] / digest).write_bytes(b"a")
    again = FileBlobs(tmp_path)
    again.put(b"abc")
    assert again.get(digest) == b"abc"


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch) -> None:
    target = tmp_path / "file"
    write_whole(target, b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        write_whole(target, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert target.read_bytes() == b"old"


def test_a_full_disk_gives_a_blob_error_with_a_code(tmp_path: Path, monkeypatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="STORE_FULL"):
        FileBlobs(tmp_path).put(b"abc")


def test_a_locked_directory_is_refused_until_it_is_released(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path):
        with pytest.raises(StorageError, match="STORE_LOCKED") as caught:
            DirectoryLock(tmp_path)
        assert str(os.getpid()) in caught.value.message
        assert caught.value.hint
    DirectoryLock(tmp_path).release()


def test_a_killed_process_holds_no_lock(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal, sys\n"
        "from tenprint.adapters.lock import DirectoryLock\n"
        "lock = DirectoryLock(pathlib.Path(sys.argv[1]))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert ended.returncode == -9
    DirectoryLock(tmp_path).release()


def test_a_resumed_clock_continues_where_it_stood(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    clock = KeptClock(path, START)
    assert not path.exists()
    clock.advance(timedelta(hours=3))
    assert KeptClock(path, START).now() == START + timedelta(hours=3)
    assert KeptClock(path, START + timedelta(days=1)).now() == START + timedelta(days=1)


def test_a_damaged_clock_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "clock.json").write_text("{}")
    with pytest.raises(StorageError, match="CLOCK_DAMAGED"):
        KeptClock(tmp_path / "clock.json", START)


def test_data_files_are_for_their_owner_only_whatever_the_process_may_allow(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        (tmp_path / "old").touch(mode=0o644)
        write_whole(tmp_path / "old", b"x")
        FileBlobs(tmp_path / "blobs").put(b"abc")
        KeptClock(tmp_path / "clock.json", START).advance(timedelta(hours=1))
        store = SqlStore(sqlite_url(tmp_path / "a.db"), FileBlobs(tmp_path / "blobs"))
        with store.transaction() as tx, DirectoryLock(tmp_path):
            tx.save_case(Case("case-1", START, CaseState.SUBMITTED))
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_file()}
        store.close()
    finally:
        os.umask(before)
    assert {"a.db", "a.db-wal", "a.db-shm", "clock.json", "old"} < modes.keys()
    assert set(modes.values()) == {0o600}
