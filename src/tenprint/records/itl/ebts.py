"""The EBTS profile, edition `ebts-8.001` (24 October 2007, VER 0300): one door to bookings, answers and checks."""

from tenprint.records.itl.answers import (
    IDENT,
    NON_IDENT,
    ErrorAnswer,
    ErrorMessage,
    SubmissionResult,
    answer_to,
    build_errt,
    build_sre,
    read_error,
    read_result,
    refusal_of,
    second_answer_to,
)
from tenprint.records.itl.booking import Booking, build_car, missing_fingers, priority_of, read_booking
from tenprint.records.itl.ers import ResponseText
from tenprint.records.itl.validation import EDITION, SUBMISSIONS, Finding, has_errors, validate

__all__ = [
    "EDITION",
    "IDENT",
    "NON_IDENT",
    "SUBMISSIONS",
    "Booking",
    "ErrorAnswer",
    "ErrorMessage",
    "Finding",
    "ResponseText",
    "SubmissionResult",
    "answer_to",
    "build_car",
    "build_errt",
    "build_sre",
    "has_errors",
    "missing_fingers",
    "priority_of",
    "read_booking",
    "read_error",
    "read_result",
    "refusal_of",
    "second_answer_to",
    "validate",
]
