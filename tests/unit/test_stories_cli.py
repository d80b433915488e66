"""Stories through the command line, with prints that are rendered, compressed, extracted and searched."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tenprint.cli.app import app
from tenprint.exchange.model.words import CaseState
from tenprint.studies import story_file

BACKGROUND = 30


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one folder of cards for all tests here, or the one that the environment names."""
    named = os.environ.get("TENPRINT_CARDS")
    return Path(named) if named else tmp_path_factory.mktemp("cards")


def tenprint(cards: Path, *words: object) -> dict:
    command = [sys.executable, "-m", "tenprint", "demo", *map(str, words)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"TENPRINT_CARDS": str(cards)}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_the_stories_are_listed_with_their_ends() -> None:
    listed = CliRunner().invoke(app, ["demo", "--stories", "--json"])
    told = json.loads(listed.stdout)
    assert [story["story"] for story in told] == list(story_file.STORY_NAMES)
    assert {story["story"]: story["ends"] for story in told}["citizen"] == "no_action"


@pytest.mark.slow
def test_a_story_is_played_again_without_rendering_and_ends_otherwise_with_exit_code_1(
    tmp_path: Path, cards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--headless", "--story", "citizen", "--background", BACKGROUND, "--data", tmp_path / "net", "--json")
    first = tenprint(cards, *words)
    assert first["cases"] == {"no_action": 1}
    assert (first["candidates"], first["mates_missed"], first["false_candidates"]) == (1, 0, 0)
    again = tenprint(cards, *words)
    assert again["ledger"] == first["ledger"]
    assert again["seconds"]["render"] == 0

    wrong = replace(story_file.load_named("citizen"), ends=CaseState.DECLINED)
    monkeypatch.setattr(story_file, "load_named", lambda name: wrong)
    monkeypatch.setenv("TENPRINT_CARDS", str(cards))
    ended = CliRunner().invoke(app, ["demo", *map(str, words)])
    assert ended.exit_code == 1
    assert "the story citizen stands at no_action; its file says declined" in ended.stderr


@pytest.mark.slow
def test_an_unknown_story_founds_no_network(tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, ["demo", "--headless", "--story", "nobody", "--data", str(tmp_path / "net")])
    assert ended.exception.code == "STORY_UNKNOWN"
    assert not (tmp_path / "net").exists()


@pytest.mark.bench
def test_all_ten_stories_end_in_their_states_on_rendered_prints(tmp_path: Path, cards: Path) -> None:
    words = ("--headless", "--story", "all", "--background", BACKGROUND, "--data", tmp_path / "net", "--json")
    tally = tenprint(cards, *words)
    assert tally["cases"] == {
        "declined": 1, "interviewed": 1, "lapsed": 1, "no_action": 4, "no_match": 1, "transferred": 2,
    }  # fmt: skip
    assert (tally["candidates"], tally["mates_missed"], tally["false_candidates"]) == (9, 0, 0)
