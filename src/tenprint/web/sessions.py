"""Who is signed in: a random token in a cookie, all else on this side, gone when it expires or the server ends."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

IDLE_SECONDS = 30 * 60
LONGEST_SECONDS = 8 * 60 * 60
MAX_SESSIONS = 1000
MAX_OF_A_PERSON = 20
"""Sessions of one person at once; the one that was seen longest ago goes first."""
MAX_FORMS = 200
TOKEN_BYTES = 32


@dataclass
class Form:
    """A form that was shown, and what it was shown for.

    Args:
        task_id, findings, shown_hash: the task as it was then; an answer to another state of it is stale.
        sent_to: where the answer led, once it was recorded; sending the form again leads there too.
    """

    task_id: str
    findings: int
    shown_hash: str
    sent_to: str = ""


@dataclass
class Session:
    """One browser's session; without `person` nobody has signed in yet.

    Args:
        token: what the cookie holds.
        csrf: what every form of this session carries.
        started, seen: seconds of the sessions' own clock.
        is_known: the browser is one in which somebody has signed in before (`tenprint.web.door`).
        party, person, role: at which party, under which name, and in which official role.
        edition: of the account that was signed in with (`adapters.accounts`); another one ends the session.
        forms: by form id; the oldest go first.
    """

    token: str = field(repr=False)
    csrf: str = field(repr=False)
    started: float
    seen: float
    party: str = ""
    person: str = ""
    role: str = ""
    edition: str = field(default="", repr=False)
    forms: dict[str, Form] = field(default_factory=dict)
    is_known: bool = False

    @property
    def is_signed_in(self) -> bool:
        """Tell whether a person has signed in."""
        return bool(self.person)

    def owns(self, csrf: str) -> bool:
        """Tell whether a form's token is this session's, in constant time."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode(errors="replace"))

    def new_form(self, form: Form) -> str:
        """Keep a form that is about to be shown; return its id."""
        while len(self.forms) >= MAX_FORMS:
            del self.forms[next(iter(self.forms))]
        form_id = secrets.token_urlsafe(TOKEN_BYTES)
        self.forms[form_id] = form
        return form_id


class Sessions:
    """All sessions, in memory.

    Args:
        seconds: what tells the time; never goes back.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._by_token: dict[str, Session] = {}
        self._lock = threading.Lock()

    def find(self, token: str) -> Session | None:
        """Return the session with this token, which counts as seen now; None when there is none or it has expired."""
        with self._lock:
            self._forget_expired()
            session = self._by_token.get(token)
            if session is not None:
                session.seen = self._seconds()
            return session

    def start(
        self, party: str = "", person: str = "", role: str = "", edition: str = "", *, is_known: bool = False
    ) -> Session:
        """Start a session; with a person for somebody who signs in, without for one who is about to.

        Args:
            party, person: where, and who.
            role: official role (`tenprint.policy.access.OfficialRole`); without one nothing is allowed.
            edition: of the account, outside of a demo.
            is_known: the browser is one in which somebody has signed in; sessions of strangers are given up first.
        """
        now = self._seconds()
        token, csrf = secrets.token_urlsafe(TOKEN_BYTES), secrets.token_urlsafe(TOKEN_BYTES)
        session = Session(token, csrf, now, now, party, person, role, edition)
        session.is_known = is_known
        self._keep(session)
        return session

    def _keep(self, session: Session) -> None:
        with self._lock:
            self._forget_expired()
            who = (session.party, session.person)
            own = [kept for kept in self._by_token.values() if (kept.party, kept.person) == who]
            if session.is_signed_in and len(own) >= MAX_OF_A_PERSON:
                del self._by_token[min(own, key=lambda kept: kept.seen).token]
            while len(self._by_token) >= MAX_SESSIONS:
                # Those who have not signed in make room before those who have, and strangers before known browsers.
                order = sorted(self._by_token.values(), key=lambda kept: (kept.is_signed_in, kept.is_known, kept.seen))
                del self._by_token[order[0].token]
            self._by_token[session.token] = session

    def signed_in(self, seen_within: float = IDLE_SECONDS) -> list[Session]:
        """Return the sessions of people who have signed in; asking does not count as seeing them.

        Args:
            seen_within: only those whose browser asked for something in the last so many seconds.
        """
        with self._lock:
            self._forget_expired()
            now, kept = self._seconds(), self._by_token.values()
            return [session for session in kept if session.is_signed_in and now - session.seen < seen_within]

    def end(self, session: Session) -> None:
        """Forget a session; its cookie opens nothing any more."""
        with self._lock:
            self._by_token.pop(session.token, None)

    def _forget_expired(self) -> None:
        now = self._seconds()
        for kept in list(self._by_token.values()):
            if now - kept.seen >= IDLE_SECONDS or now - kept.started >= LONGEST_SECONDS:
                del self._by_token[kept.token]
