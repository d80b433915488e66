"""The door through which a party corrects what it has told others, and sees who has acknowledged that."""

from __future__ import annotations

from dataclasses import astuple, replace

from tenprint.core.chance import content_id
from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError
from tenprint.exchange.dispatch.reviews import known_case, work_of
from tenprint.exchange.model.corrections import Correction, OfOutcome
from tenprint.exchange.model.words import CorrectionKind, Kind, Role, StatusFinding
from tenprint.exchange.ports import Node
from tenprint.exchange.tasks import corrections, outcomes, waits
from tenprint.exchange.tasks.answers import official_name, reason_given, refuse_ground
from tenprint.exchange.tasks.cases import keep
from tenprint.exchange.tasks.corrections import ORIGINS, Acknowledged
from tenprint.exchange.tasks.news import told_parties, with_told
from tenprint.exchange.tasks.origin import signed_by_origin
from tenprint.exchange.tasks.resubmissions import number_of


def correct(
    node: Node,
    case_id: str,
    *,
    kind: str,
    what: str,
    reason: str,
    by: str,
    status: str = "",
    legal_ground: str = "",
    of_outcome: OfOutcome | None = None,
) -> str:
    """Correct a record and send that to everyone who was told; return the correction's id.

    The same correction again makes a further one: whoever says it twice has a reason to.

    Args:
        node: whose record it is.
        case_id: which case.
        kind: of `CorrectionKind`.
        what: what is wrong, or which order it was.
        reason, by: why, and who.
        status, legal_ground: what a support center corrects its answer to: it holds from now on; ``""`` leaves it.
        of_outcome: which outcome a field office corrects, and to what; nobody else has one.

    Raises:
        SenderError: ``CORRECTION_UNKNOWN``, ``CORRECTION_NOT_YOURS``, ``UNKNOWN_CASE``, ``NOBODY_TOLD``,
            ``PERSON_MISSING``, ``REASON_MISSING``, ``TEXT_INVALID``, ``STATUS_UNKNOWN``, ``STATUS_MISSING``,
            ``LEGAL_GROUND_MISSING``, ``LEGAL_GROUND_INVALID``, and what `outcomes.refuse_correction` raises; nothing
            was written.
        StorageError: it could not be written.
    """
    _refuse_kind(node, kind)
    _refuse_status(node, status, legal_ground)
    _refuse_role_of_outcome(node, of_outcome)
    by, reason, what = official_name(by), reason_given(reason), reason_given(what)
    with node.store.transaction() as tx:
        case = known_case(tx, node, case_id)
        work = work_of(tx, node, Kind.CORRECTION, case_id, kind, what, by)
        told = list(told_parties(work, case))
        if not told:
            raise SenderError("NOBODY_TOLD", f"{node.party.id} has told nobody of this case, so nothing travels")
        if of_outcome is not None:
            outcomes.refuse_correction(case, of_outcome, tx.tasks(case_id), work.now)
        said = Correction(
            correction_id=content_id("correction", node.party.id, case_id, kind, what, by, to_wire(work.now)),
            origin=node.party.id,
            tcn=number_of(case),
            correction_kind=kind,
            what=what,
            reason=reason,
            by=by,
            made_at=work.now,
            status=status,
            legal_ground=legal_ground,
        )
        if of_outcome is not None:
            names = ("outcome", "outcome_on", "right_outcome", "right_on")
            said = replace(said, **dict(zip(names, astuple(of_outcome), strict=True)))
        said = signed_by_origin(work.services.signer, said)
        work.log("corrects", person=by, outcome=kind, note=f"correction {said.correction_id}")
        sent = [work.send(Kind.CORRECTION, party, said.to_bytes()) for party in told]
        for each in sent:
            waits.begin(work, each, about=said.correction_id)
        case = corrections.take_correction(work, case, said, sent[0], came_from="")
        keep(work, with_told(case, said.correction_id, told))
        outcomes.ask_after_correction(work, case, said.correction_id)
        return said.correction_id


def acknowledgements(node: Node, case_id: str) -> list[Acknowledged]:
    """Return who has acknowledged the corrections of a case to a party, and who has not; empty without any."""
    with node.store.transaction() as tx:
        case = tx.case(case_id)
    return corrections.acknowledgements(case, node.party.id) if case is not None else []


def _refuse_kind(node: Node, kind: str) -> None:
    if kind not in tuple(CorrectionKind):
        raise SenderError("CORRECTION_UNKNOWN", f"a correction is one of {', '.join(CorrectionKind)}")
    if CorrectionKind(kind) not in ORIGINS.get(node.party.role, frozenset()):
        may = [role.replace("_", " ") for role, kinds in ORIGINS.items() if kind in kinds]
        whose = " or ".join(f"{'an' if role[0] in 'aeiou' else 'a'} {role}" for role in may)
        raise SenderError("CORRECTION_NOT_YOURS", f"that a record is {kind} is for {whose} to say")


def _refuse_role_of_outcome(node: Node, of_outcome: OfOutcome | None) -> None:
    is_office = node.party.role == Role.FIELD_OFFICE
    if of_outcome is not None and not is_office:
        raise SenderError("CORRECTION_NOT_YOURS", "an outcome is for the field office that reported it to correct")
    if of_outcome is None and is_office:
        raise SenderError("OUTCOME_MISSING", "a field office corrects an outcome", hint="add --outcome OUTCOME")


def _refuse_status(node: Node, status: str, legal_ground: str) -> None:
    if not status and not legal_ground:
        return
    if node.party.role != Role.SUPPORT_CENTER:
        raise SenderError("CORRECTION_NOT_YOURS", "what somebody's status is, a support center alone says")
    if not status:
        raise SenderError("STATUS_MISSING", "a legal ground is that of a status", hint="add --status STATUS")
    if status not in tuple(StatusFinding):
        raise SenderError("STATUS_UNKNOWN", f"a status is one of {', '.join(StatusFinding)}")
    refuse_ground(status, legal_ground, hint="add --legal-ground TEXT")
