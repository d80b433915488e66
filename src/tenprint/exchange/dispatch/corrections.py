"""The door through which a party corrects what it has told others, and sees who has acknowledged that."""

from __future__ import annotations

from tenprint.core.chance import content_id
from tenprint.core.clock import to_wire
from tenprint.core.errors import SenderError
from tenprint.exchange.dispatch.reviews import known_case, work_of
from tenprint.exchange.model.corrections import Correction
from tenprint.exchange.model.words import CorrectionKind, Kind
from tenprint.exchange.ports import Node
from tenprint.exchange.tasks import corrections
from tenprint.exchange.tasks.answers import official_name, reason_given
from tenprint.exchange.tasks.cases import keep
from tenprint.exchange.tasks.corrections import ORIGINS, Acknowledged
from tenprint.exchange.tasks.news import told_parties, with_told
from tenprint.exchange.tasks.origin import signed_by_origin


def correct(node: Node, case_id: str, *, kind: str, what: str, reason: str, by: str) -> str:
    """Correct a record and send that to everyone who was told; return the correction's id.

    The same correction again makes a further one: whoever says it twice has a reason to.

    Args:
        node: whose record it is.
        case_id: which case.
        kind: of `CorrectionKind`.
        what: what is wrong, or which order it was.
        reason, by: why, and who.

    Raises:
        SenderError: ``CORRECTION_UNKNOWN``, ``CORRECTION_NOT_YOURS``, ``UNKNOWN_CASE``, ``NOBODY_TOLD``,
            ``PERSON_MISSING``, ``REASON_MISSING``, ``TEXT_INVALID``; nothing was written.
        StorageError: it could not be written.
    """
    _refuse_kind(node, kind)
    by, reason, what = official_name(by), reason_given(reason), reason_given(what)
    with node.store.transaction() as tx:
        case = known_case(tx, node, case_id)
        work = work_of(tx, node, Kind.CORRECTION, case_id, kind, what, by)
        told = list(told_parties(work, case))
        if not told:
            raise SenderError("NOBODY_TOLD", f"{node.party.id} has told nobody of this case, so nothing travels")
        said = Correction(
            correction_id=content_id("correction", node.party.id, case_id, kind, what, by, to_wire(work.now)),
            origin=node.party.id,
            tcn=case.tcn,
            correction_kind=kind,
            what=what,
            reason=reason,
            by=by,
            made_at=work.now,
        )
        said = signed_by_origin(work.services.signer, said)
        work.log("corrects", person=by, outcome=kind, note=f"correction {said.correction_id}")
        sent = [work.send(Kind.CORRECTION, party, said.to_bytes()) for party in told]
        case = corrections.take_correction(work, case, said, sent[0], came_from="")
        keep(work, with_told(case, said.correction_id, told))
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
