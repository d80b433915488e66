"""The auditor: holds nobody's data; asks parties for their ledgers and compares what they recorded."""

from __future__ import annotations

from tenprint.exchange.model.words import Kind
from tenprint.exchange.ports import FailureHandler, Handler, Preparer
from tenprint.exchange.tasks import audit

HANDLERS: dict[Kind, Handler] = {Kind.AUDIT_ANSWER: audit.on_answer}
PREPARERS: dict[Kind, Preparer] = {}
FAILED: dict[Kind, FailureHandler] = {}
