"""The demo's script: every scene can be played to an end, and a broken script is refused."""

from datetime import UTC, datetime

import pytest

from tenprint.core.errors import SenderError
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import ExaminerFinding, OfficerDecision, StatusFinding, TaskKind
from tenprint.studies.script import load_script, script_path

SCRIPT = load_script(script_path())
NOW = datetime(2010, 10, 4, tzinfo=UTC)


def task(kind: TaskKind) -> Task:
    return Task("task-1", "case-1", "party", kind, NOW, None, {}, "", ())


def test_about_half_of_the_people_are_known_to_a_repository() -> None:
    known = sum(scene.known for scene in SCRIPT.scenes)
    assert 0.4 <= known / len(SCRIPT.scenes) <= 0.6


def test_the_first_eight_scenes_lead_to_six_kinds_of_ending() -> None:
    endings = {(s.cut, s.known, s.examiner, s.officer, s.jail, s.handed_over) for s in SCRIPT.scenes[:8]}
    assert len(endings) >= 6


@pytest.mark.parametrize("scene", SCRIPT.scenes, ids=lambda scene: scene.name)
def test_every_answer_of_a_scene_is_a_word_of_its_task(scene) -> None:
    words = {
        TaskKind.EXAMINE: set(ExaminerFinding),
        TaskKind.EXAMINE_SECOND: set(ExaminerFinding),
        TaskKind.STATUS: {*StatusFinding, ""},
        TaskKind.DECIDE: {*OfficerDecision, ""},
        TaskKind.ANSWER_DETAINER: {"accept", "decline", ""},
        TaskKind.REPORT_RELEASE: {"would_be_released"},
        TaskKind.REPORT_CUSTODY: {"transferred", ""},
    }
    for kind, allowed in words.items():
        answer = SCRIPT.answer(scene, task(kind))
        assert (answer.answer if answer else "") in allowed


def test_nobody_answers_for_the_hold_that_lapses() -> None:
    lapsing = next(scene for scene in SCRIPT.scenes if not scene.handed_over)
    assert SCRIPT.answer(lapsing, task(TaskKind.REPORT_CUSTODY)) is None


def test_first_and_second_examiner_are_two_people() -> None:
    assert SCRIPT.people[TaskKind.EXAMINE] != SCRIPT.people[TaskKind.EXAMINE_SECOND]


@pytest.mark.parametrize(
    "text", ["", "[[scene]]\nwrong = 1\n", "not toml ["], ids=["empty", "unknown field", "no toml"]
)
def test_a_broken_script_is_refused_with_a_sentence(tmp_path, text: str) -> None:
    path = tmp_path / "script.toml"
    path.write_text(text)
    with pytest.raises(SenderError) as refused:
        load_script(path)
    assert refused.value.code == "SCRIPT_INVALID"
