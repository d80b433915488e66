"""The data directory of a rig: what it was told, what happened (a line of JSON each), and the bytes that came.

An event is written, with its bytes, before anybody is told of it. A last line that a kill cut off was told to nobody;
it is dropped when the directory is opened again.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import make_folders, write_whole
from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import SenderError, StorageError

EVENTS, BODIES, TOLD, SCENARIOS, TOKEN = "events.jsonl", "submissions", "rig.json", "scenarios.toml", "token"
CERTIFICATE, KEY, CLIENT = "certificate.pem", "key.pem", "client.env"


class RigData:
    """A rig's directory, held by this process alone until `close`.

    Args:
        folder: made when it is not there.

    Raises:
        StorageError: ``RIG_BUSY`` when another process holds it, or a code of `faults`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with storage_faults("opening the data of the rig"):
            make_folders(folder / BODIES)
            folder.chmod(0o700)
            self._file = os.open(folder / EVENTS, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            os.close(self._file)
            message = "another rig is running with these data"
            raise StorageError("RIG_BUSY", message, hint="end that one, or choose another --data") from problem

    def close(self) -> None:
        """Let go of the directory."""
        os.close(self._file)

    def told(self) -> dict[str, Any] | None:
        """Return what the rig was told when it began, None for a new one."""
        path = self.folder / TOLD
        if not path.exists():
            return None
        with storage_faults("reading the data of the rig"):
            return dict(_parsed(path.read_bytes()))

    def begin(self, told: Mapping[str, Any], scenarios: bytes) -> None:
        """Write down what the rig is told.

        Raises:
            SenderError: ``RIG_OTHER`` when it began with something else: its answers would be other ones.
        """
        before = self.told()
        if before is None:
            with storage_faults("beginning a rig"):
                write_whole(self.folder / SCENARIOS, scenarios)
                write_whole(self.folder / TOLD, json.dumps(told, sort_keys=True).encode())
        elif before != dict(told):
            other = ", ".join(key for key in told if before.get(key) != told[key])
            message = f"the data in {self.folder} belong to a rig that was told something else: {other}"
            raise SenderError("RIG_OTHER", message, hint="choose another --data, or the settings of before")

    def scenarios(self) -> bytes:
        """Return the scenario file that the rig began with, or nothing."""
        with storage_faults("reading the data of the rig"):
            return (self.folder / SCENARIOS).read_bytes()

    def events(self) -> Iterable[Mapping[str, Any]]:
        """Return what happened, and cut off a line that was never finished."""
        with storage_faults("reading the data of the rig"):
            whole = (self.folder / EVENTS).read_bytes()
            end = whole.rfind(b"\n") + 1
            if end < len(whole):
                os.ftruncate(self._file, end)
        return [_parsed(line) for line in whole[:end].splitlines()]

    def keep(self, event: Mapping[str, Any], body: bytes | None = None) -> None:
        """Keep an event, its bytes first."""
        with storage_faults("keeping what came"):
            if body is not None and not self._body(event["digest"]).exists():
                write_whole(self._body(event["digest"]), body)
            self._append(json.dumps(event, sort_keys=True).encode() + b"\n")

    def _append(self, line: bytes) -> None:
        size = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, line)
            os.fsync(self._file)
        except OSError:
            written = 0
            raise
        finally:
            if written < len(line):
                os.ftruncate(self._file, size)  # half a line would spoil the next one
        if written < len(line):
            raise StorageError("STORE_FULL", "an event could not be kept whole", hint="free some space")

    def body(self, digest: str) -> bytes:
        """Return a submission's bytes.

        Raises:
            StorageError: ``RIG_DAMAGED`` when they are not there or not what they were.
        """
        with storage_faults("reading the data of the rig"):
            data = self._body(digest).read_bytes()
        if sha256_hex(data) != digest:
            raise _damaged("a submission is not what it was")
        return data

    def write_client(self, values: Mapping[str, str]) -> Path:
        """Write the variables that a client in a shell needs; return the file's path."""
        text = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())
        with storage_faults("writing the client's file"):
            write_whole(self.folder / CLIENT, text.encode())
        return self.folder / CLIENT

    def token(self, fresh: str) -> str:
        """Return the client's token: that of before, or `fresh` from now on."""
        path = self.folder / TOKEN
        with storage_faults("reading the data of the rig"):
            if not path.exists():
                write_whole(path, fresh.encode())
            return path.read_text("ascii")

    def _body(self, digest: str) -> Path:
        return self.folder / BODIES / f"{digest}.eft"


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as problem:
        raise _damaged("what happened cannot be read") from problem
    if not isinstance(value, dict):
        raise _damaged("what happened cannot be read")
    return value


def _damaged(what: str) -> StorageError:
    return StorageError("RIG_DAMAGED", f"the data of the rig are damaged: {what}", hint="begin with another --data")
