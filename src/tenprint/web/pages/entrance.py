"""The way in: what this is, signing in, signing out."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from fastapi import Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from tenprint.core.errors import SenderError, TenprintError
from tenprint.exchange.model.words import Role
from tenprint.exchange.tasks.answers import official_name
from tenprint.policy.access import Action, OfficialRole, house_tables
from tenprint.web.console import Console, Route, go, taking_form
from tenprint.web.desk import Refusal
from tenprint.web.door import DEVICE_COOKIE_SECONDS, Account, TooSoon
from tenprint.web.sessions import Session
from tenprint.web.words import spoken_name

MAX_NAME = 80
DEVICE_COOKIE, DEVICE_PATH = "tenprint_device", "/sign-in"
DOES: dict[OfficialRole, str] = {
    OfficialRole.BOOKING_OFFICER: "Follows the bookings of the own agency: no task waits for this role in the stories.",
    OfficialRole.EXAMINER: "Compares two sets of prints and says whether they come from the same person.",
    OfficialRole.SPECIALIST: "Reads the records and says what they tell about the person's legal status.",
    OfficialRole.OFFICER: "Decides what follows: nothing, an interview, or a request to the jail to hold the person.",
    OfficialRole.JAIL_CLERK: "Accepts or declines a request to hold the person, and reports how a hold ended.",
}
RELAYS: dict[str, str] = {
    Role.STATE_BUREAU: "Watches the state's relay of prints and answers: no task waits for this role in the stories.",
    Role.CRIMINAL_REPOSITORY: "Watches the criminal repository at work: no task waits for this role in the stories.",
}
WATCHES = "Watches the own party at work: no task waits for this role in the stories."
AUDITS = "Reads every party's ledger and checks it; decides nothing."


class DemoDesk(NamedTuple):
    """What somebody can take in a demo: the form's value, party, official role, title, and what it does."""

    value: str
    party: str
    role: OfficialRole
    title: str
    does: str


class Entrance:
    """Start page and sign-in.

    Args:
        console: what pages are made with.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def start(self, request: Request) -> Response:
        """Say what this is and who is signed in."""
        return self._console.page("start", self._console.visitor(request))

    def sign_in_form(self, request: Request) -> Response:
        """Show the sign-in form; a browser without a session gets one, to which the form is bound."""
        session = self._console.session_of(request) or self._started(request)
        return self._console.with_cookie(self._sign_in_page(session), session)

    def sign_in(self, request: Request, form: Mapping[str, str]) -> Response:
        """Let a person in, under a new token: to a role in a demo, with name and password otherwise."""
        session = self._console.bound(self._console.session_of(request), form)
        device = request.cookies.get(DEVICE_COOKIE, "")
        try:
            account = None if self._console.is_demo else self._proven(form, device)
            who = _person(account) if account is not None else self._taken(form)
        except TooSoon as problem:
            answer = self._sign_in_page(session, problem, HTTPStatus.TOO_MANY_REQUESTS)
            answer.headers["Retry-After"] = str(problem.seconds)
            return answer
        except SenderError as problem:
            return self._sign_in_page(session, problem, HTTPStatus.UNPROCESSABLE_ENTITY)
        self._console.sessions.end(session)
        seat = self._console.sessions.start(*who)
        first = self._first_page(seat, form.get("task", ""))
        return self._with_device(self._console.with_cookie(go(first), seat), account, device)

    def _started(self, request: Request) -> Session:
        door = self._console.door
        is_known = door is not None and door.knows_device(request.cookies.get(DEVICE_COOKIE, ""))
        return self._console.sessions.start(is_known=is_known)

    def sign_out(self, request: Request, form: Mapping[str, str]) -> Response:
        """End the session here, not only in the browser; also while accounts cannot be read."""
        session = self._console.sessions.find(request.cookies.get(self._console.cookie, ""))
        self._console.sessions.end(self._console.bound(session, form))
        answer = go("/")
        answer.delete_cookie(self._console.cookie, path="/", httponly=True, samesite="strict")
        return answer

    def _with_device(self, answer: Response, account: Account | None, device: str) -> Response:
        """Return the answer with the cookie by which this browser is known from now on; see `tenprint.web.door`."""
        if account is not None and self._console.door is not None:
            held = self._console.door.device_cookie(account, device)
            answer.set_cookie(
                DEVICE_COOKIE, held, max_age=DEVICE_COOKIE_SECONDS, path=DEVICE_PATH, httponly=True, samesite="strict"
            )
        return answer

    def _taken(self, form: Mapping[str, str]) -> tuple[str, ...]:
        """Return party, name and role of somebody who takes a role in a demo."""
        if form.get("party", "") not in {desk.value for desk in self._desks()}:
            raise SenderError("ROLE_MISSING", "choose one of the roles")
        chosen = next(desk for desk in self._desks() if desk.value == form["party"])
        name = form.get("name", "")
        if len(name) > MAX_NAME:
            raise SenderError("NAME_TOO_LONG", f"a name has at most {MAX_NAME} characters")
        return chosen.party, official_name(name), str(chosen.role)

    def _proven(self, form: Mapping[str, str], device: str) -> Account:
        """Return the account of somebody who knows its password."""
        if self._console.door is None:
            raise Refusal(HTTPStatus.FORBIDDEN, "This console was started without accounts: nobody can sign in.")
        account = self._console.door.admit(form.get("name", ""), form.get("password", ""), device)
        roles = dict(self._console.desk.parties())
        if account.role not in house_tables().roles_at(roles.get(account.party, "")):
            raise SenderError("DESK_MISSING", "this account belongs to no party, or to no role, of this network")
        return account

    def _first_page(self, seat: Session, task_id: str = "") -> str:
        """Return where somebody begins: at the task for which a role was taken, the queue, or what is allowed."""
        if not self.sees_tasks(seat):
            return "/why/access"
        try:
            _, own = self._console.desk.queue(seat)
        except TenprintError:
            return "/queue"  # which tells what is wrong; whoever has signed in must get the new cookie in any case
        return f"/tasks/{task_id}" if task_id in {task.id for task in own} else "/queue"

    def sees_tasks(self, seat: Session) -> bool:
        """Tell whether this person has a queue."""
        return self._console.desk.verdict(seat, Action.LIST_TASKS, seat.party).allowed

    def _desks(self) -> tuple[DemoDesk, ...]:
        """Return what can be taken in a demo: at each party its own kind of work, and an auditor's seat."""
        tables, parties = house_tables(), self._console.desk.parties()
        work = [(party, tables.own_work_at(role)) for party, role in parties]
        desks = [DemoDesk(party, party, role, *_desk_words(role, party)) for party, role in work if role is not None]
        seats = [party for party, role in parties if OfficialRole.AUDITOR in tables.roles_at(role)]
        if seats:
            party, role = seats[-1], OfficialRole.AUDITOR
            desks.append(DemoDesk(f"{role}@{party}", party, role, "auditor of the whole network", AUDITS))
        return tuple(desks)

    def _sign_in_page(
        self, session: Session, problem: TenprintError | None = None, status: int = HTTPStatus.OK
    ) -> HTMLResponse:
        door = self._console.door
        return self._console.page(
            "sign_in",
            session,
            status,
            desks=self._desks(),
            problem=problem,
            has_accounts=door is not None and not door.is_empty(),
        )


def _person(account: Account) -> tuple[str, ...]:
    return account.party, account.name, account.role, account.edition


def _desk_words(role: OfficialRole, party: str) -> tuple[str, str]:
    """Return a role's title and the sentence on what it does; two parties may have the same role."""
    title = f"{house_tables().roles[role].title} at the {spoken_name(party)}"
    return title, DOES.get(role, "") or RELAYS.get(party, WATCHES)


def routes(console: Console) -> list[Route]:
    """Return the addresses of this group; templates learn `sees_tasks`."""
    pages = Entrance(console)
    console.globals["sees_tasks"] = pages.sees_tasks
    return [
        Route("/", pages.start),
        Route("/sign-in", pages.sign_in_form),
        Route("/sign-in", taking_form(pages.sign_in), "POST"),
        Route("/sign-out", taking_form(pages.sign_out), "POST"),
    ]
