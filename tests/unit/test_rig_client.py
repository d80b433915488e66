"""`tenprint rig` as a process: the documented client with real curl, a kill, and the report at the end."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rig_maker import a_car
from typer.testing import CliRunner

from tenprint.bootstrap.rig import RigWanted, open_rig
from tenprint.cli.app import app
from tenprint.core.errors import SenderError, StorageError
from tenprint.studies.rig_examples import examples_of

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "docs" / "guide" / "rig-client.sh"
needs_curl = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "sha256sum"))), reason="bash, curl or sha256sum is not installed"
)


def _rig(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start a rig and wait until it can be talked to."""
    data = folder / "data"
    (data / "client.env").unlink(missing_ok=True)
    command = [sys.executable, "-m", "tenprint", "rig", "serve", "--data", str(data), "--minutes", "3", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder)
    end = time.monotonic() + 60
    while not (data / "client.env").exists():
        assert process.poll() is None, process.stdout and process.stdout.read()
        assert time.monotonic() < end
        time.sleep(0.05)
    return process


def _client(folder: Path, cards: Path) -> subprocess.CompletedProcess[str]:
    line = f". '{folder}/data/client.env' && bash '{SCRIPT}' '{cards}'"
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=150, check=False)


def _cards(folder: Path) -> Path:
    cards = folder / "cards"
    cards.mkdir()
    for name, data in examples_of().items():
        (cards / name).write_bytes(data)
    return cards


def test_the_documented_client_has_at_most_thirty_lines_and_needs_no_language_but_the_shell() -> None:
    lines = SCRIPT.read_text().splitlines()
    assert len(lines) <= 30
    assert not any(word in SCRIPT.read_text() for word in ("python", "perl", "jq ", "openssl"))


@needs_curl
@pytest.mark.slow
def test_the_documented_client_submits_takes_and_acknowledges_everything_as_it_should(tmp_path: Path) -> None:
    cards, told = _cards(tmp_path), tmp_path / "report.json"
    rig = _rig(tmp_path, "--report", str(told), "--sarif", str(tmp_path / "found.sarif"))
    client = _client(tmp_path, cards)
    rig.send_signal(signal.SIGINT)
    text, _ = rig.communicate(timeout=60)
    assert client.returncode == 0, client.stderr
    assert rig.returncode == 1, "a wrong submission was among them"
    report = json.loads(told.read_text())
    assert {s["play"]: s["verdict"] for s in report["scenarios"]} | {"none": "not seen"} == {
        s["play"]: "ok" for s in report["scenarios"]
    } | {"none": "not seen"}
    assert (report["counts"]["submissions"], report["counts"]["wrong"]) == (14, 1)
    (wrong,) = [s for s in report["submissions"] if s["errors"]]
    assert [(f["code"], f["field"]) for f in wrong["findings"]] == [("E0001", "2.018")]
    assert "What was wrong" in text
    assert "SAMPLESON" not in text + told.read_text()
    assert json.loads((tmp_path / "found.sarif").read_text())["version"] == "2.1.0"


@needs_curl
@pytest.mark.slow
def test_a_killed_rig_goes_on_with_the_same_token_the_same_answers_and_what_was_taken(tmp_path: Path) -> None:
    cards = tmp_path / "cards"
    cards.mkdir()
    (cards / "one.eft").write_bytes(a_car("IDENT-0000001"))
    rig = _rig(tmp_path)
    assert _client(tmp_path, cards).returncode == 0
    before = (tmp_path / "data" / "token").read_text()
    rig.kill()
    rig.wait(timeout=20)
    with (tmp_path / "data" / "events.jsonl").open("a") as events:
        events.write('{"event": "submi')  # what a kill in the middle of a line leaves
    rig = _rig(tmp_path, "--json")
    again = _client(tmp_path, cards)
    rig.send_signal(signal.SIGTERM)
    out, _ = rig.communicate(timeout=60)
    assert '"repeat":true' in again.stdout
    assert (tmp_path / "data" / "token").read_text() == before
    report = json.loads(out.splitlines()[-1])
    assert report["ok"]
    (one,) = report["submissions"]
    assert (one["sent_again"], one["answers"][0]["fetched"], one["answers"][0]["acknowledged_as"]) == (1, 1, "taken")


def _run(*words: object):
    return CliRunner().invoke(app, ["rig", *map(str, words)], catch_exceptions=False)


def test_a_folder_is_watched_until_nothing_happens_any_more_and_the_report_can_be_had_again(tmp_path: Path) -> None:
    data, box = tmp_path / "data", tmp_path / "box"
    box.mkdir()
    (box / "one.eft").write_bytes(a_car("IDENT-0000001"))
    sums = subprocess.run(["sha256sum", "one.eft"], cwd=box, capture_output=True, check=True).stdout
    (box / "one.eft.sha256").write_bytes(sums)
    watched = _run("watch", box, "--data", data, "--until-idle", "2.5", "--minutes", "1", "--json")
    assert watched.exit_code == 1
    told = json.loads(watched.stdout.splitlines()[-1])
    assert "never fetched" in told["submissions"][0]["sentence"]
    again = _run("report", "--data", data, "--json")
    assert json.loads(again.stdout)["submissions"] == told["submissions"]
    table = _run("report", "--data", data)
    assert "IDENT-0000001" in table.stdout


def test_a_rig_nobody_came_to_says_so_and_is_no_success(tmp_path: Path) -> None:
    ended = _run("watch", tmp_path / "box", "--data", tmp_path / "data", "--minutes", "0.01")
    assert ended.exit_code == 1
    assert "No submission came." in ended.stdout


def test_a_rig_that_goes_on_must_be_told_what_it_was_told_before(tmp_path: Path) -> None:
    words = ("watch", tmp_path / "box", "--data", tmp_path / "data", "--minutes", "0.01")
    _run(*words)
    with pytest.raises(SenderError, match="RIG_OTHER") as refused:
        _run(*words, "--seed", "2")
    assert "seed" in refused.value.message


def test_there_is_no_report_where_there_is_no_rig(tmp_path: Path) -> None:
    with pytest.raises(SenderError, match="RIG_NONE"):
        _run("report", "--data", tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("line", ["no json", "{}", "[]", '{"event": "fetched", "at": "soon"}'])
def test_data_that_are_damaged_are_named_and_not_overwritten(tmp_path: Path, line: str) -> None:
    _run("watch", tmp_path / "box", "--data", tmp_path / "data", "--minutes", "0.01")
    (tmp_path / "data" / "events.jsonl").write_text(line + "\n")
    with pytest.raises(StorageError, match="RIG_DAMAGED"):
        _run("report", "--data", tmp_path / "data")
    assert (tmp_path / "data" / "events.jsonl").read_text() == line + "\n"


def test_two_rigs_do_not_share_their_data(tmp_path: Path) -> None:
    with open_rig(tmp_path, RigWanted("state_bureau")), pytest.raises(StorageError, match="RIG_BUSY"):
        open_rig(tmp_path, RigWanted("state_bureau")).__enter__()


def test_what_the_rig_keeps_is_for_its_owner_only(tmp_path: Path) -> None:
    with open_rig(tmp_path / "data", RigWanted("state_bureau")) as seat:
        seat.token()
        seat.certificate()
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    secret = [tmp_path / "data" / name for name in ("token", "key.pem", "events.jsonl")]
    assert all(path.stat().st_mode & 0o077 == 0 for path in secret)


def test_examples_are_written_and_can_be_read(tmp_path: Path) -> None:
    assert "14 submissions" in _run("examples", tmp_path / "new" / "cards").stdout
    assert {p.name: p.read_bytes() for p in (tmp_path / "new" / "cards").iterdir()} == examples_of()
