"""Words that several records share, spelled as ARCHITECTURE section 7 spells them."""

from __future__ import annotations

from enum import StrEnum


class RepositoryState(StrEnum):
    """What one repository has answered so far. Pending, error and partial are never a no.

    Partial: not the whole gallery was searched, or examiners could neither identify nor exclude a candidate.
    """

    NOT_ASKED = "not_asked"
    PENDING = "pending"
    NO_MATCH = "no_match"
    MATCH = "match"
    ERROR = "error"
    PARTIAL = "partial"


class IarStatus(StrEnum):
    """What the records of the support center say about a person, as a specialist reads them."""

    CITIZEN = "citizen"
    PERMANENT_RESIDENT = "permanent_resident"
    OTHER_LAWFUL = "other_lawful"
    REMOVABLE = "removable"
    IN_PROCEEDINGS = "in_proceedings"
    FINAL_ORDER = "final_order"
    UNKNOWN = "unknown"


class MatchConfirmation(StrEnum):
    """Who confirmed the fingerprint match that a query follows; NONE when the asker does not say."""

    NONE = ""
    EXAMINER = "examiner"
    RULE = "rule"


class ExaminerFinding(StrEnum):
    """What a fingerprint examiner found; NONE while no person has compared the prints."""

    NONE = ""
    IDENTIFICATION = "identification"
    EXCLUSION = "exclusion"
    INCONCLUSIVE = "inconclusive"
