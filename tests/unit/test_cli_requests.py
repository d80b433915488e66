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
from tenprint.core.errors import SenderError
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
    kinds = {row["case"]: row["kind"] for row in json.loads(run("case", "list", "--json").output)}
    assert kinds == {"case-1": "booking", request: "request"}
    assert [row["case"] for row in json.loads(run("case", "list", "--kind", "booking", "--json").output)] == ["case-1"]
    assert getattr(run("case", "list", "--kind", "person").exception, "code", "") == "CASE_KIND"
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


def test_a_city_asks_about_each_of_its_own_agencies_and_about_no_other(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tenprint.bootstrap.network.open_gallery", NoGallery)
    monkeypatch.setattr("tenprint.bootstrap.node.open_gallery", NoGallery)
    both, one = tmp_path / "both", tmp_path / "one"
    own = ("--own", "agency-1", "--own", "agency-2", "--own", "jail-1")
    for folder, named in ((both, own), (one, ())):
        made = CliRunner().invoke(
            app, ["network", "init", str(folder), "--background", "0", "--jurisdiction", "city-1", *named]
        )
        assert made.exit_code == 0, made.output

    def ask(folder: Path, about: str) -> Result:
        words = ("--party", "city-1", "--to", "state-2", "--by", "MAYOR FIXTURE", "--question", "how many")
        said = ("request", "ask", "--topic", "disclosed", "--about", about, *words, "--data", str(folder))
        return CliRunner().invoke(app, list(said))

    assert [ask(both, about).exit_code for about in ("agency-2", "agency-1", "jail-1")] == [0, 0, 0]
    with bootstrap.open_network(both) as network, network.node("state-2").store.transaction() as tx:
        shown = [task.shown["about"] for task in tx.tasks(open_only=True)]
    assert sorted(shown) == ["agency-1", "agency-2", "jail-1"]
    refused = ask(one, "agency-2")
    assert isinstance(refused.exception, SenderError)
    assert refused.exception.code == "NOT_ENTITLED"
