"""The drop folder: a way in for clients that can only write files.

A client writes `NAME.eft.tmp`, renames it to `NAME.eft`, and leaves `NAME.eft.sha256` beside it (64 hex digits; what
`sha256sum` writes is taken too). Without its checksum a file waits; with a wrong one it is refused::

    FOLDER/NAME.eft, NAME.eft.sha256          left by the client
    FOLDER/taken/NAME.eft, …sha256, …txt      taken in; the text says which case it is
    FOLDER/refused/NAME.eft, …sha256, …txt    not taken; the text says code, why, and what to do
    FOLDER/answers/NAME.KIND.ID.eft, …sha256  what came back for that case, written in the same way

A party that books nobody takes signed envelopes instead (`NAME.envelope`), and the answer is the receipt.

Every step may be repeated: a file is moved away only when its case is written, the same file again is the same case,
and an answer is noted as written only once it is; killed in between, it is written again under the same name.
"""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

from tenprint.adapters import tables
from tenprint.adapters.database import open_engine
from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import make_folders, sync_folder, write_whole
from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import RecordError, SenderError, StorageError, TenprintError
from tenprint.exchange import dispatch
from tenprint.exchange.model.envelope import EBTS_CONTENT, JSON_CONTENT, NLETS_CONTENT, Envelope, MessageKey
from tenprint.exchange.model.words import Role
from tenprint.exchange.ports import Node

POLL_SECONDS = 0.2
FAULT_SECONDS = 1.0
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_CHECKSUM_BYTES = 1_024
BATCH = 100
TAKEN, REFUSED, ANSWERS = "taken", "refused", "answers"
BOOKING, ENVELOPE = ".eft", ".envelope"
CHECKSUM, TEMPORARY, SAID = ".sha256", ".tmp", ".txt"
ENDINGS = {EBTS_CONTENT: ".eft", JSON_CONTENT: ".json", NLETS_CONTENT: ".txt"}
_CHECKSUM = re.compile(rb"\s*([0-9a-fA-F]{64})(?:\s.*)?", re.DOTALL)
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]")
_log = logging.getLogger("tenprint.drop")


@dataclass(frozen=True)
class _Left:
    """A file that a client left, with its checksum beside it."""

    path: Path
    checksum: Path
    said: str


class DropFolder:
    """One party's drop folder.

    Args:
        folder: exists; who may write there may submit in the party's name.
        node: the party.
        database: its address, for the listing of what came in.
        journal: a folder of the party's own, for what was written already.
        ring: called when something was taken in.
    """

    def __init__(self, folder: Path, node: Node, database: sa.URL, journal: Path, ring: Callable[[], None]) -> None:
        self._folder = folder
        self._node = node
        self._journal = journal
        self._ring = ring
        self._ending = BOOKING if node.party.role == Role.AGENCY else ENVELOPE
        self._engine = open_engine(database)
        with storage_faults("preparing the drop folder"):
            for name in (TAKEN, REFUSED, ANSWERS):
                (folder / name).mkdir(exist_ok=True)
            make_folders(journal / "cases")
            self._finish_moves()

    def work(self, should_stop: Callable[[], bool]) -> None:
        """Take in and give out, until told to stop; a disk that cannot be used is tried again."""
        while not should_stop():
            try:
                self.poll()
                time.sleep(POLL_SECONDS)
            except (StorageError, OSError) as problem:
                code = problem.code if isinstance(problem, StorageError) else type(problem).__name__
                told = {"event": "drop_fault", "party": self._node.party.id, "code": code}
                _log.error("%s", json.dumps(told))
                time.sleep(FAULT_SECONDS)
        self.close()

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()

    def poll(self) -> int:
        """Take in what lies there, then write the answers that came since; return how many files were dealt with.

        Raises:
            StorageError, OSError: something could not be read or written; the next poll goes on there.
        """
        done = 0
        for left in self._left():
            self._deal_with(left)
            done += 1
        return done + self._write_answers()

    def _left(self) -> Iterator[_Left]:
        names = sorted(entry.name for entry in os.scandir(self._folder) if entry.name.endswith(self._ending))
        for name in names:
            path = self._folder / name
            checksum = path.with_name(name + CHECKSUM)
            said = _CHECKSUM.fullmatch(_read(checksum, MAX_CHECKSUM_BYTES) or b"")
            if said:  # one that is missing, or not whole yet, is waited for
                yield _Left(path, checksum, said[1].decode().lower())

    def _deal_with(self, left: _Left) -> None:
        try:
            data = _checked(left)
            said = self._take(left.path.name.removesuffix(self._ending), data)
        except (SenderError, RecordError) as problem:
            self._note("drop_refused", problem.code)
            _write(left.path.parent / REFUSED / (left.path.name + SAID), _why(problem))
            self._move(left, REFUSED)
            return
        _write(left.path.parent / TAKEN / (left.path.name + SAID), said)
        self._move(left, TAKEN)
        self._ring()

    def _take(self, name: str, data: bytes) -> bytes:
        """Take a file's content in; return what its client is told."""
        if self._ending == ENVELOPE:
            receipt = dispatch.accept(self._node, data)
            self._give(f"{name}{ENVELOPE}.receipt", receipt)
            return b"taken in; the receipt lies in answers\n"
        sent = dispatch.submit(self._node, data)
        known = self._journal / "cases" / sent.case_id
        if not known.exists():
            write_whole(known, name.encode("utf-8", "surrogateescape"))
        again = "\nthis ORI and TCN were submitted before: no second case" if sent.is_repeat else ""
        return f"case {sent.case_id}\ntcn {sent.tcn}{again}\n".encode()

    def _move(self, left: _Left, to: str) -> None:
        target = self._folder / to / left.path.name
        if target.exists() and _read(target, MAX_FILE_BYTES) != _read(left.path, MAX_FILE_BYTES):
            target = target.with_name(f"{left.said[:12]}.{left.path.name}")
        left.path.replace(target)
        left.checksum.replace(target.with_name(target.name + CHECKSUM))
        sync_folder(target.parent)

    def _finish_moves(self) -> None:
        """Move the checksums of files that were moved before a kill: a next file of that name has another one."""
        for entry in list(os.scandir(self._folder)):
            name = entry.name.removesuffix(CHECKSUM)
            if name == entry.name or (self._folder / name).exists():
                continue
            for to in (TAKEN, REFUSED):
                if (self._folder / to / name).exists() and not (self._folder / to / entry.name).exists():
                    Path(entry.path).replace(self._folder / to / entry.name)
                    break

    def _write_answers(self) -> int:
        position, written = self._cursor(), 0
        for place, key in self._came_in(position):
            message = self._node.store.message(key)
            name = self._name_of(message.case_id)
            if name is not None:
                self._give(_answer_name(name, message), message.body)
                written += 1
            position = place
        if position != self._cursor():
            write_whole(self._journal / "cursor", str(position).encode())
        return written

    def _came_in(self, after: int) -> list[tuple[int, MessageKey]]:
        if self._ending == ENVELOPE:
            return []
        table = tables.messages
        query = (
            sa.select(table.c.position, table.c.sender, table.c.id)
            .join(tables.inbox, tables.inbox.c.message == table.c.position)
            .where(table.c.position > after, table.c.sender != self._node.party.id)
            .order_by(table.c.position)
            .limit(BATCH)
        )
        with storage_faults("reading what came in"), self._engine.begin() as connection:
            return [(int(row.position), MessageKey(row.sender, row.id)) for row in connection.execute(query)]

    def _name_of(self, case_id: str) -> str | None:
        try:
            return (self._journal / "cases" / case_id).read_bytes().decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return None

    def _cursor(self) -> int:
        with suppress(FileNotFoundError):
            return int((self._journal / "cursor").read_text())
        return 0

    def _give(self, name: str, data: bytes) -> None:
        _write(self._folder / ANSWERS / name, data)
        line = f"{sha256(data).hexdigest()}  ".encode() + name.encode("utf-8", "surrogateescape") + b"\n"
        _write(self._folder / ANSWERS / (name + CHECKSUM), line)

    def _note(self, event: str, code: str) -> None:
        # Never a file's name: clients call their files after people.
        _log.warning("%s", json.dumps({"event": event, "party": self._node.party.id, "code": code}))


def _checked(left: _Left) -> bytes:
    """Return a file's bytes.

    Raises:
        SenderError: ``FILE_UNUSABLE`` or ``CHECKSUM_WRONG``.
    """
    data = _read(left.path, MAX_FILE_BYTES)
    if data is None:
        sentence = f"a plain file of at most {MAX_FILE_BYTES} bytes is taken here"
        raise SenderError("FILE_UNUSABLE", sentence, hint="leave the file itself, no link to it")
    if sha256_hex(data) != left.said:
        raise SenderError(
            "CHECKSUM_WRONG",
            "the file does not have the SHA-256 that lies beside it",
            hint="write both again: the file under a temporary name, then its checksum, then rename the file",
        )
    return data


def _answer_name(name: str, message: Envelope) -> str:
    ident = _NOT_IN_NAMES.sub("_", message.id)[-24:]
    return f"{name}.{message.kind}.{ident}{ENDINGS.get(message.content_type, '.bin')}"


def _why(problem: TenprintError) -> bytes:
    lines = [problem.code, problem.message, *([f"next: {problem.hint}"] if problem.hint else [])]
    return ("\n".join(lines) + "\n").encode()


def _read(path: Path, limit: int) -> bytes | None:
    """Return a plain file's bytes; None when it is missing, no plain file (a link may point anywhere), or too long.

    Raises:
        OSError: it is there and cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        if path.is_symlink():
            return None
        raise
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        data = file.read(limit + 1)
    return data if len(data) <= limit else None


def _write(path: Path, data: bytes) -> None:
    """Write a file as clients are asked to: under a temporary name, to the disk, then renamed.

    It is as open to others as its folder is.
    """
    temporary = path.with_name(path.name + TEMPORARY)
    with temporary.open("wb") as file:
        file.write(data)
        os.fchmod(file.fileno(), stat.S_IMODE(path.parent.stat().st_mode) & 0o666)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)
