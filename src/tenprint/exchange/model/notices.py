"""Body of a notice that a rule, a route or an activation changes; see `model.bodies` for the form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

from tenprint.core.errors import RecordError
from tenprint.exchange.model.aftermath import day_of
from tenprint.exchange.model.bodies import Body
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import Kind

RULES = "rules"
"""Stands as the case of notices: they are about no person."""


@dataclass(frozen=True)
class RuleNotice(Body):
    """RULE_NOTICE: whoever changes a rule, a route or an activation tells those whom it binds.

    Args:
        what: what changes, in one line.
        decided_by: who decided it.
        effective_from: the day from which it holds.
        binds: ids of the parties that it binds, with blanks between.
    """

    TYPE: ClassVar[str] = "rule_notice"
    what: str
    decided_by: str
    effective_from: str
    binds: str

    def __post_init__(self) -> None:
        self._require("effective_from", day_of(self.effective_from) is not None)
        for name in ("what", "decided_by", "binds"):
            self._require(name, bool(getattr(self, name)))


def notices_among(messages: Iterable[Envelope]) -> Iterator[tuple[Envelope, RuleNotice]]:
    """Yield the notices among messages, each with what it says; what cannot be read as one was given up and is none."""
    for message in messages:
        if message.kind == Kind.RULE_NOTICE:
            with suppress(RecordError):
                yield message, RuleNotice.from_bytes(message.body)
