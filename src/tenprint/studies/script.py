"""The demo's human roles as data: who answers what, how, and how long after the task was opened."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from tenprint.core.errors import SenderError
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import TaskKind
from tenprint.studies.stage import AFTER_THE_STORY

EVIDENCE_FOR_STATUS = {"final_order": "final_order", "in_proceedings": "pending_proceedings"}
BIOMETRIC_EVIDENCE = "biometric_and_records"


@dataclass(frozen=True)
class Scene:
    """What is true of one booking, and what the people answer; see the script file for the fields."""

    name: str
    known: bool
    cut: bool = False
    examiner: tuple[str, ...] = ()
    examine_minutes: int | None = None
    status: str = ""
    legal_ground: str = ""
    officer: str = ""
    jail: str = ""
    handed_over: bool = True


@dataclass(frozen=True)
class HumanAnswer:
    """A person's answer to a task: when, by whom, what, why, with which details."""

    after: timedelta
    by: str
    answer: str
    reason: str
    details: dict[str, str]


@dataclass(frozen=True)
class Script:
    """People, delays and scenes; scenes are used in turn."""

    people: dict[str, str]
    delays_minutes: dict[str, int]
    scenes: tuple[Scene, ...]

    def scene(self, number: int) -> Scene:
        """Return the scene of the booking with this number, counted from 0."""
        return self.scenes[number % len(self.scenes)]

    def answer(self, scene: Scene, task: Task) -> HumanAnswer | None:
        """Return how the script answers a task in a scene; None when nobody ever does (the hold that lapses)."""
        answer, details = _answer(scene, task.kind)
        if not answer:
            return None
        minutes = self.delays_minutes[task.kind]
        if task.kind == TaskKind.EXAMINE and scene.examine_minutes is not None:
            minutes = scene.examine_minutes
        return HumanAnswer(
            after=timedelta(minutes=minutes),
            by=self.people[task.kind],
            answer=answer,
            reason=f"as the demo's script says for the scene '{scene.name}'",
            details=details,
        )


def script_path() -> Path:
    """Return where the demo's script lies, for people who want to read or copy it."""
    return Path(str(resources.files("tenprint.studies") / "scripts" / "humans.toml"))


def load_script(path: Path) -> Script:
    """Return the script in a TOML file.

    Raises:
        SenderError: ``SCRIPT_INVALID`` when it cannot be read or a scene has an unknown field.
    """
    try:
        parsed = tomllib.loads(path.read_text())
        scenes = tuple(_scene(fields) for fields in parsed["scene"])
        script = Script(dict(parsed["people"]), dict(parsed["delays_minutes"]), scenes)
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as problem:
        raise SenderError("SCRIPT_INVALID", f"{path} is no script of human roles: {problem}") from problem
    played = frozenset(TaskKind) - AFTER_THE_STORY
    if not scenes or any(kind not in script.people or kind not in script.delays_minutes for kind in played):
        raise SenderError("SCRIPT_INVALID", f"{path} has no scene, or a task without person or delay")
    return script


def _scene(fields: dict[str, Any]) -> Scene:
    examiner = tuple(fields.get("examiner", ()))
    return Scene(**(fields | {"examiner": examiner}))


def _answer(scene: Scene, kind: TaskKind) -> tuple[str, dict[str, str]]:
    """Return answer and details; an empty answer when the scene has none."""
    ground = {"legal_ground": scene.legal_ground} if scene.legal_ground else {}
    match kind:
        case TaskKind.EXAMINE | TaskKind.EXAMINE_SECOND:
            # An unknown person's candidate is nobody's mate: whoever looks excludes it.
            number = 0 if kind == TaskKind.EXAMINE else 1
            return (scene.examiner[number] if number < len(scene.examiner) else "exclusion"), {}
        case TaskKind.STATUS:
            return scene.status, ground
        case TaskKind.DECIDE:
            evidence = EVIDENCE_FOR_STATUS.get(scene.status, BIOMETRIC_EVIDENCE)
            form = {"evidence": evidence, "citizenship_claim": "no", "victim_or_witness": "no"}
            return scene.officer, ground | (form if scene.officer == "detainer" else {})
        case TaskKind.SECOND_LOOK:
            return "agree", {}
        case TaskKind.ANSWER_DETAINER:
            return scene.jail, {}
        case _:  # nobody in a scene answers what comes after the hold
            custody = {TaskKind.REPORT_CUSTODY: "transferred" if scene.handed_over else ""}
            return ({TaskKind.REPORT_RELEASE: "would_be_released"} | custody).get(kind, ""), {}
