"""Signing in with name and password, outside of a demo: what is told of a refusal, and how long one must wait.

Wrong passwords are counted in two ways, as OWASP proposes in "Slow Down Online Guessing Attacks with Device Cookies"
(https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies): a browser in which somebody has
signed in gets a signed cookie that lasts, and its later tries for that name are counted by themselves; all browsers
that have no such cookie for a name share one count. A lock of the whole name would let any stranger keep its owner out,
one of an address is passed by with many addresses. So strangers slow each other down, and never a known device. Each
wait is a minute at most, but who keeps trying can make an owner on a new browser wait again and again: a browser that
is known is then the way in. Different from the proposal, the wait grows instead of being one long lock, a cookie may
know several people who share a browser, and it holds no name.

Each part of the cookie is signed with the account's edition (`adapters.accounts`): it outlives a restart, there is no
further key to keep, and a new password makes strangers of all devices. Counts are in memory, and a restart forgets
them.

Looking at a password is costly on purpose (argon2id, 64 MiB). So only a few are looked at or wait for it at once;
whoever comes on top of them is sent away at once and holds up no other page. Known devices have places of their own.
"""

from __future__ import annotations

import hmac
import logging
import math
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from tenprint.core.errors import SenderError
from tenprint.exchange.tasks.answers import person_key
from tenprint.web.sessions import Session

FREE_TRIES = 5
"""Wrong passwords for one name, from strangers or from one known device, before one must wait."""
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 2.0, 60.0
"""The wait doubles with every further failure. Short at its longest: who knows a name must not lock its owner out."""
FORGET_SECONDS = 60 * 60.0
MAX_NAMES = 10_000
MAX_PASSWORD = 1024
"""Characters that are looked at at all."""
PLACES = 4
"""So many strangers' passwords are looked at or wait for it at once, and as many of known devices."""
BUSY_SECONDS = 5
"""When somebody who found no place is told to try again."""
DEVICE_COOKIE_SECONDS = 180 * 24 * 60 * 60
"""How long a browser keeps the cookie of a known device; each signing in begins anew."""
MAX_DEVICE_PEOPLE = 8
"""A browser is known for so many people at once, such as those of all shifts; who signed in longest ago goes first."""
_NONCE_BYTES = 16
_PART = re.compile(r"[A-Za-z0-9_-]{22}\.[0-9a-f]{64}")
_STRANGER = ""

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

    def edition_of(self, name: str) -> str:
        """Return the edition of the account of this name, or ``""``."""
        ...

    def knows(self, name: str, party: str, role: str, edition: str) -> bool:
        """Tell whether there is this very account still, with the password of then."""
        ...


class TooSoon(SenderError):
    """Nothing was looked at; one may try again after some seconds."""

    def __init__(self, code: str, message: str, seconds: int) -> None:
        super().__init__(code, message, hint="Wait, then try again.")
        self.seconds = seconds


class Door:
    """Lets people in who know their password, and makes guessing slow.

    Args:
        accounts: who may come in.
        seconds: what tells the time; never goes back.
    """

    def __init__(self, accounts: Accounts, seconds: Callable[[], float] = time.monotonic) -> None:
        self._accounts, self._seconds = accounts, seconds
        self._failures: dict[tuple[str, str], tuple[int, float]] = {}
        """How often and when last, by name and device; ``_STRANGER`` stands for all devices that are not known."""
        self._lock = threading.Lock()
        self._strangers, self._known = threading.BoundedSemaphore(PLACES), threading.BoundedSemaphore(PLACES)

    def is_empty(self) -> bool:
        """Tell whether there is no account at all."""
        return not self._accounts.all()

    def admit(self, name: str, password: str, device: str = "") -> Account:
        """Return the account of this name and password. Known and unknown names are treated alike.

        Args:
            name, password: as they were typed.
            device: what the browser's device cookie holds; anything that was not signed here makes a stranger.

        Raises:
            SenderError: ``SIGN_IN_REFUSED``.
            TooSoon: ``SIGN_IN_WAIT`` after several failures, ``SIGN_IN_BUSY`` while many sign in: nothing is looked at.
            StorageError, RecordError: the accounts cannot be read.
        """
        name = name[:MAX_PASSWORD]
        counted = (person_key(name), _known_nonce(device, self._accounts.edition_of(name)))
        with self._place(self._strangers if counted[1] == _STRANGER else self._known):
            self._count_try(counted)
            try:
                account = self._accounts.check(name, password[:MAX_PASSWORD])
            except BaseException:
                self._take_back(counted)  # nobody has looked at it
                raise
        if account is None:
            _log.warning("sign-in refused")
            said = "no account has this name and password"
            raise SenderError("SIGN_IN_REFUSED", said, hint="check both; who keeps the accounts can set a new password")
        with self._lock:
            self._failures.pop(counted, None)
        return account

    def knows_device(self, device: str) -> bool:
        """Tell whether anybody who has an account now has signed in with this device cookie."""
        parts = _parts(device)
        return any(_is_signed(part, account.edition) for account in self._accounts.all() for part in parts)

    def device_cookie(self, account: Account, device: str = "") -> str:
        """Return what a browser's device cookie holds once somebody has signed in there.

        Args:
            account: of whoever signed in.
            device: what the cookie held before; other people stay known, and this one is known anew.
        """
        others = [part for part in _parts(device) if not _is_signed(part, account.edition)]
        nonce = secrets.token_urlsafe(_NONCE_BYTES)
        mine = f"{nonce}.{_signature(nonce, account.edition)}"
        return "~".join([*others, mine][-MAX_DEVICE_PEOPLE:])

    def still_knows(self, session: Session) -> bool:
        """Tell whether a session's account still is what it was, with the password that opened the session."""
        return self._accounts.knows(session.person, session.party, session.role, session.edition)

    @contextmanager
    def _place(self, places: threading.BoundedSemaphore) -> Iterator[None]:
        if not places.acquire(blocking=False):
            _log.warning("sign-in refused: too many at once")
            said = f"many are signing in at this moment; try again in {BUSY_SECONDS} seconds"
            raise TooSoon("SIGN_IN_BUSY", said, BUSY_SECONDS)
        try:
            yield
        finally:
            places.release()

    def _count_try(self, counted: tuple[str, str]) -> None:
        """Count a try before it is looked at, so that many at once are counted one by one."""
        now = self._seconds()
        with self._lock:
            count, last = self._failures.get(counted, (0, now))
            if now - last >= FORGET_SECONDS:
                count = 0
            wait = last + _wait_after(count) - now
            if wait <= 0:
                self._failures.pop(counted, None)
                self._failures[counted] = (count + 1, now)
                while len(self._failures) > MAX_NAMES:
                    del self._failures[next(iter(self._failures))]  # the one whose last failure is longest ago
                return
        _log.warning("sign-in refused: too many failures")
        seconds = math.ceil(wait)
        many = f"{seconds} second" + ("s" if seconds != 1 else "")
        raise TooSoon("SIGN_IN_WAIT", f"too many wrong passwords for this name; try again in {many}", seconds)

    def _take_back(self, counted: tuple[str, str]) -> None:
        """Count one try less; what others tried in the meantime stays counted."""
        with self._lock:
            count, last = self._failures.pop(counted, (0, 0.0))
            if count > 1:
                self._failures[counted] = (count - 1, last)


def _wait_after(failures: int) -> float:
    if failures < FREE_TRIES:
        return 0.0
    return min(FIRST_WAIT_SECONDS * 2.0 ** min(failures - FREE_TRIES, 30), LONGEST_WAIT_SECONDS)


def _known_nonce(device: str, edition: str) -> str:
    """Return the part of a device cookie that was signed for an account, without its signature; else `_STRANGER`."""
    signed = (part for part in _parts(device) if edition and _is_signed(part, edition))
    return next((part.partition(".")[0] for part in signed), _STRANGER)


def _parts(device: str) -> list[str]:
    """Return a device cookie's well-formed parts, the newest last; a longer cookie than ours is none."""
    parts = device.split("~", MAX_DEVICE_PEOPLE)
    return [part for part in parts if _PART.fullmatch(part)] if len(parts) <= MAX_DEVICE_PEOPLE else []


def _is_signed(part: str, edition: str) -> bool:
    nonce, _, signature = part.partition(".")
    return hmac.compare_digest(signature, _signature(nonce, edition))


def _signature(nonce: str, edition: str) -> str:
    return hmac.digest(edition.encode(), f"tenprint device {nonce}".encode(), "sha256").hex()
