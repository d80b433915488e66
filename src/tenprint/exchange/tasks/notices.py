"""A notice of a change of rule, as every party takes it: kept, and written down."""

from __future__ import annotations

from tenprint.core.errors import SenderError
from tenprint.exchange.model.notices import RULES, RuleNotice
from tenprint.exchange.ports import Work


def on_rule_notice(work: Work, _: None) -> None:
    """Keep a notice; the receipt that its sender has is the acknowledgement.

    Raises:
        RecordError: ``BODY_INVALID``.
        SenderError: ``NOT_BOUND`` when it is for others, ``NO_NOTICE`` when it comes under a person's case.
    """
    said = RuleNotice.from_bytes(work.message.body)
    if work.message.case_id != RULES:
        raise SenderError("NO_NOTICE", "a notice of a change of rule is about no case")
    if work.services.party.id not in said.binds.split():
        raise SenderError("NOT_BOUND", "this notice does not name this party among those whom it binds")
    work.log("notified", counterpart=work.message.sender, note=f"a change that holds from {said.effective_from}")
