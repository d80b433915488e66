"""Rigs with events in memory and a clock by hand, and submissions to put before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from tenprint import records
from tenprint.records.itl.booking import build_car
from tenprint.records.itl.validation import load_profile
from tenprint.studies.example_file import ring_images
from tenprint.studies.rig_answers import Answer
from tenprint.studies.rig_examples import BOOKING
from tenprint.studies.rig_plays import Plays
from tenprint.studies.rig_report import report_of
from tenprint.studies.rig_session import Rig, Settings

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def a_car(tcn: str, **more: Any) -> bytes:
    """Return a submission, right unless `more` makes it wrong."""
    return build_car(replace(BOOKING, tcn=tcn, **more), _images(), checked=False)


@cache
def _images() -> tuple[records.EncodedImage, ...]:
    return tuple(ring_images())


class Memory:
    """Keeps events as a directory would."""

    def __init__(self) -> None:
        self.kept: list[Mapping[str, Any]] = []
        self.bodies: dict[str, bytes] = {}

    def events(self) -> list[Mapping[str, Any]]:
        return list(self.kept)

    def keep(self, event: Mapping[str, Any], body: bytes | None = None) -> None:
        self.kept.append(event)
        if body is not None:
            self.bodies[event["digest"]] = body

    def body(self, digest: str) -> bytes:
        return self.bodies[digest]


class Bench:
    """A rig, its memory and its clock."""

    def __init__(
        self, role: str = "criminal_repository", memory: Memory | None = None, plays: Plays | None = None, **told: Any
    ) -> None:
        self.memory = memory or Memory()
        self.settings = Settings(role, load_profile(told.pop("profile", "ebts-8.001")), plays or Plays(), **told)
        self.rig = Rig(self.settings, self.memory)
        self.now = START

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def send(self, tcn: str, **more: Any) -> None:
        self.rig.receive(a_car(tcn, **more), self.now, "https")

    def waiting(self) -> list[Answer]:
        return self.rig.waiting(self.now)

    def take(self, answer: Answer, outcome: str = "taken") -> Answer:
        self.rig.note_fetched(self.rig.fetch(answer.id, self.now), self.now)
        self.rig.acknowledge(answer.id, outcome, self.now)
        return answer

    def take_all(self, outcome: str = "taken", seconds: float = 30) -> list[Answer]:
        """Take whatever comes, until nothing comes any more."""
        taken = []
        for _ in range(10):
            taken += [self.take(answer, outcome) for answer in self.waiting()]
            self.later(seconds)
        return taken

    def report(self) -> dict[str, Any]:
        return report_of(self.rig, self.now)

    def verdict(self) -> tuple[str, str]:
        last = self.report()["submissions"][-1]
        return last["verdict"], last["sentence"]
