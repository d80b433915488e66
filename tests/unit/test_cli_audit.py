"""`tenprint ledger audit` and `reconcile` from the command line: pending is not no, and has an exit code of its own."""

import json
from pathlib import Path

import pytest
from exchange_rig import card
from test_cli_refusals import EXIT_REFUSED, tenprint

from tenprint import bootstrap
from tenprint.adapters.lock import DirectoryLock
from tenprint.exchange import dispatch

pytestmark = pytest.mark.slow

NOT_ALL_KNOWN = 3


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit") / "net"
    assert tenprint("network", "init", folder, "--background", 0).returncode == 0
    with bootstrap.open_network(folder, workers=0) as network:
        ori = network.node("agency-1").party.ori
        dispatch.submit(network.node("agency-1"), card("P1", bad=range(1, 11), ori=ori, cri=(ori,)))
        network.run()
    return folder


def test_an_audit_of_a_party_that_does_not_answer_is_incomplete_and_can_be_read_later(data: Path) -> None:
    asked = ("ledger", "audit", "jail-1", "field-office", "--data", data)
    with DirectoryLock(data, shared=True):  # as parties that run by themselves hold it; here they do nothing
        ran = tenprint(*asked, "--json")
        said = json.loads(ran.stdout)
        assert (ran.returncode, said["verdict"], said["discrepancies"]) == (NOT_ALL_KNOWN, "incomplete", [])
        assert said["awaited"] == ["jail-1", "field-office"]
        spoken = tenprint("ledger", "audit", "--id", said["audit"], "--data", data)
        assert spoken.returncode == NOT_ALL_KNOWN
        assert "AUDIT_UNANSWERED" in spoken.stdout and "accuses nobody" in spoken.stdout
        assert "disagree" not in spoken.stdout
    later = tenprint("ledger", "audit", "--id", said["audit"], "--data", data)
    assert (later.returncode, "Both ledgers verify" in later.stdout) == (0, True), later.stdout + later.stderr


def test_a_message_in_the_outbox_is_under_way_and_not_a_loss(data: Path) -> None:
    with bootstrap.open_network(data, workers=0) as network:
        dispatch.ask_for_ledgers(network.node("auditor-1"), "jail-1", "field-office")
    with DirectoryLock(data, shared=True):
        ran = tenprint("ledger", "reconcile", "auditor-1", "jail-1", "--data", data, "--json")
        said = json.loads(ran.stdout)
        assert (ran.returncode, said["discrepancies"], len(said["under_way"])) == (NOT_ALL_KNOWN, [], 1)
        assert said["under_way"][0]["since"].endswith("Z")
        assert "no disagreement" in tenprint("ledger", "reconcile", "auditor-1", "jail-1", "--data", data).stdout
    with bootstrap.open_network(data, workers=0) as network:
        network.run()
    assert tenprint("ledger", "reconcile", "--data", data).returncode == 0


@pytest.mark.parametrize("words", [(), ("jail-1",), ("jail-1", "field-office", "--id", "audit-1")])
def test_an_audit_is_of_two_parties_or_an_earlier_one(data: Path, words: tuple[str, ...]) -> None:
    refused = tenprint("ledger", "audit", *words, "--data", data)
    assert (refused.returncode, refused.stderr.split()[0]) == (EXIT_REFUSED, "AUDIT_OF_WHOM")


def test_a_trail_says_what_was_carried_and_acknowledgements_stand_apart(data: Path) -> None:
    with bootstrap.open_network(data, workers=0) as network:
        with network.node("agency-1").store.transaction() as tx:
            case_id = tx.cases()[0].case_id
        network.run()
    told = json.loads(tenprint("ledger", "trail", case_id, "--json", "--data", data).stdout)
    assert {row["sent"] for row in told["acknowledgements"]} <= {"ACK"}
    assert "ACK" not in {row["sent"] for row in told["disclosures"]}
    assert told["disclosures"] and {row["prints_carried"] for row in told["disclosures"]} == {"none"}
