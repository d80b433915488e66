"""Signing in with name and password, outside of a demo: what is told of a refusal, and how long one must wait."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Protocol

from tenprint.core.errors import SenderError
from tenprint.exchange.tasks.answers import person_key
from tenprint.web.sessions import Session

FREE_TRIES = 5
"""Wrong passwords for one name before one must wait."""
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 2.0, 15 * 60.0
"""The wait doubles with every further failure. Never for ever: who knows a name must not be able to lock it out."""
FORGET_SECONDS = 60 * 60.0
MAX_NAMES = 10_000
MAX_PASSWORD = 1024
"""Characters that are looked at at all."""

_log = logging.getLogger("tenprint.access")


class Account(Protocol):
    """Somebody's account."""

    @property
    def name(self) -> str:
        """Return the name under which this person decides."""
        ...

    @property
    def party(self) -> str:
        """Return where."""
        ...

    @property
    def role(self) -> str:
        """Return the official role."""
        ...

    @property
    def edition(self) -> str:
        """Return random text that is another one once the password was changed or the account made anew."""
        ...


class Accounts(Protocol):
    """Where accounts are kept; `adapters.accounts.AccountFile` is one."""

    def all(self) -> tuple[Account, ...]:
        """Return all accounts."""
        ...

    def check(self, name: str, password: str) -> Account | None:
        """Return the account whose password this is; as slow for an unknown name."""
        ...

    def knows(self, name: str, party: str, role: str, edition: str) -> bool:
        """Tell whether there is this very account still, with the password of then."""
        ...


class Door:
    """Lets people in who know their password, and makes guessing slow.

    Args:
        accounts: who may come in.
        seconds: what tells the time; never goes back.
    """

    def __init__(self, accounts: Accounts, seconds: Callable[[], float] = time.monotonic) -> None:
        self._accounts, self._seconds = accounts, seconds
        self._failures: dict[str, tuple[int, float]] = {}
        self._lock, self._guessing = threading.Lock(), threading.Lock()

    def is_empty(self) -> bool:
        """Tell whether there is no account at all."""
        return not self._accounts.all()

    def admit(self, name: str, password: str) -> Account:
        """Return the account of this name and password. Known and unknown names are treated alike.

        Raises:
            SenderError: ``SIGN_IN_REFUSED``, or ``SIGN_IN_WAIT`` after several failures, when nothing is looked at.
            StorageError, RecordError: the accounts cannot be read.
        """
        key = person_key(name[:MAX_PASSWORD])
        with self._guessing:  # else many guesses at once would all be looked at before the first one counts
            self._refuse_early(key)
            account = self._accounts.check(name[:MAX_PASSWORD], password[:MAX_PASSWORD])
            if account is None:
                self._note_failure(key)
        if account is None:
            _log.warning("sign-in refused")
            said = "no account has this name and password"
            raise SenderError("SIGN_IN_REFUSED", said, hint="check both; who keeps the accounts can set a new password")
        with self._lock:
            self._failures.pop(key, None)
        return account

    def still_knows(self, session: Session) -> bool:
        """Tell whether a session's account still is what it was, with the password that opened the session."""
        return self._accounts.knows(session.person, session.party, session.role, session.edition)

    def _refuse_early(self, key: str) -> None:
        with self._lock:
            count, last = self._failures.get(key, (0, 0.0))
            wait = last + _wait_after(count) - self._seconds()
        if wait > 0:
            _log.warning("sign-in refused: too many failures")
            said = f"too many wrong passwords for this name; try again in {math.ceil(wait)} seconds"
            raise SenderError("SIGN_IN_WAIT", said)

    def _note_failure(self, key: str) -> None:
        now = self._seconds()
        with self._lock:
            count, last = self._failures.pop(key, (0, now))
            self._failures[key] = (count + 1 if now - last < FORGET_SECONDS else 1, now)
            while len(self._failures) > MAX_NAMES:
                del self._failures[next(iter(self._failures))]  # the one whose last failure is longest ago


def _wait_after(failures: int) -> float:
    if failures < FREE_TRIES:
        return 0.0
    return min(FIRST_WAIT_SECONDS * 2.0 ** min(failures - FREE_TRIES, 30), LONGEST_WAIT_SECONDS)
