"""What a demo counts over the cases that it played: the object that `tenprint demo --json` prints."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tenprint.exchange.model.words import Role, TaskKind
from tenprint.exchange.story import final_state
from tenprint.ledger.tree import leaf_hash, root
from tenprint.studies.stage import Stage


@dataclass
class Tally:
    """What the demo counts; `as_json` is the object that `tenprint demo --json` prints."""

    cases: Counter[str] = field(default_factory=Counter)
    candidates: int = 0
    mates_missed: int = 0
    false_candidates: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    ledger: dict[str, dict[str, Any]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values, counts sorted by name."""
        return {
            "cases": dict(sorted(self.cases.items())),
            "candidates": self.candidates,
            "mates_missed": self.mates_missed,
            "false_candidates": self.false_candidates,
            "messages": dict(sorted(self.messages.items())),
            "seconds": {stage: round(spent, 2) for stage, spent in self.seconds.items()},
            "ledger": self.ledger,
        }


@dataclass(frozen=True)
class Played:
    """A case that was played: its id, under which number the person is enrolled, and whether that was so before."""

    case_id: str
    subject: str
    is_known: bool


class Stopwatch:
    """Seconds by stage, added up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time until the end of the block to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add({stage: time.perf_counter() - started})

    def add(self, spent: Mapping[str, float]) -> None:
        """Add seconds that were spent elsewhere."""
        for stage, seconds in spent.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds


def count(stage: Stage, played: Iterable[Played], seconds: Mapping[str, float]) -> Tally:
    """Return what the parties' databases and ledgers say about the cases that were played."""
    nodes = list(stage.nodes.values())
    tally = Tally(seconds=dict(seconds))
    for case in played:
        tally.cases[str(final_state(nodes, case.case_id))] += 1
        for node in nodes:
            with node.store.transaction() as tx:
                sent = [m.kind for m in tx.headings(case.case_id) if m.sender == node.party.id]
            tally.messages.update(str(kind) for kind in sent)
        _count_candidates(stage, case, tally)
    for node in nodes:
        leaves = [leaf_hash(entry.leaf()) for entry in node.store.entries()]
        tally.ledger[node.party.id] = {"size": len(leaves), "root": root(leaves).hex()}
    return tally


def _count_candidates(stage: Stage, case: Played, tally: Tally) -> None:
    node = stage.with_role(Role.IMMIGRATION_REPOSITORY)
    with node.store.transaction() as tx:
        tasks = [t for t in tx.tasks(case.case_id) if t.kind == TaskKind.EXAMINE]
        searched = tx.case(case.case_id) is not None
    found = [c["subject_id"] for task in tasks for c in task.shown["candidates"]]
    tally.candidates += len(found)
    tally.false_candidates += sum(subject != case.subject for subject in found)
    tally.mates_missed += searched and case.is_known and case.subject not in found
