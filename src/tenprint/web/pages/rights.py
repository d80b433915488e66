"""Why may I, why may I not: what the access rules say to somebody, action by action, and what is masked."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from starlette.responses import Response

from tenprint.exchange.model.words import TaskKind
from tenprint.policy.access import PUBLIC, Action, FieldClass, Verdict, house_access, house_tables
from tenprint.policy.access.policies import TASK_ACTIONS
from tenprint.web import words
from tenprint.web.console import Console, Route
from tenprint.web.sessions import Session

ANOTHER_PARTY = "another party"
"""Stands for every party but the own one: the rules treat all others alike. No party has a name with a blank."""


@dataclass(frozen=True)
class Right:
    """One line of the page.

    Args:
        wish: what, in words.
        own, other: what the rules say about the own party's data, and about another's.
    """

    wish: str
    own: Verdict
    other: Verdict


@dataclass(frozen=True)
class Sight:
    """How somebody sees a class of fields: ``in full``, ``in part`` or ``not at all``."""

    field: FieldClass
    level: str


class RightsPage:
    """What somebody may do.

    Args:
        console: what pages are made with.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, request: Request) -> Response:
        """Show what the access rules say to whoever asks, also to somebody who has not signed in."""
        session = self._console.session_of(request)
        seat = session if session is not None and session.is_signed_in else None
        tables, role = house_tables(), seat.role if seat is not None else PUBLIC
        return self._console.page(
            "why_access",
            session,
            rights=self._rights(seat),
            waiting=sorted(self._console.desk.kept_back(seat)) if seat is not None else [],
            sights=[Sight(entry, _level(entry, role)) for entry in tables.fields.values()],
            role_title=tables.roles[role].title if role in tables.roles else "unknown role",
            access=house_access(),
            tables=tables,
        )

    def _rights(self, seat: Session | None) -> list[Right]:
        """Return a line a wish; kinds of tasks of which the rules say the same share one."""
        lines: list[Right] = []
        for action in Action:
            kinds = [str(kind) for kind in TaskKind] if action in TASK_ACTIONS else [""]
            said: dict[tuple[Verdict, ...], list[str]] = {}
            for kind in kinds:
                said.setdefault(self._verdicts(seat, action, kind), []).append(kind)
            # The few kinds that are somebody's own work are named; what is left is "any other".
            for verdicts, alike in sorted(said.items(), key=lambda row: not row[0][0].allowed):
                is_rest = len(said) > 1 and not verdicts[0].allowed
                lines.append(Right(_wish(action, alike, is_rest=is_rest), *verdicts))
        return lines

    def _verdicts(self, seat: Session | None, action: Action, kind: str) -> tuple[Verdict, Verdict]:
        own, desk = seat.party if seat is not None else ANOTHER_PARTY, self._console.desk
        return (
            desk.verdict(seat, action, own, kind=kind),
            desk.verdict(seat, action, ANOTHER_PARTY, kind=kind),
        )


def _wish(action: Action, kinds: list[str], *, is_rest: bool) -> str:
    title = house_tables().actions[action]
    if kinds == [""] or len(kinds) == len(TaskKind):
        return title
    if is_rest:
        return f"{title}: any other kind"
    return f"{title}: {'; '.join(words.TASK_TITLES[kind].lower() for kind in kinds)}"


def _level(entry: FieldClass, role: str) -> str:
    return "in full" if role in entry.full else "in part" if role in entry.masked else "not at all"


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group."""
    return [Route("/why/access", RightsPage(console).show)]
