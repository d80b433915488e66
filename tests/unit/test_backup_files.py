"""A backup that is not what it says is refused by a code, and nothing is written."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from exchange_rig import card
from hypothesis import given
from hypothesis import strategies as st

from tenprint import bootstrap
from tenprint.adapters import migrations
from tenprint.adapters.backup import newest_backup
from tenprint.adapters.backup_database import looking_into
from tenprint.adapters.backup_manifest import CopiedFile, CopiedParty, Manifest, is_safe
from tenprint.adapters.blobs import blob_path
from tenprint.adapters.database import migrate, open_engine, sqlite_url
from tenprint.adapters.network import load_network
from tenprint.bootstrap import backup as backups
from tenprint.core.canonical import canonical_json, sha256_hex
from tenprint.core.errors import RecordError, SenderError, StorageError, TenprintError
from tenprint.exchange import dispatch

HASHES = st.binary(max_size=4).map(sha256_hex)
NAMES = st.from_regex(r"[a-z][a-z0-9_.-]{0,9}", fullmatch=True)
FILES = st.builds(CopiedFile, st.integers(0, 2**40), HASHES)
PARTIES = st.builds(
    CopiedParty, st.binary(min_size=32, max_size=32), st.sampled_from(["sqlite", "postgresql"]), st.integers(0, 2**30),
    st.binary(min_size=32, max_size=32), st.text("abc\n", max_size=9).map(str.encode), st.lists(HASHES).map(tuple),
)  # fmt: skip
MANIFESTS = st.builds(
    Manifest, st.text(max_size=9), st.just(datetime(2010, 10, 4, 8, tzinfo=UTC)), st.booleans(),
    st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map("/".join), FILES, max_size=3),
    st.dictionaries(NAMES, PARTIES, max_size=3),
)  # fmt: skip


@given(MANIFESTS)
def test_a_manifest_comes_back_as_it_was_written(manifest: Manifest) -> None:
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest


@given(MANIFESTS, st.data())
def test_a_manifest_that_was_cut_off_is_refused(manifest: Manifest, data: st.DataObject) -> None:
    whole = manifest.to_bytes()
    with pytest.raises(RecordError, match="BACKUP_INVALID"):
        Manifest.from_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(st.text(max_size=30))
def test_a_safe_path_stays_below_its_folder(path: str) -> None:
    if is_safe(path):
        assert Path(os.path.normpath(f"/folder/{path}")).is_relative_to("/folder/")
        assert not any(part.startswith(".") for part in path.split("/"))


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "/etc/passwd", "a//b", ".", "a/.hidden", "", "a\\..\\b", "a\0b", "é"]
)
def test_a_path_that_leads_elsewhere_is_not_safe(path: str) -> None:
    assert not is_safe(path)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a network with one booking, whose card is a blob."""
    folder = tmp_path_factory.mktemp("backup") / "net"
    bootstrap.init_network(folder)
    with bootstrap.open_network(folder) as opened:
        ori = opened.node("agency").party.ori
        dispatch.submit(opened.node("agency"), card("P1", bad=range(1, 11), large=True, ori=ori, cri=(ori,)))
        opened.run()
    return folder


@pytest.fixture
def data(network: Path, tmp_path: Path) -> Path:
    return shutil.copytree(network, tmp_path / "net", symlinks=True)


@pytest.fixture
def saved(data: Path, tmp_path: Path) -> Iterator[Path]:
    """Give a backup with all that a test may spoil."""
    yield backups.back_up(data, tmp_path / "backups").folder


def changed(folder: Path, change: Callable[[dict], None]) -> None:
    path = folder / "manifest.json"
    values = json.loads(path.read_bytes())
    change(values)
    path.write_bytes(canonical_json(values))


def tree(folder: Path) -> dict[str, str]:
    """Return every file of a folder but locks and what SQLite keeps beside an open database."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm", "lock")))
    return {str(path.relative_to(folder)): sha256_hex(path.read_bytes()) for path in files}


def a_blob(folder: Path) -> Path:
    return next(path for path in sorted(folder.rglob("blobs/*/*")) if len(path.name) == 64)


def escape(folder: Path) -> None:
    changed(folder, lambda values: values["files"].update({"../../escaped": values["files"]["network.toml"]}))


def newer(folder: Path) -> None:
    changed(folder, lambda values: values.update(format=2))


def cut_off(folder: Path) -> None:
    path = folder / "parties" / "agency" / "database.db"
    os.truncate(path, path.stat().st_size - 1)


def cut_off_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    os.truncate(path, path.stat().st_size // 2)


def another_byte(folder: Path) -> None:
    path = a_blob(folder)
    path.write_bytes(b"x" + path.read_bytes()[1:])


def linked(folder: Path) -> None:
    path = folder / "parties" / "agency" / "database.db"
    path.rename(folder.parent / "elsewhere")
    path.symlink_to(folder.parent / "elsewhere")


def linked_folder(folder: Path) -> None:
    (folder / "parties").rename(folder.parent / "elsewhere")
    (folder / "parties").symlink_to(folder.parent / "elsewhere")


def lost(folder: Path) -> None:
    a_blob(folder).unlink()


def another_root(folder: Path) -> None:
    changed(folder, lambda values: values["parties"]["agency"].update(root="00" * 32))


def left_out(folder: Path) -> None:
    name = str(a_blob(folder).relative_to(folder))
    changed(folder, lambda values: values["files"].pop(name))


def outside(folder: Path) -> None:
    path = folder / "network.toml"
    path.write_bytes(path.read_bytes().replace(b'blobs = "parties/agency/blobs"', b'blobs = "../../stolen"'))
    digest, size = sha256_hex(path.read_bytes()), path.stat().st_size
    changed(folder, lambda values: values["files"].update({"network.toml": {"size": size, "sha256": digest}}))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (escape, "BACKUP_INVALID"), (newer, "BACKUP_NEWER"), (cut_off, "BACKUP_INVALID"),
        (cut_off_manifest, "BACKUP_INVALID"), (another_byte, "BACKUP_INVALID"), (linked, "BACKUP_INVALID"),
        (linked_folder, "BACKUP_INVALID"), (lost, "BACKUP_INVALID"), (another_root, "BACKUP_INVALID"),
        (left_out, "BACKUP_INVALID"), (outside, "RESTORE_LAYOUT"),
    ],
)  # fmt: skip
def test_a_spoiled_backup_is_refused_and_nothing_is_written(
    saved: Path, tmp_path: Path, spoil: Callable[[Path], None], code: str
) -> None:
    spoil(saved)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(TenprintError) as refused:
        backups.restore(saved, tmp_path / "new")
    assert refused.value.code == code
    assert sorted(tmp_path.iterdir()) == before
    if spoil is not outside:
        with pytest.raises(TenprintError, match=code):
            backups.verify_backup(saved)


@pytest.mark.slow
def test_another_networks_backup_is_refused_and_changes_nothing(saved: Path, tmp_path: Path) -> None:
    bootstrap.init_network(tmp_path / "other")
    before = tree(tmp_path / "other")
    with pytest.raises(RecordError, match="BACKUP_FOREIGN"):
        backups.restore(saved, tmp_path / "other", replace_them=True)
    assert tree(tmp_path / "other") == before


@pytest.mark.slow
def test_a_party_that_is_there_or_runs_is_not_touched(saved: Path, data: Path) -> None:
    before = tree(data)
    with pytest.raises(SenderError, match="RESTORE_PARTY_THERE"):
        backups.restore(saved, data, ["agency"])
    with bootstrap.open_network(data), pytest.raises(StorageError, match="STORE_LOCKED"):
        backups.restore(saved, data, ["agency"], replace_them=True)
    assert tree(data) == before
    (one,) = backups.restore(saved, data, ["agency"], replace_them=True)
    assert one.aside is not None and (one.aside / "tenprint.db").is_file()
    assert one.keys_missing == ()
    assert not list(data.glob(".restore-*"))


@pytest.mark.slow
def test_a_backup_lies_elsewhere_and_one_that_broke_off_is_none(data: Path, tmp_path: Path) -> None:
    with pytest.raises(SenderError, match="BACKUP_INSIDE"):
        backups.back_up(data, data / "backups")
    broken = tmp_path / "backups" / ".backup-20100101T000000000Z.tmp"
    broken.mkdir(parents=True)
    with pytest.raises(SenderError, match="BACKUP_MISSING"):
        newest_backup(tmp_path / "backups")

    def stop(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backups.back_up(data, tmp_path / "backups", on_file=stop)
    assert [path.name for path in (tmp_path / "backups").iterdir()] == ["lock"]


@pytest.mark.slow
def test_keys_are_in_a_backup_only_when_they_are_asked_for(data: Path, tmp_path: Path) -> None:
    without = backups.back_up(data, tmp_path / "backups")
    secrets = [(data / place.key).read_bytes() for place in load_network(data).places]
    assert not any(
        secret in path.read_bytes() for path in without.folder.rglob("*") if path.is_file() for secret in secrets
    )
    restored = backups.restore(without.folder, tmp_path / "new")
    assert restored[0].keys_missing == ("parties/agency/key",)
    whole = backups.back_up(data, tmp_path / "backups", with_keys=True)
    backups.restore(whole.folder, tmp_path / "newer")
    assert (tmp_path / "newer" / "parties" / "agency" / "key").read_bytes() == secrets[0]
    with bootstrap.open_network(tmp_path / "newer") as network:
        network.run()
        assert network.verify_ledger("agency") == ()


@pytest.mark.slow
def test_a_second_backup_links_the_blobs_that_the_first_one_holds_whole_and_keeps_one_that_the_party_lost(
    data: Path, tmp_path: Path
) -> None:
    first = backups.back_up(data, tmp_path / "backups").folder
    a_blob(data).unlink()
    second = backups.back_up(data, tmp_path / "backups")
    assert a_blob(second.folder).stat().st_ino == a_blob(first).stat().st_ino
    assert all(one.missing == () for one in second.manifest.parties.values())


@pytest.mark.slow
def test_a_lost_and_a_damaged_blob_come_back_from_the_newest_backup_that_has_them(data: Path, tmp_path: Path) -> None:
    backups.back_up(data, tmp_path / "backups")
    agency, bureau = (next((data / "parties" / party / "blobs").glob("*/*")) for party in ("agency", "state_bureau"))
    good = agency.read_bytes()
    agency.unlink()
    bureau.write_bytes(b"x" + good[1:])
    missing = backups.back_up(data, tmp_path / "others")
    assert missing.manifest.parties["agency"].missing == (agency.name,)
    found = backups.put_missing_back(tmp_path / "backups", data)
    assert (found["agency"], found["state_bureau"], found["jail"]) == ((1, 0), (1, 0), (0, 0))
    assert agency.read_bytes() == bureau.read_bytes() == good
    agency.unlink()
    assert backups.put_missing_back(tmp_path / "others", data)["agency"] == (0, 1)
    assert not agency.exists()
    assert blob_path(agency.name) == str(agency.relative_to(data / "parties" / "agency" / "blobs"))


@pytest.mark.slow
def test_blobs_in_the_folders_of_earlier_releases_are_backed_up_linked_verified_and_put_back(
    data: Path, tmp_path: Path
) -> None:
    agency = next((data / "parties" / "agency" / "blobs").glob("*/*"))
    good = agency.read_bytes()
    earlier = agency.parent / agency.name[2:4] / agency.name
    earlier.parent.mkdir()
    agency.rename(earlier)
    first = backups.back_up(data, tmp_path / "backups")
    assert first.manifest.parties["agency"].missing == ()
    _as_an_earlier_release_wrote_it(first.folder, "agency", agency.name)
    earlier.unlink()
    second = backups.back_up(data, tmp_path / "backups")  # links the former one's
    assert second.manifest.parties["agency"].missing == ()
    shutil.rmtree(second.folder)
    backups.verify_backup(first.folder)
    assert backups.put_missing_back(tmp_path / "backups", data)["agency"] == (1, 0)
    assert agency.read_bytes() == good
    assert backups.drill(first.folder)["agency"]["blobs"] > 0


def _as_an_earlier_release_wrote_it(backup: Path, party: str, digest: str) -> None:
    """Move a blob of a backup to where it lay before there were 256 folders."""
    blobs = backup / "parties" / party / "blobs"
    (blobs / digest[:2] / digest[2:4]).mkdir()
    (blobs / digest[:2] / digest).rename(blobs / digest[:2] / digest[2:4] / digest)

    def moved(values: dict) -> None:
        path = f"parties/{party}/blobs/{digest[:2]}"
        values["files"][f"{path}/{digest[2:4]}/{digest}"] = values["files"].pop(f"{path}/{digest}")

    changed(backup, moved)


@pytest.mark.slow
def test_a_drill_restores_elsewhere_and_touches_neither_network_nor_backup(data: Path, saved: Path) -> None:
    before = tree(data), tree(saved)
    found = backups.drill(saved)
    assert found["agency"]["entries"] > 0 and found["agency"]["blobs"] == 1
    assert (tree(data), tree(saved)) == before


@pytest.mark.slow
def test_a_damaged_database_is_named_and_not_copied(data: Path, tmp_path: Path) -> None:
    path = data / "parties" / "agency" / "tenprint.db"
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))
    with pytest.raises(StorageError, match="STORE_DAMAGED") as named:
        backups.back_up(data, tmp_path / "backups")
    assert "tenprint restore" in named.value.hint
    assert [path.name for path in (tmp_path / "backups").iterdir()] == ["lock"]


OLDER = ("0001", "0002", "0003", "0004", "0005")


def at_revision(path: Path, revision: str) -> None:
    """Take a database back to an earlier revision, as a version of Tenprint of that time would have written it."""
    engine, config = open_engine(sqlite_url(path)), migrations.configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
    engine.dispose()


def revision_of(path: Path) -> str | None:
    with looking_into(path) as connection:
        return migrations.revision_of(connection)


@pytest.mark.slow
@pytest.mark.parametrize("revision", OLDER)
def test_a_backup_of_an_earlier_revision_verifies_and_a_restore_brings_it_to_the_newest(
    data: Path, tmp_path: Path, revision: str
) -> None:
    at_revision(data / "parties" / "agency" / "tenprint.db", revision)
    made = backups.back_up(data, tmp_path / "backups", ["agency"], with_keys=True)
    kept = made.folder / "parties" / "agency" / "database.db"
    assert revision_of(kept) == revision
    assert backups.verify_backup(made.folder) == made
    assert backups.drill(made.folder)["agency"]["blobs"] == 1
    assert revision_of(kept) == revision  # looking changes nothing
    (one,) = backups.restore(made.folder, tmp_path / "new")
    assert one.blobs_missing == 0
    assert revision_of(tmp_path / "new" / "parties" / "agency" / "tenprint.db") == migrations.HEAD
    backups.restore(made.folder, data, replace_them=True)
    with bootstrap.open_network(data) as network:
        network.run()
        assert network.verify_ledger("agency") == ()


@pytest.mark.slow
def test_a_lost_blob_comes_back_to_a_database_that_is_of_an_earlier_revision(data: Path, tmp_path: Path) -> None:
    at_revision(data / "parties" / "agency" / "tenprint.db", "0002")
    backups.back_up(data, tmp_path / "backups", ["agency"])
    blob = a_blob(data / "parties" / "agency")
    blob.unlink()
    assert backups.put_missing_back(tmp_path / "backups", data, ["agency"]) == {"agency": (1, 0)}
    assert blob.is_file()


def changed_database(folder: Path, *statements: str) -> None:
    """Change a backup's database, and its manifest so that size and hash fit."""
    path = folder / "parties" / "agency" / "database.db"
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    fits = {"size": path.stat().st_size, "sha256": sha256_hex(path.read_bytes())}
    changed(folder, lambda values: values["files"].update({"parties/agency/database.db": fits}))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statements", "code", "said"),
    [
        (("UPDATE alembic_version SET version_num = '9999'",), "BACKUP_NEWER", "at revision 9999, unknown here"),
        (("UPDATE alembic_version SET version_num = '0003'", "DROP TABLE exemplars"), "BACKUP_INVALID", " 0003"),
        (("DROP TABLE witnessed",), "BACKUP_INVALID", "has not the tables of its revision"),
        (("DROP TABLE alembic_version",), "BACKUP_INVALID", "holds no party's tables"),
    ],
)  # fmt: skip
def test_a_database_of_a_later_version_or_without_its_tables_is_refused(
    saved: Path, tmp_path: Path, statements: tuple[str, ...], code: str, said: str
) -> None:
    changed_database(saved, *statements)
    for refuse in (backups.verify_backup, backups.drill, lambda folder: backups.restore(folder, tmp_path / "new")):
        with pytest.raises(RecordError, match=code) as refused:
            refuse(saved)
        assert said in refused.value.message
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_a_database_of_a_later_version_is_not_copied(data: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(data / "parties" / "agency" / "tenprint.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(StorageError, match="STORE_NEWER"):
        backups.back_up(data, tmp_path / "backups")
    assert [path.name for path in (tmp_path / "backups").iterdir()] == ["lock"]


def test_the_tables_of_the_newest_revision_are_those_that_its_steps_make(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "a.db")
    migrate(url)
    with looking_into(tmp_path / "a.db") as connection:
        made = migrations.columns_of(connection)
    assert migrations.columns_at(migrations.HEAD).items() <= made.items()
    assert migrations.columns_at("0002").keys() < made.keys()
