"""What every party does alike, unless its own module does more: news about a booking it was told of, audits."""

from __future__ import annotations

from tenprint.exchange.model.words import Kind
from tenprint.exchange.ports import FailureHandler, Handler
from tenprint.exchange.tasks import audit, waits
from tenprint.exchange.tasks.corrections import on_correction, on_correction_done, on_correction_given_up
from tenprint.exchange.tasks.notices import on_rule_notice
from tenprint.exchange.tasks.requests import on_request
from tenprint.exchange.tasks.spread import on_disposition

HANDLERS: dict[Kind, Handler] = {
    Kind.DISPOSITION: on_disposition,
    Kind.CORRECTION: on_correction,
    Kind.ACK: on_correction_done,
    Kind.RULE_NOTICE: on_rule_notice,
    Kind.AUDIT_QUERY: audit.on_query,
    Kind.REQUEST: on_request,
    Kind.TIMER: waits.on_overdue,
}
FAILED: dict[Kind, FailureHandler] = {Kind.CORRECTION: on_correction_given_up}
