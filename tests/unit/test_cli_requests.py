"""What a city or county asks for at the command line, and how it checks what it is told."""

import base64
import json
from pathlib import Path

import pytest
from click.testing import Result
from test_bootstrap_party import NoGallery
from typer.testing import CliRunner

from tenprint import bootstrap
from tenprint.cli.app import app
from tenprint.exchange import dispatch
from tenprint.exchange.dispatch.reviews import work_of
from tenprint.exchange.model.case import Case
from tenprint.exchange.model.words import CaseState, Kind

pytestmark = pytest.mark.slow


def test_an_own_record_is_answered_with_proofs_that_request_show_checks(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tenprint.bootstrap.network.open_gallery", NoGallery)
    monkeypatch.setattr("tenprint.bootstrap.node.open_gallery", NoGallery)
    folder = tmp_path / "net"
    founding = bootstrap.Founding(folder, clock_mode="system", founders="eleven", jurisdiction="city-1")
    bootstrap.init_network(folder, founding=founding)
    with bootstrap.open_network(folder) as network:
        node = network.node("state-1")
        with node.store.transaction() as tx:
            ori = network.node("agency-1").party.ori
            tx.save_case(Case("case-1", node.services.clock.now(), CaseState.ANSWERED, ori, "TCN-2010-0000001"))
            work_of(tx, node, Kind.CAR, "case-1").send(Kind.STATE_SRE, "agency-1", b"a result")
        network.run()

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--data", str(folder)])

    about = ("--topic", "own_record", "--about", "agency-1", "--booking", "TCN-2010-0000001", "--permission", "1")
    who = ("--party", "city-1", "--to", "state-1", "--by", "MAYOR FIXTURE", "--question", "what was told of me")
    asked = run("request", "ask", *about, *who)
    assert asked.exit_code == 0, asked.output
    request = asked.output.split()[1]
    (task,) = json.loads(run("tasks", "list", "--json").output)
    decided = run("tasks", "decide", task["id"], "answer", "--by", "CHIEF CLERK", "--reason", "permitted")
    assert decided.exit_code == 0, decided.output
    shown = run("request", "show", request, "--json")
    proof = json.loads(shown.output)["proof"]
    assert (shown.exit_code, proof["verifies"], proof["problem"]) == (0, True, "")
    assert [one["state"] for one in proof["disclosures"]] == ["proved"]
    assert proof["trail"]["type"] == "tenprint.case_trail"
    assert "1 of 1 disclosures proved by the checkpoint over" in run("request", "show", request).output
    # Under another key than the state's nothing of it holds.
    text = (folder / "network.toml").read_text()
    keys = [bootstrap.load_network(folder).directory.party(party).public_key for party in ("state-1", "court-1")]
    state, court = (base64.b64encode(key).decode() for key in keys)
    (folder / "network.toml").write_text(text.replace(state, "-").replace(court, state).replace('"-"', f'"{court}"'))
    with bootstrap.open_party(folder, "city-1") as city:
        (found,) = dispatch.requests(city.node)
    assert found.proof is not None
    assert (set(found.proof.states.values()), found.proof.is_good) == ({"BROKEN"}, False)
