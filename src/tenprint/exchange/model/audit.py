"""Bodies of AUDIT_QUERY and of a refusal to answer it; what an answer holds is `ledger.view` and `ledger.trail`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from tenprint.exchange.model.bodies import Body

VIEW_CONTENT = "application/vnd.tenprint.log-view"
TRAIL_CONTENT = "application/vnd.tenprint.case-trail"


class AuditTopic(StrEnum):
    """What is asked for."""

    LOG = "log"
    CASE = "case"


@dataclass(frozen=True)
class AuditQuery(Body):
    """AUDIT_QUERY: show me your ledger, or the trail of a case.

    Args:
        topic: ``log``: every entry, with the messages exchanged with `about` opened; ``case``: to whom the case of this
            message was disclosed.
        about: the other party; empty for a case.
        start: first entry of the page that is asked for.
        size: of the checkpoint that the page is to be of; 0 for the newest.
    """

    TYPE: ClassVar[str] = "audit_query"
    topic: str
    about: str = ""
    start: int = 0
    size: int = 0

    def __post_init__(self) -> None:
        self._require("topic", self.topic in tuple(AuditTopic))
        self._require("about", bool(self.about) == (self.topic == AuditTopic.LOG))
        self._require("start", self.start >= 0)
        self._require("size", self.size >= 0)


@dataclass(frozen=True)
class AuditRefusal(Body):
    """AUDIT_ANSWER when there is nothing to show: why, as a code and a sentence."""

    TYPE: ClassVar[str] = "audit_refusal"
    code: str
    sentence: str
