"""The closed vocabularies of ARCHITECTURE section 7."""

from __future__ import annotations

from enum import StrEnum

from tenprint.records.words import IarStatus as StatusFinding
from tenprint.records.words import RepositoryState

__all__ = [
    "FINAL_STATES",
    "LAST_OUTCOMES",
    "REMOVALS",
    "CaseState",
    "CorrectionKind",
    "DispositionOutcome",
    "EvidenceBox",
    "ExaminerFinding",
    "Kind",
    "OfficerDecision",
    "OutcomeEvent",
    "RepositoryState",
    "Review",
    "Role",
    "SecondLook",
    "StatusFinding",
    "TaskKind",
]


class Role(StrEnum):
    """What a party is in the programme."""

    AGENCY = "agency"
    STATE_BUREAU = "state_bureau"
    CRIMINAL_REPOSITORY = "criminal_repository"
    IMMIGRATION_REPOSITORY = "immigration_repository"
    SUPPORT_CENTER = "support_center"
    FIELD_OFFICE = "field_office"
    JAIL = "jail"
    COURT = "court"
    JURISDICTION = "jurisdiction"
    AUDITOR = "auditor"


class Kind(StrEnum):
    """What a message is."""

    CAR = "CAR"
    CNA = "CNA"
    ACK = "ACK"
    STATE_SRE = "STATE_SRE"
    SRE = "SRE"
    SECOND_SRE = "SECOND_SRE"
    ERRT = "ERRT"
    IDENT_SEARCH = "IDENT_SEARCH"
    IDR = "IDR"
    IAQ = "IAQ"
    IAR = "IAR"
    DETAINER = "DETAINER"
    CANCELLATION = "CANCELLATION"
    DETAINER_ANSWER = "DETAINER_ANSWER"
    CUSTODY = "CUSTODY"
    DISPOSITION = "DISPOSITION"
    OUTCOME = "OUTCOME"
    NOTICE = "NOTICE"
    CORRECTION = "CORRECTION"
    LATE_HIT = "LATE_HIT"
    COPY = "COPY"
    WITHDRAWAL = "WITHDRAWAL"
    AUDIT_QUERY = "AUDIT_QUERY"
    AUDIT_ANSWER = "AUDIT_ANSWER"
    RULE_NOTICE = "RULE_NOTICE"
    REQUEST = "REQUEST"
    REQUEST_ANSWER = "REQUEST_ANSWER"
    TASK_ANSWER = "TASK_ANSWER"
    TIMER = "TIMER"


class ExaminerFinding(StrEnum):
    """What an examiner concluded from two sets of prints."""

    IDENTIFICATION = "identification"
    EXCLUSION = "exclusion"
    INCONCLUSIVE = "inconclusive"


class OfficerDecision(StrEnum):
    """What a field office's officer may decide."""

    NO_ACTION = "no_action"
    INTERVIEW = "interview"
    DETAINER = "detainer"


class CaseState(StrEnum):
    """Where a case stands, as one party knows it. The final ones are `FINAL_STATES`."""

    AWAITING_COURT = "awaiting_court"
    SUBMITTED = "submitted"
    SEARCHING = "searching"
    AWAITING_EXAMINER = "awaiting_examiner"
    AWAITING_STATUS = "awaiting_status"
    AWAITING_DECISION = "awaiting_decision"
    AWAITING_JAIL = "awaiting_jail"
    LODGED = "lodged"
    HELD = "held"
    ANSWERED = "answered"
    REJECTED = "rejected"
    NO_MATCH = "no_match"
    NOT_CONFIRMED = "not_confirmed"
    NO_ACTION = "no_action"
    INTERVIEWED = "interviewed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    TRANSFERRED = "transferred"
    WITHDRAWN = "withdrawn"


FINAL_STATES = frozenset(list(CaseState)[list(CaseState).index(CaseState.REJECTED) :])


class TaskKind(StrEnum):
    """What a person is asked to do."""

    EXAMINE = "examine"
    EXAMINE_SECOND = "examine_second"
    STATUS = "status"
    DECIDE = "decide"
    SECOND_LOOK = "second_look"
    ANSWER_DETAINER = "answer_detainer"
    REPORT_CUSTODY = "report_custody"
    REPORT_RELEASE = "report_release"
    DISPOSE = "dispose"
    REVIEW = "review"
    REPORT_OUTCOME = "report_outcome"
    ANSWER_REQUEST = "answer_request"


class SecondLook(StrEnum):
    """What a second officer says of a detainer that a first one proposes."""

    AGREE = "agree"
    DISAGREE = "disagree"


class EvidenceBox(StrEnum):
    """On what an officer bases a detainer: the four boxes of form I-247A (domain.md section 7.2)."""

    FINAL_ORDER = "final_order"
    PENDING_PROCEEDINGS = "pending_proceedings"
    BIOMETRIC_AND_RECORDS = "biometric_and_records"
    OWN_STATEMENT_OR_OTHER = "own_statement_or_other"


class DispositionOutcome(StrEnum):
    """How a criminal case may end for one charge."""

    NOT_CHARGED = "not_charged"
    DISMISSED = "dismissed"
    ACQUITTED = "acquitted"
    REDUCED = "reduced"
    CONVICTED = "convicted"


class CorrectionKind(StrEnum):
    """What a correction says of a record that others were told of."""

    CORRECTED = "corrected"
    EXPUNGED = "expunged"
    SEALED = "sealed"


class Review(StrEnum):
    """What an officer says of a detainer that stands, after something new has come."""

    KEEP = "keep"
    CANCEL = "cancel"


class OutcomeEvent(StrEnum):
    """What becomes of a person whom the field office took over."""

    CUSTODY = "custody"
    BOND = "bond"
    RELIEF = "relief"
    TERMINATED = "terminated"
    RETURNED = "returned"
    REMOVED = "removed"


LAST_OUTCOMES = frozenset({OutcomeEvent.RELIEF, OutcomeEvent.TERMINATED, OutcomeEvent.RETURNED, OutcomeEvent.REMOVED})
"""Outcomes after which nothing follows."""
REMOVALS = frozenset({OutcomeEvent.RETURNED, OutcomeEvent.REMOVED})
"""Outcomes that count as removals; nothing else does."""
