"""What a backup says of itself: `manifest.json`, written last; a folder without it is no backup.

    {"format": 1, "network": "…", "made_at": "…Z", "has_keys": false,
     "files": {"network.toml": {"size": 1234, "sha256": "…"}, …},
     "parties": {"agency": {"public_key": "…", "database": "sqlite", "size": 42, "root": "…", "checkpoint": "…",
                            "missing": []}}}

`size` and `root` are those of the copied ledger, `checkpoint` is the newest note that its party had signed (it may be
over fewer entries), `missing` names blobs that the copied database needs and nobody had any more.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tenprint.core.canonical import canonical_json
from tenprint.core.clock import from_wire, to_wire
from tenprint.core.errors import RecordError

FILE_NAME: Final = "manifest.json"
FORMAT: Final = 1
MAX_BYTES: Final = 256 * 1024 * 1024
SQLITE, POSTGRESQL = "sqlite", "postgresql"
_HASH = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
_HINT = "take another backup of the same folder; tenprint backup --verify FOLDER says which ones are whole"


@dataclass(frozen=True)
class CopiedFile:
    """One file of a backup: bytes, and their SHA-256 in hex."""

    size: int
    sha256: str


@dataclass(frozen=True)
class CopiedParty:
    """One party of a backup.

    Args:
        public_key: the party's, 32 bytes: a copy of another network's party has another one.
        database: ``sqlite`` (a database file) or ``postgresql`` (pg_dump's custom format).
        size, root: of the copied ledger; the root is 32 bytes.
        checkpoint: the newest signed checkpoint in the copy, or empty.
        missing: SHA-256 of blobs that the database needs and that neither the party nor a former backup had whole.
    """

    public_key: bytes
    database: str
    size: int
    root: bytes
    checkpoint: bytes = b""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    Args:
        network: its name.
        made_at: the network's time when the first database was copied.
        has_keys: whether secret keys and accounts are in it.
        files: by path, relative and with slashes; the manifest itself is not among them.
        parties: by id.
    """

    network: str
    made_at: datetime
    has_keys: bool
    files: Mapping[str, CopiedFile]
    parties: Mapping[str, CopiedParty]

    def to_bytes(self) -> bytes:
        """Return the form in this module's docstring, as canonical JSON."""
        return canonical_json(
            {
                "format": FORMAT,
                "network": self.network,
                "made_at": to_wire(self.made_at),
                "has_keys": self.has_keys,
                "files": {path: {"size": one.size, "sha256": one.sha256} for path, one in self.files.items()},
                "parties": {name: _party_json(one) for name, one in self.parties.items()},
            }
        )

    def of_party(self, party: str) -> dict[str, CopiedFile]:
        """Return a party's files by their path inside its folder of the backup."""
        home = home_of(party) + "/"
        return {path.removeprefix(home): one for path, one in self.files.items() if path.startswith(home)}

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Return the manifest that `to_bytes` wrote. No file is looked at.

        Raises:
            RecordError: ``BACKUP_INVALID``; ``BACKUP_NEWER`` when a later version of Tenprint wrote it.
        """
        try:
            values = json.loads(data)
        except (ValueError, RecursionError) as problem:
            raise invalid("its manifest is no JSON, or was cut off") from problem
        if not isinstance(values, dict) or not _is_number(values.get("format")):
            raise invalid("its manifest names no format")
        if values["format"] != FORMAT:
            said = f"the backup has format {values['format']}; this version knows format {FORMAT}"
            raise RecordError("BACKUP_NEWER", said, hint="use the version of Tenprint that made it", field="format")
        try:
            manifest = _manifest(values)
        except (KeyError, TypeError, AttributeError, ValueError, binascii.Error) as problem:
            raise invalid(
                f"a value of its manifest is missing or no such value ({type(problem).__name__})"
            ) from problem
        if manifest.to_bytes() != data:
            raise invalid("its manifest is not written in the one form it has")
        return manifest


def home_of(party: str) -> str:
    """Return a party's folder inside a backup."""
    return f"parties/{party}"


def is_safe(path: str) -> bool:
    """Tell whether a path stays inside its folder whatever it is joined to: plain names, slashes, nothing hidden."""
    return all(_PART.fullmatch(part) for part in path.split("/"))


def invalid(why: str, field: str = "") -> RecordError:
    """Return the error for a backup that is not what it says."""
    return RecordError("BACKUP_INVALID", f"this is no backup, or a damaged one: {why}", hint=_HINT, field=field)


def _manifest(values: Mapping[str, Any]) -> Manifest:
    files = {path: CopiedFile(one["size"], one["sha256"]) for path, one in values["files"].items()}
    for path, one in files.items():
        if not is_safe(path):
            raise invalid("its manifest names a path outside of the backup", "files")
        if not _is_number(one.size) or not isinstance(one.sha256, str) or not _HASH.fullmatch(one.sha256):
            raise invalid("its manifest has a file without size and hash", "files")
    parties = {name: _party(one) for name, one in values["parties"].items()}
    if not all(is_safe(name) and "/" not in name for name in parties):
        raise invalid("its manifest names a party that no party can be called", "parties")
    if not isinstance(values["network"], str) or not isinstance(values["has_keys"], bool):
        raise invalid("its manifest names no network, or does not say whether keys are in it")
    return Manifest(values["network"], from_wire(values["made_at"]), values["has_keys"], files, parties)


def _party(one: Mapping[str, Any]) -> CopiedParty:
    public_key, root = base64.b64decode(one["public_key"], validate=True), bytes.fromhex(one["root"])
    missing = tuple(one["missing"])
    are_hashes = all(isinstance(digest, str) and _HASH.fullmatch(digest) for digest in missing)
    if one["database"] not in (SQLITE, POSTGRESQL) or not _is_number(one["size"]) or len(root) != 32 or not are_hashes:
        raise ValueError
    return CopiedParty(public_key, one["database"], one["size"], root, one["checkpoint"].encode(), missing)


def _party_json(one: CopiedParty) -> dict[str, Any]:
    return {
        "public_key": base64.b64encode(one.public_key).decode(),
        "database": one.database,
        "size": one.size,
        "root": one.root.hex(),
        "checkpoint": one.checkpoint.decode(),
        "missing": list(one.missing),
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
