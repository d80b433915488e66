"""A party's database in a backup: copied at one moment while it is used, looked into, put back.

SQLite: `VACUUM INTO`, one read transaction. PostgreSQL: `pg_dump` (custom format) and what the manifest says of it are
of one exported snapshot. A password goes to these programs by their environment, never as an argument.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from tenprint.adapters import migrations, tables, witnessing
from tenprint.adapters.backup_manifest import POSTGRESQL, SQLITE, invalid
from tenprint.adapters.blobs import FileBlobs
from tenprint.adapters.database import WRITE, WRITING, open_engine, password_of, without_secrets
from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import PRIVATE_MODE
from tenprint.adapters.postgres_server import find_binaries
from tenprint.adapters.rows import entry_value
from tenprint.adapters.store import SqlStore
from tenprint.core.chance import RandomSource
from tenprint.core.clock import to_wire
from tenprint.core.errors import RecordError, StorageError
from tenprint.ledger.entry import Entry, seal
from tenprint.ledger.keys import PublicKey
from tenprint.ledger.tree import leaf_hash, root
from tenprint.ledger.verify import verify_log

PROGRAM_SECONDS = 24 * 3600
ASIDE = "before_restore_"
_NAMES = {SQLITE: "database.db", POSTGRESQL: "database.dump"}
_INSTALL = "install PostgreSQL's client programs; Debian: apt-get install postgresql-client-15"


@dataclass(frozen=True)
class Contents:
    """What a copied database says: its ledger's size and root, its newest signed checkpoint, the blobs it needs."""

    size: int
    root: bytes
    checkpoint: bytes
    blobs: tuple[str, ...]


def kind_of(url: sa.URL) -> str:
    """Return how a database is copied."""
    return POSTGRESQL if url.get_backend_name() == POSTGRESQL else SQLITE


def file_of(kind: str) -> str:
    """Return the name of a database's file inside a backup."""
    return _NAMES[kind]


def copy_database(url: sa.URL, target: Path) -> Contents:
    """Copy a database that may be in use, as it is at one moment, and return what the copy says.

    Raises:
        StorageError: ``STORE_MISSING`` when there is none, ``BACKUP_TOOL_MISSING``, ``BACKUP_TOOL_FAILED``, or a code
            of `faults`: a damaged database is not copied.
    """
    if kind_of(url) == POSTGRESQL:
        return _dump(url, target)
    if not url.database or not Path(url.database).is_file():
        raise StorageError("STORE_MISSING", "a party's database is not there", hint="restore it: tenprint restore")
    engine = open_engine(url)
    try:
        with storage_faults("copying a database"):
            driver = engine.raw_connection()
            with closing(driver):
                driver.cursor().execute("VACUUM INTO ?", (str(target),))
    except StorageError:
        raise
    except Exception as problem:  # the driver's own error, which did not pass through the engine
        with storage_faults("copying a database"):
            raise sa.exc.DatabaseError(None, None, problem) from problem
    finally:
        engine.dispose()
    target.chmod(PRIVATE_MODE)
    with storage_faults("copying a database"), target.open("rb+") as file:
        os.fsync(file.fileno())
    with looking_into(target) as connection:
        return contents(connection)


@contextmanager
def looking_into(path: Path) -> Iterator[sa.Connection]:
    """Open a SQLite file only to read, as a file that nobody changes: nothing is written beside it either.

    Raises:
        StorageError: a code of `faults`.
    """
    address = f"file:{quote(str(path), safe='/')}?mode=ro&immutable=1&uri=true"
    engine = sa.create_engine(f"sqlite:///{address}", poolclass=sa.pool.NullPool)
    try:
        with storage_faults("reading a copied database"), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def contents(connection: sa.Connection) -> Contents:
    """Return what a database says, inside whatever transaction the connection is in.

    Raises:
        StorageError: ``STORE_NEWER`` when a later version of Tenprint wrote it.
    """
    revision = migrations.revision_of(connection)
    if revision is not None:
        migrations.refuse_unknown(revision)
    leaves = connection.execute(
        sa.select(tables.ledger_entries.c.leaf_hash).order_by(tables.ledger_entries.c.sequence)
    ).scalars()
    hashes = [bytes.fromhex(leaf) for leaf in leaves]
    notes = _notes(connection)
    return Contents(len(hashes), root(hashes), notes[-1] if notes else b"", tuple(sorted(needed_blobs(connection))))


def needed_blobs(connection: sa.Connection) -> frozenset[str]:
    """Return the SHA-256 of every blob that a row needs: long bodies, and exemplars that are no message's body.

    The database may be of an earlier revision: bodies were not erased before 0005, and there were no exemplars before
    0003.
    """
    there = migrations.columns_of(connection)
    message, exemplar = tables.messages.c, tables.exemplars.c
    in_a_file = tables.IN_A_FILE if "erased_at" in there.get(tables.messages.name, ()) else message.body.is_(None)
    bodies = connection.execute(sa.select(message.body_sha256).where(in_a_file)).scalars()
    if tables.exemplars.name not in there:
        return frozenset(bodies)
    in_rows = sa.select(message.body_sha256).where(message.body.is_not(None))
    kept = connection.execute(sa.select(exemplar.file_sha256).where(exemplar.file_sha256.not_in(in_rows))).scalars()
    return frozenset(bodies) | frozenset(kept)


def examine(connection: sa.Connection, size: int, expected_root: bytes, public_key: bytes, origin: str) -> None:
    """Check a copied database: that it is whole, and that its ledger verifies and is the one that was copied.

    One of an earlier revision has to have the tables of that revision; a restore brings it to the newest one.

    Raises:
        RecordError: ``BACKUP_INVALID``; ``BACKUP_NEWER`` when a later version of Tenprint wrote it.
        StorageError: a code of `faults`.
    """
    with storage_faults("reading a copied database"):
        if connection.dialect.name == SQLITE:
            said = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
            if said != "ok":
                raise invalid(f"the database of {origin} fails its integrity check")
        _check_tables(connection, origin)
        entry = tables.ledger_entries.c  # without `case_id`, which entries have since 0003
        columns = (entry.sequence, entry.fields, entry.salts, entry.commitments)
        query: sa.Select[Any] = sa.select(*columns).order_by(entry.sequence)
        entries: list[Entry] = [entry_value(row) for row in connection.execute(query)]
        notes = _notes(connection)
    check_ledger(entries, notes, (size, expected_root), public_key, origin)


def check_ledger(
    entries: Sequence[Entry], notes: Sequence[bytes], expected: tuple[int, bytes], public_key: bytes, origin: str
) -> None:
    """Check that a ledger verifies against its checkpoints, and has the size and root that a manifest names.

    Raises:
        RecordError: ``BACKUP_INVALID``.
    """
    if (len(entries), root([leaf_hash(entry.leaf()) for entry in entries])) != expected:
        raise invalid(f"the ledger of {origin} is not the one that its manifest names")
    if notes:
        findings = verify_log(entries, notes[-1], PublicKey(public_key), origin, notes[:-1])
        faults = [finding for finding in findings if finding.is_fault]
        if faults:
            raise invalid(f"the ledger of {origin} does not verify: {faults[0].code}")


def note_restored(
    url: sa.URL, size: int, copied_root: bytes, made_at: datetime, *, now: datetime, random: RandomSource
) -> None:
    """Write into a restored database's ledger that it was restored, and from what.

    Raises:
        StorageError: ``STORE_NEWER``, or another code of `faults`.
    """
    note = f"from a backup of {to_wire(made_at)} with root {copied_root.hex()}"
    with closing(SqlStore(url, FileBlobs(Path(os.devnull)))) as store, store.transaction() as tx:
        entry: dict[str, str | int] = {
            "sequence": tx.ledger_size(),
            "time": to_wire(now),
            "kind": "restored",
            "count": size,
            "note": note,
        }
        tx.append_entry(seal(entry, random))


def holds_rows(url: sa.URL) -> bool:
    """Tell whether a PostgreSQL database holds a party's tables.

    Raises:
        StorageError: a code of `faults`.
    """
    engine = open_engine(url)
    try:
        with storage_faults("reading a database"), engine.connect() as connection:
            return sa.inspect(connection).has_table(tables.messages.name)
    finally:
        engine.dispose()


@contextmanager
def loaded_dump(url: sa.URL, dump: Path, aside: str) -> Iterator[None]:
    """Put a dump into a database, and what stood there aside under another schema; undone when the block fails.

    Raises:
        StorageError: ``BACKUP_TOOL_MISSING``, ``BACKUP_TOOL_FAILED``, or a code of `faults`.
    """
    _statements(url, f'ALTER SCHEMA public RENAME TO "{ASIDE}{aside}"', "CREATE SCHEMA public")
    try:
        arguments = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
        _run("pg_restore", url, *arguments, "--dbname", _address(url), str(dump))
        yield
    except BaseException:
        back = f'ALTER SCHEMA "{ASIDE}{aside}" RENAME TO public'
        _statements(url, "DROP SCHEMA public CASCADE", back)
        raise


def check_dump(dump: Path) -> None:
    """Check that a dump's list of contents can be read; its rows are only seen when it is put into a server.

    Raises:
        StorageError: ``BACKUP_TOOL_MISSING``, ``BACKUP_TOOL_FAILED``.
    """
    _run("pg_restore", None, "--list", str(dump))


def _check_tables(connection: sa.Connection, origin: str) -> None:
    revision = migrations.revision_of(connection)
    if revision is None:
        raise invalid(f"the database of {origin} holds no party's tables")
    try:
        expected = migrations.columns_at(revision)
    except StorageError as problem:
        said = f"the database of {origin} is at revision {revision}, unknown here"
        raise RecordError("BACKUP_NEWER", said, hint="use the version of Tenprint that made it") from problem
    found = migrations.columns_of(connection)
    if any(not columns <= found.get(name, frozenset()) for name, columns in expected.items()):
        raise invalid(f"the database of {origin} has not the tables of its revision {revision}")


def _notes(connection: sa.Connection) -> list[bytes]:
    """Return all signed checkpoints, smallest first; there were no witnesses before revision 0004."""
    if tables.cosignatures.name in migrations.columns_of(connection):
        return witnessing.checkpoints(connection)
    note = tables.checkpoints.c
    return [bytes(row.note) for row in connection.execute(sa.select(note.note).order_by(note.size))]


def _dump(url: sa.URL, target: Path) -> Contents:
    engine = open_engine(url)
    try:
        with storage_faults("copying a database"), engine.connect() as connection, connection.begin():
            snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
            target.touch(mode=PRIVATE_MODE)
            options = ("--format=custom", "--no-owner", "--no-privileges", f"--exclude-schema={ASIDE}*")
            _run("pg_dump", url, *options, f"--snapshot={snapshot}", "--file", str(target), "--dbname", _address(url))
            found = contents(connection)
    finally:
        engine.dispose()
    with storage_faults("copying a database"), target.open("rb+") as file:
        os.fsync(file.fileno())
    return found


def _statements(url: sa.URL, *statements: str) -> None:
    engine = open_engine(url)
    try:
        with (
            storage_faults("putting a database back"),
            engine.execution_options(**{WRITING: WRITE}).begin() as connection,
        ):
            for statement in statements:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def _address(url: sa.URL) -> str:
    return without_secrets(url).set(drivername=POSTGRESQL).render_as_string(hide_password=False)


def _run(program: str, url: sa.URL | None, *arguments: str) -> None:
    folder = find_binaries()
    found = shutil.which(program) or (str(folder / program) if folder and (folder / program).is_file() else None)
    if found is None:
        raise StorageError("BACKUP_TOOL_MISSING", f"this machine has no {program}", hint=_INSTALL)
    password = password_of(url) if url is not None else ""
    secret: Mapping[str, str] = {"PGPASSWORD": password} if password else {}
    try:
        done = subprocess.run(  # noqa: S603 - programs and arguments are this module's
            [found, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, **secret, "LC_ALL": "C"},
            timeout=PROGRAM_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise StorageError("BACKUP_TOOL_FAILED", f"{program} could not be run") from problem
    if done.returncode:
        # Its words may quote rows; only the kind of complaint is told.
        hint = "the program must not be older than the server, and its user must be allowed to read or write"
        raise StorageError("BACKUP_TOOL_FAILED", f"{program} ended with {done.returncode}", hint=hint)
