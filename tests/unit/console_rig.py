"""Somebody at a console without JavaScript: signing in, reading pages, sending the forms that a page shows."""

from __future__ import annotations

import json
import re
from html import unescape
from types import SimpleNamespace
from typing import Any, Self

from exchange_rig import Rig
from starlette.testclient import TestClient

from tenprint.exchange.model.words import Role, TaskKind
from tenprint.ledger.checkpoint import ledger_origin
from tenprint.web.app import create_app

SITE = "http://127.0.0.1:8765"
HIDDEN_FIELD = re.compile(r'<input type="hidden" name="(csrf|form_id)" value="([^"]+)"')
"""What a form carries without being asked: the session's token and the number of the page."""


class Time:
    """Seconds that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Desktop:
    """A browser at one desk: it keeps its cookies, and knows how to fill in the forms that it was shown.

    Args:
        app: the console.
    """

    def __init__(self, app: Any) -> None:
        self.client = TestClient(app, base_url=SITE, headers={"origin": SITE}, follow_redirects=False)
        self.page = ""
        self.sent_to = ""

    def get(self, path: str, status: int = 200) -> str:
        """Open a page, and return its HTML."""
        answer = self.client.get(path)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"
        self.page = answer.text
        return answer.text

    def post(self, path: str, status: int = 303, **fields: str) -> str:
        """Send the form of the page that is open, with these fields; return the answer's HTML."""
        answer = self.client.post(path, data=self.tokens() | fields)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"
        self.sent_to = answer.headers.get("location", "")
        return answer.text

    def json(self, path: str) -> dict[str, Any]:
        """Return the JSON at an address."""
        return dict(json.loads(self.get(path)))

    def tokens(self) -> dict[str, str]:
        """Return the hidden fields of the page that is open."""
        return dict(HIDDEN_FIELD.findall(self.page))

    def take(self, seat: Role | str, name: str = "SAM OFFICIAL") -> Self:
        """Take a role, as people do it in a demo."""
        self.get("/sign-in")
        self.post("/sign-in", party=str(seat), name=name)
        return self

    def sign_in(self, name: str, password: str) -> Self:
        """Sign in with an account, as people do it outside of a demo."""
        self.get("/sign-in")
        self.post("/sign-in", name=name, password=password)
        return self


class Reader(Desktop):
    """A desktop whose pages are read as text; their HTML is in `page`."""

    def get(self, path: str, status: int = 200) -> str:
        """Open a page, and return what it says."""
        return text_of(super().get(path, status))

    def post(self, path: str, status: int = 303, **fields: str) -> str:
        """Send the form of the page that is open, with these fields; return what the answer says."""
        return text_of(super().post(path, status, **fields))

    def json(self, path: str) -> dict[str, Any]:
        """Return the JSON at an address."""
        self.get(path)
        return dict(json.loads(self.page))


def text_of(page: str) -> str:
    """Return what a page says, blanks as one."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


class House(SimpleNamespace):
    """A network as the console asks for one; a test may put another `run` in its place."""

    is_beside = False

    def is_stopped(self, party_id: str) -> bool:
        """Tell that everything is done in this process."""
        del party_id
        return False

    def settle(self, *, case_id: str) -> bool:
        """Do everything that is due, as a network in one process does it."""
        del case_id
        self.run()
        return True


def house_of(rig: Rig) -> House:
    """Return a rig's network as the console asks for one."""
    return House(nodes={node.party.id: node for node in rig.all}, clock=rig.clock, run=rig.run)


def console(rig: Rig, *, is_demo: bool = True, **more: Any) -> Any:
    """Return the console of a rig's network; `more` goes to `create_app`."""
    return create_app(house_of(rig), is_demo=is_demo, **more)


def sign(rig: Rig) -> None:
    """Sign a checkpoint over every party's ledger, as it is done at the end of a run."""
    for role, node in rig.nodes.items():
        node.store.sign_checkpoint(ledger_origin(node.party.id), rig.keys[role], rig.clock.now())


def at(rig: Rig, role: Role, name: str = "SAM OFFICIAL") -> Desktop:
    """Return the desktop of somebody who has taken a role."""
    return Desktop(console(rig)).take(role, name)


def sizes(rig: Rig) -> list[int]:
    """Return how long every party's ledger is: equal before and after means that nothing was changed."""
    return [len(node.store.entries()) for node in rig.all]


def task_path(rig: Rig, role: Role, kind: TaskKind, case_id: str) -> str:
    """Return the address of a task's page."""
    return f"/tasks/{rig.task(role, kind, case_id).id}"
