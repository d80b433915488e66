"""What dies, is lost, doubled or reordered changes no case; and parties that are broken on purpose are found out."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tenprint.adapters.postgres_server import find_binaries
from tenprint.bootstrap.chaos import Plan, Result, run_both
from tenprint.cli.bench_chaos import as_json, table, tell
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import Kind, Role
from tenprint.exchange.ports import Node, Post, Signer
from tenprint.web.party_server import serve_party

SHORT = (30, 10)
LONG = (300, 60)


class TwiceUnderNewIds:
    """A post that sends each acknowledgement a second time, under another id: what content-made ids forbid."""

    def __init__(self, post: Post, signer: Signer) -> None:
        self._post, self._signer = post, signer

    def deliver(self, wire: bytes, recipient: str) -> bytes:
        first = Envelope.from_bytes(wire)
        if first.kind == Kind.ACK:
            again = replace(first, id=f"{first.id}-again")
            again = replace(again, signature=self._signer.sign(again.signed_bytes()))
            self._post.deliver(again.to_bytes(), recipient)
        return self._post.deliver(wire, recipient)

    def cosign(self, request: bytes, witness: str) -> bytes:
        return self._post.cosign(request, witness)


class ForgetfulStore:
    """A store that loses each second answer between the ledger and the outbox: as without one transaction."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        with self._store.transaction() as tx:
            yield ForgetfulTransaction(tx)


class ForgetfulTransaction:
    def __init__(self, tx: Any) -> None:
        self._tx = tx

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    def put_outbox(self, envelope: Envelope) -> bool:
        return True if envelope.kind == Kind.SECOND_SRE else self._tx.put_outbox(envelope)


def broken(node: Node) -> Node:
    if node.party.role == Role.STATE_BUREAU:
        return replace(node, post=TwiceUnderNewIds(node.post, node.services.signer))
    if node.party.role == Role.CRIMINAL_REPOSITORY:
        return replace(node, store=ForgetfulStore(node.store))
    return node


def falling(marks: Path, node: Node) -> Node:
    """Let two parties fall, each once: one by a fault of its program, one by a signal that nobody sent."""
    mark = marks / node.party.id
    if node.party.role not in (Role.JAIL, Role.COURT) or mark.exists():
        return node
    mark.touch()
    if node.party.role == Role.COURT:
        os.kill(os.getpid(), signal.SIGKILL)
    raise ValueError("SAMPLESON,PERSON QUINCE is no word for a log")


def run(folder: Path, database: str, size: tuple[int, int]) -> Result:
    if database == "postgresql" and find_binaries() is None:
        pytest.skip("no PostgreSQL server on this machine (Debian: apt-get install postgresql-15)")
    plan = Plan(folder, database, *size, seed=1)
    result = run_both(plan, serve_party)
    assert result.is_good, as_json(plan, result)
    assert result.disturbed.ended.kills == plan.kills
    assert table(result.disturbed) == table(result.undisturbed)
    return result


@pytest.mark.slow
@pytest.mark.crash
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_kills_and_a_bad_network_change_no_case(tmp_path: Path, database: str) -> None:
    result = run(tmp_path, database, SHORT)
    assert all(result.disturbed.events[event] for event in ("dropped", "unconfirmed", "doubled", "reordered"))
    ends = {life.row(result.disturbed.parties, result.disturbed.ends)[1] for life in result.disturbed.lives}
    assert {"rejected", "no_match", "not_confirmed", "interviewed", "declined", "transferred"} <= ends


@pytest.mark.slow
@pytest.mark.crash
def test_a_broken_post_and_a_broken_store_are_found_out(tmp_path: Path) -> None:
    result = run_both(Plan(tmp_path, "sqlite", bookings=12, kills=1, seed=1), serve_party, change=broken)
    told = "\n".join(result.difference.told)
    assert not result.is_good
    assert result.difference.lost
    assert result.difference.repeated
    assert "more agency-1 entry received ACK x1, agency-1 entry repeat ACK x1, agency-1 handled ACK x1" in told
    assert "handled SECOND_SRE x1" in told.partition("missing")[2]
    assert result.disturbed.discrepancies  # a ledger says sent, and nobody received it


@pytest.mark.slow
@pytest.mark.crash
def test_a_party_that_falls_by_itself_is_named_with_what_ended_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "marks").mkdir()
    plan = Plan(tmp_path / "run", "sqlite", bookings=2, kills=1, seed=1)
    result = run_both(plan, serve_party, change=partial(falling, tmp_path / "marks"))
    falls = {fall["party"]: fall for fall in as_json(plan, result)["falls"]}
    assert set(falls) == {"jail-1", "court-1"}
    assert (falls["court-1"]["how"], falls["court-1"]["lines"]) == ("SIGKILL", ())
    assert (falls["jail-1"]["how"], falls["jail-1"]["run"]) == ("exit 1", "disturbed")
    (line,) = falls["jail-1"]["lines"]
    assert '"code": "ValueError"' in line
    assert "test_chaos:falling:" in line
    assert "SAMPLESON" not in line
    assert (result.difference.diverged, result.disturbed.ended.fell, result.is_good) == (0, 2, False)
    tell(plan, result)
    told = capsys.readouterr().out
    assert "jail-1 fell in the disturbed run: exit 1, saying\n  " + line in told
    assert "court-1 fell in the disturbed run: SIGKILL, saying nothing" in told
    assert "as in the undisturbed run, but processes fell" in told


@pytest.mark.bench
@pytest.mark.crash
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_sixty_kills_change_none_of_three_hundred_cases(tmp_path: Path, database: str) -> None:
    run(tmp_path, database, LONG)
