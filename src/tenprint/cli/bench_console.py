"""`tenprint bench console`: how long each kind of page of the console takes, over HTTP, on a demo's data directory."""

from __future__ import annotations

import html
import http.client
import re
import shutil
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode, urlsplit

import typer

from tenprint.cli.options import DEFAULT_DATA, Data, Json
from tenprint.cli.output import console as terminal
from tenprint.cli.output import print_json, print_table, progress
from tenprint.core.clock import ManualClock
from tenprint.core.errors import SenderError

if TYPE_CHECKING:
    from tenprint.bootstrap import Network

PERSON = "BENCH"
PAGES_A_KIND = 3
MAX_PAGES = 200
CASES = 3
START_SECONDS = 10.0
COLUMNS = ("page", "role", "pages", "median ms", "slowest ms", "kB")
LINK = re.compile(r'(?:href|src)="(/[^"#]*)"')
HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)


def console(
    data: Data = DEFAULT_DATA,
    times: Annotated[int, typer.Option(min=1, max=1000, help="How often each page is asked for.")] = 10,
    json: Json = False,
) -> None:
    """Median time of each kind of page, for every role, on a copy of a demo's data directory."""
    if not (data / "network.toml").exists():
        raise SenderError("NO_NETWORK", f"there is no network in {data}", hint="run: tenprint demo --leave-tasks")
    with _copy_of(data) as network:
        roles = list(network.nodes)
    timings: list[Timing] = []
    with progress("roles", len(roles), quiet=json) as step:
        for done, role in enumerate(roles, 1):
            timings += _walk_of(role, data, times)
            step(done)
    rows = sorted(timings, key=lambda timing: (timing.kind, timing.role))
    if json:
        print_json([row.as_json() for row in rows])
        return
    print_table(
        f"Milliseconds a page over HTTP on this machine, {times} times each",
        COLUMNS,
        ((r.kind, r.role, len(r.paths), f"{r.median:.1f}", f"{r.slowest:.1f}", f"{r.kilobytes:.1f}") for r in rows),
    )
    every = statistics.median(ms for row in rows for ms in row.milliseconds)
    terminal.print(f"median of all: {every:.1f} ms; slowest kind: {max(r.median for r in rows):.1f} ms")


def _walk_of(role: str, data: Path, times: int) -> list[Timing]:
    """Return a role's rows, measured on a copy of its own: the looks of earlier roles would make its pages longer."""
    from tenprint.exchange import story
    from tenprint.web.app import create_app

    with _copy_of(data) as network:
        network.run()
        cases = [case.case_id for case in story.all_cases(network.nodes.values())][:CASES]
        with _served(create_app(network, is_demo=True)) as port:
            return _Visitor(port, role, cases, times).walk()


@contextmanager
def _copy_of(data: Path) -> Iterator[Network]:
    """Open a copy of a network: every look is written to a ledger, which shall not be that of the demo."""
    from tenprint import bootstrap

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "data"
        shutil.copytree(data, copy)
        with bootstrap.open_network(copy) as network:
            if not isinstance(network.clock, ManualClock):
                raise SenderError("CLOCK_REAL", f"the network in {data} runs by the real time", hint="another --data")
            yield network


@dataclass
class Timing:
    """How long one kind of page took for one role, each time, in milliseconds."""

    kind: str
    role: str
    paths: list[str] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    kilobytes: float = 0.0

    @property
    def median(self) -> float:
        """Return the median."""
        return statistics.median(self.milliseconds)

    @property
    def slowest(self) -> float:
        """Return the longest."""
        return max(self.milliseconds)

    def as_json(self) -> dict[str, Any]:
        """Return the row for scripts."""
        return {
            "page": self.kind,
            "role": self.role,
            "pages": len(self.paths),
            "median_ms": round(self.median, 2),
            "slowest_ms": round(self.slowest, 2),
            "kilobytes": round(self.kilobytes, 1),
        }


class _Visitor:
    """Somebody who takes a role and opens every page that a link leads to, a few of each kind."""

    def __init__(self, port: int, role: str, cases: list[str], times: int) -> None:
        self._address, self._role, self._times = f"127.0.0.1:{port}", role, times
        self._cookie = ""
        self._waiting = ["/", "/queue", *(f"/cases/{case}" for case in cases)]
        self._seen = set(self._waiting)

    def walk(self) -> list[Timing]:
        """Return a row for each kind of page."""
        self._sign_in()
        kinds: dict[str, Timing] = {}
        tried: dict[str, int] = defaultdict(int)
        for path in self._paths():
            pattern = _pattern(path)
            tried[pattern] += 1
            if tried[pattern] > 4 * PAGES_A_KIND:
                continue
            status, body, _ = self._ask("GET", path)
            if status != http.client.OK:
                continue
            self._follow(body)
            kind = pattern + (f" {_heading(body)}" if pattern.startswith("/tasks/") else "")
            row = kinds.setdefault(kind, Timing(kind, self._role))
            if len(row.paths) < PAGES_A_KIND:
                row.paths.append(path)
                row.kilobytes = max(row.kilobytes, len(body) / 1000)
                row.milliseconds += [self._ask("GET", path)[2] for _ in range(self._times)]
        return list(kinds.values())

    def _paths(self) -> Iterator[str]:
        for _ in range(MAX_PAGES):
            if not self._waiting:
                return
            yield self._waiting.pop(0)

    def _follow(self, body: bytes) -> None:
        for link in LINK.findall(body.decode(errors="replace")):
            path = html.unescape(link)
            if path not in self._seen and not path.startswith(("/static/", "/sign-")):
                self._seen.add(path)
                self._waiting.append(path)

    def _sign_in(self) -> None:
        _, body, _ = self._ask("GET", "/sign-in")
        token = re.search(rb'name="csrf" value="([^"]+)"', body)
        if token is None:
            raise SenderError("NO_SIGN_IN", "the console has no form to sign in with")
        status, _, _ = self._ask("POST", "/sign-in", {"csrf": token[1].decode(), "party": self._role, "name": PERSON})
        if status != http.client.SEE_OTHER:
            raise SenderError("NO_SIGN_IN", f"nobody can sign in as {self._role}")

    def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, bytes, float]:
        """Return status, body and milliseconds of one request."""
        headers = {"Cookie": self._cookie, "Origin": f"http://{self._address}"}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        began = time.perf_counter()
        with closing(http.client.HTTPConnection(self._address)) as connection:
            connection.request(method, path, urlencode(form) if form is not None else None, headers)
            answer = connection.getresponse()
            body = answer.read()
        spent = 1000 * (time.perf_counter() - began)
        for cookie in answer.headers.get_all("Set-Cookie", []):
            self._cookie = cookie.partition(";")[0]
        return answer.status, body, spent


@contextmanager
def _served(app: Any) -> Iterator[int]:
    """Serve the console in a thread; yields its port."""
    from tenprint.web.serve import listening_socket, server_of

    server = server_of(app)
    with closing(listening_socket(0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until = time.monotonic() + START_SECONDS
        while not server.started and thread.is_alive() and time.monotonic() < until:
            time.sleep(0.01)
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(START_SECONDS)


def _pattern(path: str) -> str:
    """Return an address without its numbers: ``/cases/*``."""
    parts = urlsplit(path).path.split("/")
    return "/".join("*" if re.search(r"\d", part) else part for part in parts)


def _heading(body: bytes) -> str:
    found = HEADING.search(body.decode(errors="replace"))
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found[1])).split()) if found else ""
