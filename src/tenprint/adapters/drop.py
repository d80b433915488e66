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

Only what the party has handled is an answer: what it refused, as from somebody who was not asked, is not given out. A
file that cannot be read or moved keeps no other one waiting, and no link that a client leaves is written through.
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
from tenprint.exchange.dispatch.faults import ProgramFault, contained, tell_fault
from tenprint.exchange.model.envelope import EBTS_CONTENT, JSON_CONTENT, NLETS_CONTENT, Envelope, MessageKey
from tenprint.exchange.model.words import Kind, Role
from tenprint.exchange.ports import Node

POLL_SECONDS = 0.2
FAULT_SECONDS = 1.0
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_CHECKSUM_BYTES = 1_024
BATCH = 100
MAX_NAME_BYTES = 180
"""Of a client's file; what is made of it (`NAME.SECOND_SRE.….eft.sha256.tmp`) has to fit into 255."""
MAX_OPEN = 1_000
"""Messages that were not handled yet, or given up, and may still be: so many are looked at again."""
TAKEN, REFUSED, ANSWERS = "taken", "refused", "answers"
BOOKING, ENVELOPE = ".eft", ".envelope"
CHECKSUM, TEMPORARY, SAID = ".sha256", ".tmp", ".txt"
ENDINGS = {EBTS_CONTENT: ".eft", JSON_CONTENT: ".json", NLETS_CONTENT: ".txt"}
_CHECKSUM = re.compile(rb"\s*([0-9a-fA-F]{64})(?:\s.*)?", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
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
                with contained(self._node, OSError, families=StorageError):
                    self.poll()
                time.sleep(POLL_SECONDS)
            except (StorageError, OSError) as problem:
                if isinstance(problem, ProgramFault):
                    tell_fault(self._node, problem)
                code = problem.code if isinstance(problem, StorageError) else type(problem).__name__
                self._note("drop_fault", code, logging.ERROR)
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
        done, faults = 0, list[OSError | ProgramFault]()
        for left in self._left():
            try:
                with contained(self._node, OSError):
                    self._deal_with(left)
                done += 1
            except (OSError, ProgramFault) as problem:  # one that cannot be read or moved keeps no other waiting
                faults.append(problem)
        done += self._write_answers()
        if faults:
            raise faults[0]
        return done

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
            _write(left.path.parent / REFUSED / (_kept_name(left.path.name, self._ending) + SAID), _why(problem))
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
        target = self._folder / to / _kept_name(left.path.name, self._ending)
        if target.exists() and _read(target, MAX_FILE_BYTES) != _read(left.path, MAX_FILE_BYTES):
            target = target.with_name(f"{left.said[:12]}.{target.name}")
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
        """Write what was handled since; what waits, or was given up and may be revived, is looked at again."""
        before = self._noted()
        (place, open_places), written = before, 0
        still_open = set[int]()
        for position, key, is_handled in self._came_in(place, open_places):
            place = max(place, position)
            if not is_handled:
                still_open.add(position)
                continue
            message = self._node.store.message(key)
            name = self._name_of(message.case_id)
            if name is not None:
                self._give(_answer_name(name, message), message.body)
                written += 1
        after = place, tuple(sorted(still_open)[-MAX_OPEN:])
        if after != before:
            write_whole(self._journal / "cursor", json.dumps({"place": after[0], "open": after[1]}).encode())
        return written

    def _came_in(self, after: int, open_places: tuple[int, ...]) -> list[tuple[int, MessageKey, bool]]:
        """Return place, key and whether it was handled, of messages behind a place and of those that were open."""
        if self._ending == ENVELOPE:
            return []
        table, state = tables.messages, tables.inbox.c.state
        rows = (
            sa.select(table.c.position, table.c.sender, table.c.id, state)
            .join(tables.inbox, tables.inbox.c.message == table.c.position)
            .where(table.c.sender != self._node.party.id, table.c.erased_at.is_(None))
            .where(table.c.kind != str(Kind.AUDIT_ANSWER))  # of an audit, which no client asked for
            .order_by(table.c.position)
        )
        again, new = rows.where(table.c.position.in_(open_places)), rows.where(table.c.position > after).limit(BATCH)
        with storage_faults("reading what came in"), self._engine.begin() as connection:
            found = [*(connection.execute(again) if open_places else ()), *connection.execute(new)]
        return [(int(row.position), MessageKey(row.sender, row.id), row.state == tables.DONE) for row in found]

    def _name_of(self, case_id: str) -> str | None:
        if "/" in case_id:  # no case of this party, and no name of a file
            return None
        try:
            return (self._journal / "cases" / case_id).read_bytes().decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return None

    def _noted(self) -> tuple[int, tuple[int, ...]]:
        """Return up to where answers were written, and the places before it that were open then."""
        with suppress(FileNotFoundError):
            noted = json.loads((self._journal / "cursor").read_text())
            return (noted, ()) if isinstance(noted, int) else (int(noted["place"]), tuple(map(int, noted["open"])))
        return 0, ()

    def _give(self, name: str, data: bytes) -> None:
        _write(self._folder / ANSWERS / name, data)
        line = f"{sha256(data).hexdigest()}  ".encode() + name.encode("utf-8", "surrogateescape") + b"\n"
        _write(self._folder / ANSWERS / (name + CHECKSUM), line)

    def _note(self, event: str, code: str, level: int = logging.WARNING) -> None:
        # Never a file's name: clients call their files after people.
        fields = {"party": self._node.party.id, "code": code}
        told = json.dumps({"event": event, **fields})
        _log.log(level, "%s", told, extra={"event_name": event, "fields": fields})


def _checked(left: _Left) -> bytes:
    """Return a file's bytes.

    Raises:
        SenderError: ``FILE_NAME_UNUSABLE``, ``FILE_UNUSABLE`` or ``CHECKSUM_WRONG``.
    """
    if not _is_usable(left.path.name):
        sentence = f"a file's name has at most {MAX_NAME_BYTES} bytes and no control characters"
        raise SenderError("FILE_NAME_UNUSABLE", sentence, hint="leave it under another name")
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


def _is_usable(name: str) -> bool:
    return _CONTROL.search(name) is None and len(os.fsencode(name)) <= MAX_NAME_BYTES


def _kept_name(name: str, ending: str) -> str:
    """Return under which name a file is kept: its own, or one made of it when that could not be used."""
    return name if _is_usable(name) else f"unusable-name-{sha256(os.fsencode(name)).hexdigest()[:16]}{ending}"


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
    if not stat.S_ISREG(os.fstat(handle).st_mode):  # a folder cannot even be opened as a file
        os.close(handle)
        return None
    with os.fdopen(handle, "rb") as file:
        data = file.read(limit + 1)
    return data if len(data) <= limit else None


def _write(path: Path, data: bytes) -> None:
    """Write a file as clients are asked to: under a temporary name, to the disk, then renamed.

    It is as open to others as its folder is. Whatever lies under the temporary name, such as a link to another file,
    is removed and not written to.
    """
    temporary = path.with_name(path.name + TEMPORARY)
    temporary.unlink(missing_ok=True)
    with temporary.open("xb") as file:
        file.write(data)
        os.fchmod(file.fileno(), stat.S_IMODE(path.parent.stat().st_mode) & 0o666)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)
