"""What the pages of an examination say: fingers, findings, and why a score is what it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from tenprint.core.fingers import FingerPosition
from tenprint.core.template import ANGLE_STEPS, KIND_BIFURCATION, KIND_ENDING, Template
from tenprint.exchange.model.case import Task
from tenprint.exchange.ports import Pairing
from tenprint.exchange.tasks.findings import FINGER_FINDINGS, NOT_COMPARED, Recorded

FINDING_WORDS: dict[str, str] = {
    "identification": "Identification",
    "exclusion": "Exclusion",
    "inconclusive": "Inconclusive",
    NOT_COMPARED: "Not compared",
}
KIND_WORDS = {KIND_ENDING: "ending", KIND_BIFURCATION: "bifurcation"}
OTHER_KIND = "other"
SCORE_WORDS: dict[str, str] = {
    "coverage": "Pairs, each counted by the share of minutiae in the common area that found a partner",
    "pairs": "Minutiae that belong together, one to one",
    "similarity": "How alike the surroundings of the paired minutiae are, summed over the pairs",
    "distance": "How far paired minutiae lie apart after the skin's stretching was allowed for (lowers the score)",
    "turn": "How differently paired minutiae point (lowers the score)",
    "kind": "Pairs of the same kind: two ridge endings or two bifurcations",
    "missed": "Minutiae of the common area without a partner (lower the score)",
}
MILLI = 1000


class Row(NamedTuple):
    """One line of why a score is what it is, in words."""

    words: str
    measured: str
    points: str


def title(finger: FingerPosition) -> str:
    """Return a finger's name as a sentence begins: ``Right thumb``."""
    return finger.title.capitalize()


def points(milli: int) -> str:
    """Return thousandths of a point as points, with one digit: ``12.3``."""
    return f"{milli / MILLI:.1f}"


def finger_findings() -> tuple[tuple[str, str], ...]:
    """Return the words of a finger's finding with their titles, in the form's order."""
    return tuple((word, FINDING_WORDS[word]) for word in FINGER_FINDINGS)


def finding(word: str) -> str:
    """Return a finding's title."""
    return FINDING_WORDS.get(word, word)


def quality(percent: int) -> str:
    """Return in words how much a pair gives to compare."""
    return f"quality {percent} of 100" if percent >= 0 else "quality not measured"


def first_of(findings: Iterable[Recorded]) -> Recorded | None:
    """Return the first finding on record, or None."""
    return next(iter(findings), None)


def likeness(task: Task, subject_id: str) -> dict[str, Any]:
    """Return what the search said of a candidate: rank, fused score, threshold, and score by finger's title."""
    found: dict[str, Any] = next((c for c in task.shown["candidates"] if str(c["subject_id"]) == subject_id), {})
    return {"rank": found.get("rank"), "score": found.get("score"), "threshold": found.get("threshold"),
            "fingers": found.get("fingers", {})}  # fmt: skip


def score_rows(pairing: Pairing) -> tuple[Row, ...]:
    """Return why a score is what it is."""
    return tuple(
        Row(SCORE_WORDS.get(row.name, row.name), f"{row.value:.2f}", f"{row.points / MILLI:+.1f}")
        for row in pairing.rows
    )


def pairing_json(pairing: Pairing) -> dict[str, Any]:
    """Return a pairing as JSON values: pixels at 500 ppi, angles in degrees counter-clockwise, quality 0 to 63."""
    return {
        "ppi": 500,
        "probe": _template_json(pairing.probe),
        "candidate": _template_json(pairing.candidate),
        "pairs": [list(pair) for pair in pairing.pairs],
        "score": points(pairing.score),
        "rows": [row._asdict() for row in score_rows(pairing)],
    }


def _template_json(template: Template) -> dict[str, Any]:
    columns = zip(
        template.x.tolist(), template.y.tolist(), template.angle.tolist(), template.kind.tolist(),
        template.quality.tolist(), strict=True,
    )  # fmt: skip
    return {
        "width": template.width,
        "height": template.height,
        "minutiae": [
            {
                "x": x,
                "y": y,
                "angle": round(360 * angle / ANGLE_STEPS, 1),
                "kind": KIND_WORDS.get(kind, OTHER_KIND),
                "quality": quality_of,
            }
            for x, y, angle, kind, quality_of in columns
        ],
    }
