"""The command line refuses with a sentence and exit code 2, never with a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tenprint.cli.app import app
from tenprint.core.errors import SenderError

EXIT_REFUSED = 2


def tenprint(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tenprint", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, check=False, env=os.environ | {"COLUMNS": "200"}
    )


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "net"
    made = tenprint("network", "init", folder, "--background", 3)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("tasks", "show", "task-nowhere"), "UNKNOWN_TASK"),
        (("tasks", "decide", "task-nowhere", "exclusion"), "PERSON_MISSING"),
        (("tasks", "decide", "task-nowhere", "exclusion", "--by", "A", "--reason", "b"), "UNKNOWN_TASK"),
        (("case", "show", "case-nowhere"), "UNKNOWN_CASE"),
        (("case", "times", "case-nowhere"), "UNKNOWN_CASE"),
        (("case", "withdraw", "case-nowhere", "--by", "A CLERK", "--reason", "b"), "UNKNOWN_CASE"),
        (("ledger", "reconcile", "nobody", "jail"), "UNKNOWN_PARTY"),
        (("ledger", "reconcile", "nobody"), "UNKNOWN_PARTY"),
        (("ledger", "reconcile", "jail", "jail"), "RECONCILE_OF_ONE"),
        (("submit", "no-such-file.eft"), "FILE_MISSING"),
    ],
    ids=[
        "unknown task",
        "no person named",
        "unknown task decided",
        "unknown case",
        "times",
        "withdrawal",
        "unknown party",
        "unknown party alone",
        "party with itself",
        "missing file",
    ],
)
def test_an_unknown_thing_gets_a_sentence_and_exit_code_2(network: Path, words: tuple[str, ...], code: str) -> None:
    answered = tenprint(*words, "--data", network)
    assert answered.returncode == EXIT_REFUSED
    assert answered.stderr.startswith(code)
    assert "Traceback" not in answered.stderr + answered.stdout


@pytest.mark.slow
def test_a_missing_network_says_how_to_make_one(tmp_path: Path) -> None:
    answered = tenprint("case", "list", "--data", tmp_path / "nothing")
    assert answered.returncode == EXIT_REFUSED
    assert "NETWORK_MISSING" in answered.stderr
    assert "network init" in answered.stderr


@pytest.mark.slow
def test_a_network_is_not_overwritten(network: Path) -> None:
    before = (network / "network.toml").read_bytes()
    answered = tenprint("network", "init", network)
    assert answered.returncode == EXIT_REFUSED
    assert (network / "network.toml").read_bytes() == before


@pytest.mark.slow
def test_a_network_under_rules_that_nobody_wrote_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    answered = tenprint("network", "init", tmp_path / "net", "--programme", "conviction-never-1")
    assert (answered.returncode, list(tmp_path.iterdir())) == (EXIT_REFUSED, [])
    assert "POLICY_PROGRAMME_UNKNOWN" in answered.stderr
    assert "conviction-first-house-1" in answered.stderr


@pytest.mark.slow
def test_garbage_submitted_is_rejected_by_message_and_kept(network: Path, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.eft"
    garbage.write_bytes(b"this is no transaction")
    first = tenprint("submit", garbage, "--wait", "--json", "--data", network)
    assert first.returncode == 0, first.stderr
    answer = json.loads(first.stdout)
    assert answer["state"] == "rejected"
    assert [a["kind"] for a in answer["answers"]] == ["ERRT"]
    again = json.loads(tenprint("submit", garbage, "--json", "--data", network).stdout)
    assert again["repeat"] is True
    assert again["case"] == answer["case"]
    times = json.loads(tenprint("case", "times", answer["case"], "--json", "--data", network).stdout)
    assert {(row["party"], row["hop"], row["verdict"]) for row in times["times"]} == {
        ("agency-1", "acknowledgement", "in time"),
        ("agency-1", "booking_answer", "in time"),
    }
    assert times["breaches"] == 0
    ended = tenprint("case", "withdraw", answer["case"], "--by", "A CLERK", "--reason", "mistake", "--data", network)
    assert (ended.returncode, ended.stderr.split()[0]) == (EXIT_REFUSED, "CASE_CLOSED")
    assert any(p.read_bytes() == b"this is no transaction" for p in network.rglob("blobs/**/*") if p.is_file())


@pytest.mark.slow
def test_a_new_network_verifies_and_reconciles(network: Path) -> None:
    assert tenprint("ledger", "verify", "--data", network).returncode == 0
    assert tenprint("ledger", "reconcile", "--data", network).returncode == 0


@pytest.mark.slow
def test_help_says_what_is_not_built_yet() -> None:
    answered = tenprint("--help")
    assert answered.returncode == 0
    assert "Not built yet" in answered.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("network", "up", "--log-level", "loud"), "LOG_LEVEL", "'loud' is no level"),
        (("serve", "--log-level", "loud"), "LOG_LEVEL", "'loud' is no level"),
        (("serve", "--json"), "CLI_CONTRADICTION", "--json belongs to --party or --console"),
        (("serve", "--drop", "."), "CLI_CONTRADICTION", "--drop, --templates and --metrics-port belong to --party"),
    ],
)
def test_what_serves_refuses_options_that_do_not_belong_to_it(words: tuple[str, ...], code: str, said: str) -> None:
    refused = CliRunner().invoke(app, list(words)).exception
    assert isinstance(refused, SenderError)
    assert (refused.code, said in refused.message) == (code, True)
