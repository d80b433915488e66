"""What players and drivers of a demo need of the running network."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tenprint.core.image import FingerImage
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import Role, TaskKind
from tenprint.exchange.ports import Node
from tenprint.records import EncodedImage


class SteppingClock(Protocol):
    """A clock that can jump ahead."""

    def now(self) -> datetime:
        """Return the time at which it stands."""
        ...

    def jump_to(self, moment: datetime) -> datetime:
        """Move ahead to `moment`."""
        ...


def encodes_nothing(image: FingerImage) -> EncodedImage:
    """Stand in where all images come encoded."""
    raise NotImplementedError(f"finger {image.fgp} came without an encoder")


@dataclass(frozen=True)
class Stage:
    """The running network; `bootstrap` builds it.

    Args:
        nodes: running parties by id.
        clock: the network's clock.
        run: works until nothing is due now.
        encode: compresses an image for a record.
    """

    nodes: Mapping[str, Node]
    clock: SteppingClock
    run: Callable[[], Any]
    encode: Callable[[FingerImage], EncodedImage] = encodes_nothing

    def with_role(self, role: Role) -> Node:
        """Return the node of the first party with this role."""
        return next(node for node in self.nodes.values() if node.party.role == role)


AFTER_THE_STORY = frozenset(
    {TaskKind.DISPOSE, TaskKind.REVIEW, TaskKind.REPORT_OUTCOME, TaskKind.ANSWER_REQUEST},
)
"""Tasks that wait for weeks (a judgment, what becomes of a person): they keep no story from ending, and no player
answers them but where the story's own file does."""


def open_tasks(nodes: Mapping[str, Node], case_id: str, told: Container[str] = frozenset()) -> list[tuple[Node, Task]]:
    """Return a case's tasks that wait for people, with their parties, but those `AFTER_THE_STORY`.

    Args:
        nodes: of the network.
        case_id: which case.
        told: kinds of task that the story answers: of these none is after it.
    """
    found = []
    for node in nodes.values():
        with node.store.transaction() as tx:
            waiting = tx.tasks(case_id, open_only=True)
        found += [(node, task) for task in waiting if task.kind in told or task.kind not in AFTER_THE_STORY]
    return found
