"""Saving a case: every change of its state goes on the ledger."""

from __future__ import annotations

from tenprint.exchange.model.case import Case
from tenprint.exchange.ports import Work


def keep(work: Work, case: Case, why: str = "") -> Case:
    """Save the case, log its state when that is new, and return it.

    Args:
        work: the transaction at hand.
        case: as it is to be kept.
        why: a remark for the ledger, without personal data, or ``""``.
    """
    before = work.tx.case(case.case_id)
    work.tx.save_case(case)
    if before is None or before.state != case.state:
        work.log("state", state=str(case.state), note=why)
    return case
