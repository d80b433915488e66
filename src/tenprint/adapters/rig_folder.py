"""The rig's second way in: a folder, for clients that only write files.

A client writes ``NAME.eft.tmp`` and renames it to ``NAME.eft``, then ``NAME.eft.sha256`` in the same way (a line of
``sha256sum``). What was taken in moves to ``received/``, what was not to ``refused/``, with ``NAME.eft.json`` that says
why. Answers appear in ``answers/``, made in the same way. An answer is taken when the client deletes it or moves it to
``answers/taken/``; ``answers/repeat/`` and ``answers/refused/`` say the other two things.
"""

from __future__ import annotations

import json
import os
import re
import stat
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import make_folders
from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import RecordError, SenderError, TenprintError

ENDING, CHECKSUM, UNFINISHED = ".eft", ".sha256", ".tmp"
TAKEN, REPEAT, REFUSED = "taken", "repeat", "refused"
MAX_BYTES = 64 * 1024 * 1024
MAX_CHECKSUM_BYTES = 1_024
MAX_AT_ONCE = 200
_HEX = re.compile(rb"[0-9a-f]{64}")


class Answer(Protocol):
    """What a folder must know of an answer; `studies.rig_answers.Answer` is one."""

    @property
    def id(self) -> str:
        """Return its id, which becomes the file's name."""
        ...

    @property
    def data(self) -> bytes:
        """Return what is written."""
        ...

    @property
    def digest(self) -> str:
        """Return the SHA-256 that the checksum file says."""
        ...

    @property
    def content_type(self) -> str:
        """Return what it is."""
        ...

    @property
    def pieces(self) -> int:
        """Return in how many pieces it is sent."""
        ...


class Rig(Protocol):
    """What a folder asks of the rig; `studies.rig_session.Rig` is one."""

    offered: set[str]

    def receive(self, data: bytes, now: datetime, way: str) -> Any:
        """Take a submission in."""
        ...

    def note_refusal(self, code: str, now: datetime) -> None:
        """Note that something was refused at the door."""
        ...

    def waiting(self, now: datetime) -> Any:
        """Return the answers that are there and not acknowledged."""
        ...

    def note_offered(self, answer: Any, now: datetime) -> None:
        """Note that an answer is being put into the folder."""
        ...

    def note_fetched(self, answer: Any, now: datetime) -> None:
        """Note that the client has an answer."""
        ...

    def acknowledge(self, answer_id: str, outcome: str, now: datetime) -> None:
        """Note what the client did with an answer."""
        ...


class RigFolder:
    """The folder between a rig and its client.

    Args:
        folder: made, with its parts, when it is not there.
        rig: that is played.
    """

    def __init__(self, folder: Path, rig: Rig) -> None:
        self._folder, self._rig = folder, rig
        self._answers = folder / "answers"
        self._begun: set[str] = set()
        self._stuck: set[str] = set()
        with storage_faults("making the folder of the rig"):
            for part in ("received", "refused", *(f"answers/{said}" for said in (TAKEN, REPEAT, REFUSED))):
                make_folders(folder / part)

    def look(self, now: datetime) -> None:
        """Take in what came, see what was taken, put out what is due.

        Raises:
            StorageError: the folder cannot be read or written.
        """
        with storage_faults("looking into the folder of the rig"):
            for name in self._complete():
                self._take_in(name, now)
            for answer in self._rig.waiting(now):
                if answer.id in self._rig.offered:
                    self._see_taken(answer, now)
                else:
                    self._put_out(answer, now)

    def _complete(self) -> list[str]:
        """Return the files that came whole, in the order of their names."""
        names = {entry.name for entry in os.scandir(self._folder)} - self._stuck
        whole = (n for n in names if n.endswith(ENDING) and not n.startswith(".") and n + CHECKSUM in names)
        return [n for n in sorted(whole)[:MAX_AT_ONCE] if self._is_written(n + CHECKSUM)]

    def _is_written(self, name: str) -> bool:
        """Tell whether a checksum's file has something in it: a client may write it without renaming."""
        try:
            return (self._folder / name).lstat().st_size > 0
        except FileNotFoundError:
            return False

    def _take_in(self, name: str, now: datetime) -> None:
        try:
            self._rig.receive(self._whole(name), now, "folder")
        except (SenderError, RecordError) as problem:
            self._refuse(name, problem, now)
            return
        self._move(name, "received")

    def _whole(self, name: str) -> bytes:
        said = _HEX.match(_read(self._folder / (name + CHECKSUM), MAX_CHECKSUM_BYTES).lower())
        data = _read(self._folder / name, MAX_BYTES)
        if said is None or sha256_hex(data).encode() != said.group():
            message = "the file is not the one that its checksum was made of"
            raise SenderError("RIG_CHECKSUM", message, hint="write it again, and the line of sha256sum beside it")
        return data

    def _refuse(self, name: str, problem: TenprintError, now: datetime) -> None:
        self._rig.note_refusal(problem.code, now)
        told = {"code": problem.code, "message": problem.message, "hint": problem.hint, "field": problem.field}
        try:
            (self._folder / "refused" / (name + ".json")).write_text(json.dumps(told) + "\n")
        except OSError:  # such as a name that is too long for one more ending
            self._stuck.add(name)
        self._move(name, "refused")

    def _move(self, name: str, where: str) -> None:
        """Move a file and its checksum out of the way; one that cannot be moved is not looked at again."""
        try:
            for one in (name + CHECKSUM, name):
                (self._folder / one).replace(self._folder / where / one)
        except OSError:
            self._stuck.add(name)

    def _put_out(self, answer: Answer, now: datetime) -> None:
        """Write an answer under another name first; one in pieces is left unfinished until the next look."""
        path = self._path(answer)
        unfinished = path.with_name(path.name + UNFINISHED)
        if answer.pieces > 1 and answer.id not in self._begun:
            unfinished.write_bytes(answer.data[: len(answer.data) // 2])
            self._begun.add(answer.id)
            return
        unfinished.write_bytes(answer.data)
        path.with_name(path.name + CHECKSUM).write_text(f"{answer.digest}  {path.name}\n")
        self._rig.note_offered(answer, now)
        unfinished.replace(path)

    def _see_taken(self, answer: Answer, now: datetime) -> None:
        path = self._path(answer)
        if path.exists():
            return
        unfinished = path.with_name(path.name + UNFINISHED)
        if unfinished.exists():  # the rig was killed between noting and renaming
            unfinished.replace(path)
            return
        said = next((s for s in (REFUSED, REPEAT) if (self._answers / s / path.name).exists()), TAKEN)
        self._rig.note_fetched(answer, now)
        self._rig.acknowledge(answer.id, said, now)
        path.with_name(path.name + CHECKSUM).unlink(missing_ok=True)

    def _path(self, answer: Answer) -> Path:
        return self._answers / (answer.id + (".json" if answer.content_type.endswith("json") else ENDING))


def _read(path: Path, limit_bytes: int) -> bytes:
    """Return a regular file's bytes; whatever else has that name (a link, a pipe) is refused."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as problem:
        raise SenderError("RIG_UNREADABLE", f"a file cannot be read: {problem.strerror}") from problem
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise SenderError("RIG_UNREADABLE", "this is no file")
    with os.fdopen(handle, "rb") as file:
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise SenderError("RIG_TOO_LARGE", f"a file has at most {limit_bytes} bytes here")
    return data
