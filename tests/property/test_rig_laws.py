"""Laws of the rig: whatever is posted, it answers with a code and goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tenprint import records
from tenprint.core.clock import ManualClock
from tenprint.core.errors import RecordError, SenderError, TenprintError
from tenprint.records.itl.validation import load_profile
from tenprint.studies.rig_examples import examples_of
from tenprint.studies.rig_plays import Plays, read_plays
from tenprint.studies.rig_report import report_of
from tenprint.studies.rig_session import Rig, Settings
from tenprint.web.rig_door import RigDoor

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
CODES = frozenset({"RIG_EMPTY", "RIG_NOT_EBTS", "RIG_TOO_LARGE"})


class Memory:
    def __init__(self) -> None:
        self.kept: list[Mapping[str, Any]] = []
        self.bodies: dict[str, bytes] = {}

    def events(self) -> list[Mapping[str, Any]]:
        return list(self.kept)

    def keep(self, event: Mapping[str, Any], body: bytes | None = None) -> None:
        self.kept.append(event)
        if body is not None:
            self.bodies[event["digest"]] = body

    def body(self, digest: str) -> bytes:
        return self.bodies[digest]


@cache
def _example() -> bytes:
    """Return a submission without its images' data, so that changes hit the fields."""
    return examples_of()["SECOND-0000000001.eft"][:3000]


@st.composite
def _changed(draw: st.DrawFn) -> bytes:
    data = bytearray(_example())
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(data) - 1))
        data[place : place + draw(st.integers(0, 4))] = draw(st.binary(max_size=8))
    return bytes(data)


def _rig(memory: Memory, role: str, *, anyway: bool) -> Rig:
    return Rig(Settings(role, load_profile("ebts-8.001"), plays_anyway=anyway), memory)


POSTED = st.one_of(st.binary(max_size=300), _changed())
ROLES = st.sampled_from(("state_bureau", "criminal_repository"))


@settings(max_examples=60, deadline=None)
@given(st.lists(POSTED, min_size=1, max_size=3), ROLES, st.booleans())
def test_any_bytes_get_a_receipt_or_a_code_and_a_killed_rig_stands_where_it_stood(
    posted: list[bytes], role: str, anyway: bool
) -> None:
    memory = Memory()
    rig = _rig(memory, role, anyway=anyway)
    for data in posted:
        try:
            rig.receive(data, NOW, "https")
        except (SenderError, RecordError) as problem:
            assert problem.code in CODES
    for answer in rig.waiting(NOW):
        if answer.tot in ("SRE", "ERRT") and answer.expects != "refused":
            assert records.read(answer.data).tot == answer.tot
    json.dumps(report_of(rig, NOW))
    assert report_of(_rig(memory, role, anyway=anyway), NOW) == report_of(rig, NOW)


HEADERS = st.dictionaries(
    st.sampled_from((b"content-type", b"content-length", b"accept", b"host", b"authorization")),
    st.one_of(st.binary(max_size=30), st.sampled_from((b"application/octet-stream", b"Bearer token", b"5"))),
)
PATHS = st.one_of(
    st.sampled_from(("/", "/submissions", "/answers", "/answers/a0001-1", "/answers/a0001-1/taken", "/report")),
    st.text(max_size=20).map(lambda text: "/" + text),
)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(("GET", "POST", "DELETE", "PUT", "HEAD")), PATHS, st.binary(max_size=20), HEADERS, POSTED)
def test_any_request_gets_an_answer_and_a_refusal_is_always_coded(
    method: str, path: str, query: bytes, headers: dict[bytes, bytes], body: bytes
) -> None:
    rig = _rig(Memory(), "criminal_repository", anyway=False)
    status, said = asyncio.run(_asked(rig, (method, path), query, {b"authorization": b"Bearer token"} | headers, body))
    assert status < 500
    if status >= 400 and method != "HEAD" and not path.startswith("/static"):
        assert set(json.loads(said)) == {"code", "message", "hint", "field"}


async def _asked(
    rig: Rig, line: tuple[str, str], query: bytes, headers: dict[bytes, bytes], body: bytes
) -> tuple[int, bytes]:
    method, path = line
    door = RigDoor(rig, "token", ManualClock(NOW))
    door.is_ending = True  # so that nobody is kept waiting for an answer
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query,
        "headers": list(headers.items()), "scheme": "https", "http_version": "1.1", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2), "root_path": "", "asgi": {"version": "3.0"},
    }  # fmt: skip
    sent: list[dict[str, Any]] = []
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await asyncio.sleep(30)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await door.app()(scope, receive, send)
    return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:])


@given(st.binary(max_size=200))
def test_any_scenario_file_is_read_or_refused_with_its_code(data: bytes) -> None:
    try:
        assert isinstance(read_plays(data), Plays)
    except TenprintError as problem:
        assert problem.code == "RIG_SCENARIOS"


@given(st.text(max_size=50), st.text(max_size=10), st.text(max_size=5), st.integers(1, 9))
def test_every_submission_has_a_play(tcn: str, ori: str, tot: str, order: int) -> None:
    assert Plays().choose(tcn, ori, tot, order).chosen_by
