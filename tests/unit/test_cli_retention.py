"""What is due to be erased can be seen and done from the command line, and what was erased is listed with its proof."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from test_cli_refusals import EXIT_REFUSED, tenprint

from tenprint import bootstrap
from tenprint.core.canonical import canonical_json
from tenprint.exchange import dispatch
from tenprint.ledger.checkpoint import ledger_origin, verify_checkpoint
from tenprint.ledger.disclosure import Disclosure, verify_disclosure
from tenprint.ledger.keys import PublicKey

pytestmark = pytest.mark.slow

NO_FILE = b"this is no booking; FIXTURE,PERSON A is not in any file"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Found a network whose state bureau has sent something back that is no booking."""
    folder = tmp_path_factory.mktemp("cli") / "net"
    bootstrap.init_network(folder)
    with bootstrap.open_network(folder) as opened:
        dispatch.submit(opened.node("agency"), NO_FILE)
        opened.run()
    return folder


def shown(*words: object) -> dict:
    said = tenprint(*words, "--json")
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def test_what_is_due_is_shown_erased_and_proved(network: Path) -> None:
    first = shown("network", "retention", "--dry-run", "--data", network)
    assert first["due"] == []
    assert {(one["party"], one["periods"][0]["rule"]) for one in first["next"]} == {
        ("agency", "keep-rejected"), ("state_bureau", "keep-rejected"),
    }  # fmt: skip
    assert {period["days"] for one in first["next"] for period in one["periods"]} == {90}
    day = str(datetime.fromisoformat(first["next"][0]["due_at"]).date())

    seen = shown("network", "retention", "--dry-run", "--until", day, "--data", network)
    assert len(seen["due"]) == 2
    assert set(seen["erased"].values()) == {0}
    done = shown("network", "retention", "--until", day, "--data", network)
    assert {party: count for party, count in done["erased"].items() if count} == {"agency": 1, "state_bureau": 1}
    assert set(done["still_on_disk"].values()) == {0}
    assert not [path for path in network.rglob("*") if path.is_file() and NO_FILE[-20:] in path.read_bytes()]

    said = shown("ledger", "erased", "--party", "agency", "--data", network)
    (line,) = said["erased"]
    assert (line["rule"], line["outcome"], line["state"]) == ("keep-rejected", "90", "proved")
    party = bootstrap.load_network(network).directory.party("agency")
    note = said["checkpoints"]["agency"].encode()
    stated = verify_checkpoint(note, PublicKey(party.public_key), ledger_origin("agency"))
    proof = Disclosure.from_bytes(canonical_json(line["proof"]))
    assert verify_disclosure(proof, stated)
    assert {one.name: one.value for one in proof.opened}["note"] == line["note"]
    table = tenprint("ledger", "erased", "--data", network)
    assert table.returncode == 0
    assert "proved" in table.stdout
    assert tenprint("ledger", "verify", "--data", network).returncode == 0


def test_a_clock_never_goes_back(network: Path) -> None:
    said = tenprint("network", "retention", "--until", "2001-01-01", "--data", network)
    assert said.returncode == EXIT_REFUSED
    assert "CLOCK_BACKWARDS" in said.stderr
