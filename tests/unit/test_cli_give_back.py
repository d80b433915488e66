"""After a restore, a peer on another machine does its part by a file that is carried over."""

import json
import shutil
from pathlib import Path

import pytest
from exchange_rig import card
from test_cli_refusals import EXIT_REFUSED, tenprint

from tenprint import bootstrap
from tenprint.adapters.lock import DirectoryLock
from tenprint.exchange import dispatch

pytestmark = pytest.mark.slow

PARTY, PEERS = "state_bureau", ("agency", "criminal_repository")
LONG_AGO = "2000-01-01T00:00:00.000Z"


def done(*words: object, code: int = 0) -> str:
    ran = tenprint(*words)
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stdout


def refused(*words: object) -> str:
    """Return what is said of a refused command, which begins with its code."""
    ran = tenprint(*words)
    assert ran.returncode == EXIT_REFUSED, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    return ran.stderr


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Give a network whose state bureau comes from a backup taken before its only booking, and the backup's time."""
    folder = tmp_path_factory.mktemp("returns")
    data = folder / "net"
    bootstrap.init_network(data)
    made_at = json.loads(done("backup", "--data", data, "--to", folder / "copies", "--json"))["made_at"]
    with bootstrap.open_network(data, workers=0) as network:
        ori = network.node("agency").party.ori
        dispatch.submit(network.node("agency"), card("P1", bad=range(1, 11), ori=ori, cri=(ori,)))
        network.run()
    done("restore", folder / "copies", "--to", data, "--party", PARTY, "--replace", "--no-peers")
    return data, made_at


@pytest.fixture
def data(restored: tuple[Path, str], tmp_path: Path) -> Path:
    return shutil.copytree(restored[0], tmp_path / "net")


def ledger_of(data: Path, party: str) -> list[dict]:
    with bootstrap.open_network(data, workers=0) as network:
        return [entry.fields for entry in network.node(party).store.entries()]


def test_what_peers_elsewhere_give_back_is_taken_back_from_their_files_and_the_ledgers_agree(
    data: Path, restored: tuple[Path, str], tmp_path: Path
) -> None:
    assert "has not recorded" in done("ledger", "reconcile", "--data", data, code=1)
    counts = {}
    for peer in PEERS:
        out = tmp_path / f"{peer}.returns"
        given = ("network", "give-back", PARTY, "--by", peer, "--since", restored[1], "--out", out, "--data", data)
        assert f"tenprint network recover {PARTY} --from {out.name}" in done(*given)
        assert out.stat().st_mode & 0o077 == 0
        back = ("network", "recover", PARTY, "--from", out, "--data", data, "--json")
        said = json.loads(done(*back))
        assert said == {"party": PARTY, "returned": said["returned"]}
        counts[peer] = said["returned"]
        assert json.loads(done(*back))["returned"] == 0  # twice changes nothing
        assert f"{PARTY} took 0 of its messages back." in done(*back[:-1])
    assert counts["agency"] > 0 and counts["criminal_repository"] == 0  # the card was refused before it got there
    with bootstrap.open_network(data, workers=0) as network:
        network.run()  # what peers send again arrives
        assert network.dead_letters() == {}
    done("ledger", "reconcile", "--data", data)
    done("ledger", "verify", "--data", data)
    assert {entry["kind"] for entry in ledger_of(data, "agency")} >= {"given_back", "resent"}


def test_a_peer_that_runs_gives_back_and_a_party_that_runs_takes_nothing(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "one.returns"
    given = ("network", "give-back", PARTY, "--by", "agency", "--since", LONG_AGO, "--out", out, "--data", data)
    done(*given)
    before = ledger_of(data, PARTY)
    with DirectoryLock(data / "parties" / PARTY):  # as its process holds it
        assert refused("network", "recover", PARTY, "--from", out, "--data", data).startswith("STORE_LOCKED")
    assert ledger_of(data, PARTY) == before


def test_what_cannot_be_given_back_is_refused_before_anything_is_written(data: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("mine")
    before = ledger_of(data, "agency")
    new = tmp_path / "new"
    for party, by, since, out, code in (
        (PARTY, "agency", "yesterday", new, "TIME_FORM"),
        (PARTY, "agency", LONG_AGO, there, "FILE_EXISTS"),
        (PARTY, "agency", LONG_AGO, tmp_path / "nowhere" / "new", "FILE_UNWRITABLE"),
        (PARTY, "prison", LONG_AGO, new, "UNKNOWN_PARTY"),
        ("prison", "agency", LONG_AGO, new, "UNKNOWN_PARTY"),
        ("agency", "agency", LONG_AGO, new, "NOT_A_PEER"),
    ):
        words = ("network", "give-back", party, "--by", by, "--since", since, "--out", out, "--data", data)
        assert refused(*words).startswith(code)
    assert not new.exists() and there.read_text() == "mine"
    assert ledger_of(data, "agency") == before


def test_a_file_that_holds_nothing_of_the_party_is_refused_and_changes_nothing(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "one.returns"
    done("network", "give-back", PARTY, "--by", "agency", "--since", LONG_AGO, "--out", out, "--data", data)
    values = json.loads(out.read_text())
    before = {party: ledger_of(data, party) for party in (PARTY, "jail")}
    forged = [[values["returned"][0][0], "{}"]]
    for name, text, party, code in (
        ("none", None, PARTY, "FILE_MISSING"),
        ("words", "no JSON at all", PARTY, "RETURNED_INVALID"),
        ("later", json.dumps(values | {"format": 2}), PARTY, "RETURNED_INVALID"),
        ("another", json.dumps(values), "jail", "RETURNED_INVALID"),
        ("renamed", json.dumps(values | {"party": "jail"}), "jail", "RETURNED_INVALID"),
        ("unsigned", json.dumps(values | {"returned": forged}), PARTY, "RECEIPT_FORM"),
        ("prison", json.dumps(values | {"party": "prison"}), "prison", "UNKNOWN_PARTY"),
    ):
        path = tmp_path / name
        if text is not None:
            path.write_text(text)
        said = refused("network", "recover", party, "--from", path, "--data", data)
        assert said.startswith(code), (name, said)
    assert {party: ledger_of(data, party) for party in before} == before
