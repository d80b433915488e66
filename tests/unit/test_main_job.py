"""The main job from end to end, through the command line: on a real card, and on the demo's synthetic people."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import nistitl
import pytest

from tenprint import bootstrap
from tenprint.exchange.model.words import Kind, Role

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", ROOT.parent / "shared" / "samples"))
CARD = SAMPLES / "tenprint_card" / "type-14-tpcard-nqm.an2"
DATA = ROOT / "tests" / "data"
BACKGROUND = 50
ONE_SCENE = """
[[scene]]
name = "known, nobody acts"
known = true
examiner = ["identification"]
status = "citizen"
officer = "no_action"
"""

pytestmark = pytest.mark.slow


def tenprint(*words: object) -> str:
    command = [sys.executable, "-m", "tenprint", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def open_task(network: Path, kind: str) -> str:
    tasks = json.loads(tenprint("tasks", "list", "--json", "--data", network))
    (task,) = [t["id"] for t in tasks if t["kind"] == kind]
    return str(task)


@pytest.mark.skipif(not CARD.exists(), reason="needs ../shared/samples/tenprint_card (NIST's reference card)")
def test_a_real_card_goes_in_and_two_answers_and_a_human_decision_come_out(tmp_path: Path) -> None:
    network, booking = tmp_path / "net", tmp_path / "booking.eft"
    tenprint("network", "init", network, "--background", BACKGROUND)
    tenprint("enroll", CARD, "--subject", "FIN-REFERENCE", "--data", network)
    boxes, person = DATA / "nist_card_boxes.toml", DATA / "person.toml"
    tenprint("book", CARD, "--person", person, "--agency", "XX0000001", "--boxes", boxes, "-o", booking)

    sent = json.loads(tenprint("submit", booking, "--wait", "--json", "--data", network))
    assert sorted(t["kind"] for t in sent["open_tasks"]) == ["dispose", "examine"]  # the court was told of the arrest
    examine = open_task(network, "examine")
    shown = json.loads(tenprint("tasks", "show", examine, "--json", "--data", network))["shown"]
    assert shown["candidates"][0]["subject_id"] == "FIN-REFERENCE"
    assert shown["candidates"][0]["score"] > 3 * shown["candidates"][0]["threshold"]

    signed = ("--reason", "as the records show", "--data", network)
    tenprint("tasks", "decide", examine, "identification", "--by", "E. EXAMPLE", *signed)
    ground = ("--detail", "legal_ground=8 USC 1227(a)(1)(B)")
    tenprint("tasks", "decide", open_task(network, "status"), "removable", "--by", "S. EXAMPLE", *ground, *signed)
    tenprint("tasks", "decide", open_task(network, "decide"), "no_action", "--by", "O. EXAMPLE", *signed)

    told = json.loads(tenprint("case", "show", sent["case"], "--json", "--data", network))
    assert told["state"] == "no_action"
    assert {"E. EXAMPLE", "S. EXAMPLE", "O. EXAMPLE"} <= {line["person"] for line in told["story"]}
    first, second = answers_at_the_agency(network, sent["case"])
    assert str(second._10) == str(first._9)
    assert str(first._10) == str(sent["tcn"])
    the_charge_is_dismissed(network, sent["case"], signed)
    tenprint("ledger", "verify", "--data", network)
    tenprint("ledger", "reconcile", "--data", network)
    audited = json.loads(tenprint("ledger", "audit", "state-1", "criminal-repository", "--json", "--data", network))
    assert audited["clean"]
    assert [set(log["witnesses"]) for log in audited["ledgers"]] == [{"auditor-1", "court-1"}] * 2
    assert all(at for log in audited["ledgers"] for at in log["witnesses"].values())


def the_charge_is_dismissed(network: Path, case_id: str, signed: tuple) -> None:
    """A clerk disposes of the charge; everybody who was told of the booking hears of it."""
    dispose, on = open_task(network, "dispose"), datetime.now(UTC).date().isoformat()
    decided = ("--detail", f"decided_on={on}", "--detail", "reference=DOCKET 7")
    tenprint("tasks", "decide", dispose, "dismissed", "--by", "C. EXAMPLE", *decided, *signed)
    told = json.loads(tenprint("case", "show", case_id, "--json", "--data", network))
    assert [one["charge_outcome"] for one in told["disposition"]] == ["dismissed"]
    counted = json.loads(tenprint("case", "convictions", "--json", "--data", network))
    assert (counted["shared"], counted["shared_and_never_convicted"]) == (1, 1)
    assert [(one["case"], one["stands"]) for one in counted["bookings"]] == [(case_id, "dismissed")]
    took_it = {line["party"] for line in told["story"] if line["message_kind"] == "DISPOSITION"}
    assert {"agency-1", "state-1", "criminal-repository", "immigration-repository", "support-center"} < took_it


def answers_at_the_agency(network: Path, case_id: str):
    """Return Type-1 of the two SREs as an independent reader reads them."""
    with bootstrap.open_network(network, workers=0) as opened:
        agency = opened.node(Role.AGENCY)
        with agency.store.transaction() as tx:
            bodies = {m.kind: m.body for m in tx.messages(case_id) if m.recipient == agency.party.id}
    read = []
    for kind in (Kind.SRE, Kind.SECOND_SRE):
        message = nistitl.Message()
        message.parse(bodies[kind])
        assert message.TOT == "SRE"
        read.append(next(iter(message.iter(1))))
    return read[0], read[1]


def test_the_same_seed_gives_the_same_counts_and_a_second_run_adds_nothing(tmp_path: Path) -> None:
    shipped = (ROOT / "src" / "tenprint" / "studies" / "scripts" / "humans.toml").read_text()
    script = tmp_path / "script.toml"
    script.write_text(shipped[: shipped.index("[[scene]]")] + ONE_SCENE)

    def run(name: str, *more: str) -> dict:
        words = ("--headless", "--bookings", 1, "--seed", 11, "--script", script, "--data", tmp_path / name, "--json")
        return json.loads(tenprint("demo", *words, *more))

    first, again = run("a"), run("a")
    left, second = run("b", "--leave-tasks"), run("b")
    assert left["cases"] == {"awaiting_examiner": 1}
    counts = ("cases", "candidates", "mates_missed", "false_candidates", "messages")
    assert first["cases"] == {"no_action": 1}
    assert [again[name] for name in counts] == [first[name] for name in counts]
    assert again["ledger"] == first["ledger"]
    assert [second[name] for name in counts] == [first[name] for name in counts]
    sizes = [{party: log["size"] for party, log in run["ledger"].items()} for run in (first, second)]
    assert sizes[0] == sizes[1]
