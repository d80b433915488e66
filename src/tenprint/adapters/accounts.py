"""Accounts of people outside of a demo: one file in the data directory, passwords as argon2id hashes.

The file is read anew when it has changed, so that an account that was added or removed counts at once, also for a
console that is being served. It holds no password, and neither names nor passwords go into errors or logs.

Every account has an edition: random text, made anew when the account is added and when its password is set. Sessions
and the cookies of known devices hold on to the edition they were made under, so a new password ends them all, and so
does removing the account, even when one of the same name is added again. A file of an earlier version has no editions:
each account then has one made from its password's hash, which the next change of the file writes down as it is. It is
a secret like the hash and goes to no page and no log.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import stat
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import PRIVATE_MODE, write_whole
from tenprint.core.errors import RecordError, SenderError, StorageError
from tenprint.exchange.tasks.answers import official_name, person_key

if TYPE_CHECKING:
    from argon2 import PasswordHasher

FILE_NAME = "accounts.json"
LOCK_NAME = "accounts.lock"
FORMAT = 1
MIN_PASSWORD, MAX_PASSWORD = 12, 256
"""Characters. Length is what makes a password hard to guess; nothing else is asked (NIST SP 800-63B-4, 3.1.1.2)."""
MAX_NAME = 80
EDITION_BYTES = 16


@dataclass(frozen=True)
class Account:
    """One person's account.

    Args:
        name: as it stands with answers and on ledgers.
        party: id of the party where this person works.
        role: official role (`tenprint.policy.access.OfficialRole`).
        edition: random text of this password of this account; see the module.
    """

    name: str
    party: str
    role: str
    edition: str = field(default="", repr=False)


@dataclass(frozen=True)
class _Row:
    account: Account
    password: str


class AccountFile:
    """The accounts of a data directory.

    Args:
        directory: the data directory; must exist.
        hasher: instead of argon2-cffi's own defaults (argon2id), for tests.
        party: look at the accounts of this party's people alone: those of others are unknown here.
    """

    def __init__(self, directory: Path, hasher: PasswordHasher | None = None, *, party: str = "") -> None:
        self._path, self._lock_path = directory / FILE_NAME, directory / LOCK_NAME
        self._given_hasher = hasher
        self._party = party
        self._read: tuple[tuple[int, ...], dict[str, _Row]] = ((), {})
        self._one_at_a_time = threading.Lock()

    def all(self) -> tuple[Account, ...]:
        """Return the accounts, in the order of their names.

        Raises:
            StorageError: the file cannot be read, or ``ACCOUNTS_OPEN``: others may read it.
            RecordError: ``ACCOUNTS_INVALID``.
        """
        return tuple(row.account for _, row in sorted(self._seen().items()))

    def knows(self, name: str, party: str, role: str, edition: str) -> bool:
        """Tell whether there is this very account still, with the password of then; raises as `all`."""
        row = self._seen().get(person_key(name))
        return row is not None and row.account == Account(name, party, role, edition)

    def edition_of(self, name: str) -> str:
        """Return the edition of the account of this name, or ``""`` when there is none; raises as `all`."""
        row = self._seen().get(person_key(name))
        return row.account.edition if row is not None else ""

    def check(self, name: str, password: str) -> Account | None:
        """Return the account whose password this is, or None; an unknown name takes as long as a wrong password.

        A hash made with other parameters than today's is made anew.
        """
        unknown = self._nobodys_hash
        row = self._seen().get(person_key(name))
        with self._one_at_a_time:  # a hash takes 64 MiB; many at once would be a way to bring the machine down
            is_right = self._is_right(row.password if row is not None else unknown, password)
        if row is None or not is_right:
            return None
        if self._hasher.check_needs_rehash(row.password):
            with self._changing() as rows:
                # Somebody may have changed the password meanwhile: then that one stays.
                if rows.get(person_key(name)) == row:
                    rows[person_key(name)] = replace(row, password=self._hashed(password))
        return row.account

    def add(self, name: str, party: str, role: str, password: str) -> Account:
        """Add an account and return it; that party and role exist is the caller's to know.

        Raises:
            SenderError: ``ACCOUNT_EXISTS``, ``PASSWORD_WEAK``, or a name that `official_name` refuses.
            StorageError: it could not be written.
        """
        name = official_name(name)
        if len(name) > MAX_NAME:
            raise SenderError("NAME_TOO_LONG", f"a name has at most {MAX_NAME} characters")
        _refuse_weak(name, password)
        with self._changing() as rows:
            if person_key(name) in rows:
                raise SenderError(
                    "ACCOUNT_EXISTS", "there is an account of this name", hint="see: tenprint accounts list"
                )
            account = Account(name, party, role, _new_edition())
            rows[person_key(name)] = _Row(account, self._hashed(password))
        return account

    def remove(self, name: str) -> Account:
        """Remove an account and return it; its sessions end with their next request.

        Raises:
            SenderError: ``ACCOUNT_UNKNOWN``.
        """
        with self._changing() as rows:
            removed = _known(rows, name)
            del rows[person_key(name)]
        return removed.account

    def set_password(self, name: str, password: str) -> None:
        """Give an account another password; whoever is signed in with the old one is signed out.

        Raises:
            SenderError: ``ACCOUNT_UNKNOWN`` or ``PASSWORD_WEAK``.
        """
        _refuse_weak(name, password)
        with self._changing() as rows:
            account = replace(_known(rows, name).account, edition=_new_edition())
            rows[person_key(name)] = _Row(account, self._hashed(password))

    @cached_property
    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher  # noqa: PLC0415 - only where people sign in

        return self._given_hasher or PasswordHasher()

    @cached_property
    def _nobodys_hash(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe())

    def _hashed(self, password: str) -> str:
        return self._hasher.hash(_normal(password))

    def _is_right(self, kept: str, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError  # noqa: PLC0415

        try:
            return self._hasher.verify(kept, _normal(password)[:MAX_PASSWORD])
        except VerifyMismatchError:
            return False
        except (VerificationError, InvalidHashError) as problem:
            raise RecordError("ACCOUNTS_INVALID", f"a password's hash in {FILE_NAME} cannot be used") from problem

    @contextmanager
    def _changing(self) -> Iterator[dict[str, _Row]]:
        """Give the accounts to change, alone; they are written when the block ends without an exception."""
        with storage_faults("opening the lock of the accounts"):
            handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            rows = dict(self._rows())
            yield rows
            kept = [
                {"name": a.name, "party": a.party, "role": a.role, "edition": a.edition, "password": row.password}
                for _, row in sorted(rows.items())
                for a in (row.account,)
            ]
            text = json.dumps({"version": FORMAT, "accounts": kept}, ensure_ascii=False, indent=1) + "\n"
            with storage_faults("writing the accounts"):
                write_whole(self._path, text.encode())
        finally:
            os.close(handle)

    def _seen(self) -> dict[str, _Row]:
        rows = self._rows()
        return {key: row for key, row in rows.items() if self._party in ("", row.account.party)}

    def _rows(self) -> dict[str, _Row]:
        with storage_faults("reading the accounts"):
            try:
                found = self._path.stat()
                mark = (found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode)
                if mark == self._read[0]:
                    return self._read[1]
                text = self._path.read_bytes()
            except FileNotFoundError:
                return {}
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise StorageError("ACCOUNTS_OPEN", "others may read the accounts", hint=f"run: chmod 600 {self._path}")
        rows = _parsed(text)
        self._read = (mark, rows)
        return rows


def _parsed(text: bytes) -> dict[str, _Row]:
    try:
        raw: Any = json.loads(text)
        kept = {FORMAT: raw["accounts"]}[raw["version"]]
        rows = [_row(row) for row in kept]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise RecordError("ACCOUNTS_INVALID", f"{FILE_NAME} is damaged, or of another version") from problem
    return {person_key(row.account.name): row for row in rows}


def _row(raw: Any) -> _Row:
    password = str(raw["password"])
    # A file of before editions: the hash is random, too, and is another one after the password was changed.
    edition = str(raw.get("edition", "")) or hashlib.sha256(f"edition {password}".encode()).hexdigest()
    return _Row(Account(str(raw["name"]), str(raw["party"]), str(raw["role"]), edition), password)


def _new_edition() -> str:
    return secrets.token_urlsafe(EDITION_BYTES)


def _known(rows: dict[str, _Row], name: str) -> _Row:
    row = rows.get(person_key(name))
    if row is None:
        raise SenderError("ACCOUNT_UNKNOWN", "there is no account of this name", hint="see: tenprint accounts list")
    return row


def _normal(password: str) -> str:
    """Return a password as it is hashed: the same signs typed on another keyboard are the same password."""
    return unicodedata.normalize("NFKC", password)


def _refuse_weak(name: str, password: str) -> None:
    if not MIN_PASSWORD <= len(_normal(password)) <= MAX_PASSWORD:
        raise SenderError("PASSWORD_WEAK", f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    if any(unicodedata.category(sign).startswith("C") for sign in password):
        raise SenderError("PASSWORD_WEAK", "a password has no control characters and is one line")
    if person_key(password) == person_key(name) or len(set(password)) < MIN_PASSWORD // 3:
        raise SenderError("PASSWORD_WEAK", "a password is neither the name nor a few signs again and again")
