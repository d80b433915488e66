"""Bytes to values and back: ANSI/NIST-ITL and EBTS files, immigration queries and answers.

Reading is lenient and keeps every byte; judging (`validate`) is a step of its own. Image codecs stand apart in
`tenprint.records.images`, because they need NumPy and Pillow.
"""

from tenprint.records.ident import IdentDataResponse
from tenprint.records.itl.conformance import validate_itl
from tenprint.records.itl.ebts import (
    EDITION,
    Booking,
    ErrorAnswer,
    ErrorMessage,
    Finding,
    ResponseText,
    SubmissionResult,
    answer_to,
    build_car,
    build_errt,
    build_sre,
    has_errors,
    missing_fingers,
    priority_of,
    read_booking,
    read_error,
    read_result,
    refusal_of,
    second_answer_to,
    validate,
)
from tenprint.records.itl.impressions import EncodedImage
from tenprint.records.itl.reader import read
from tenprint.records.itl.record import Problem, Record
from tenprint.records.itl.transaction import Transaction
from tenprint.records.itl.writer import FingerRecord, TaggedRecord, finger_record, write
from tenprint.records.nlets import Iaq, Iar
from tenprint.records.words import ExaminerFinding, IarStatus, RepositoryState

__all__ = [
    "EDITION",
    "Booking",
    "EncodedImage",
    "ErrorAnswer",
    "ErrorMessage",
    "ExaminerFinding",
    "Finding",
    "FingerRecord",
    "Iaq",
    "Iar",
    "IarStatus",
    "IdentDataResponse",
    "Problem",
    "Record",
    "RepositoryState",
    "ResponseText",
    "SubmissionResult",
    "TaggedRecord",
    "Transaction",
    "answer_to",
    "build_car",
    "build_errt",
    "build_sre",
    "finger_record",
    "has_errors",
    "missing_fingers",
    "priority_of",
    "read",
    "read_booking",
    "read_error",
    "read_result",
    "refusal_of",
    "second_answer_to",
    "validate",
    "validate_itl",
    "write",
]
