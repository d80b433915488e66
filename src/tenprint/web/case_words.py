"""Words of the case page, of messages and of reasons: short names of messages, what clocks end, who knows what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from tenprint.exchange.model.case import Case
from tenprint.exchange.model.known import Repository, Wake
from tenprint.exchange.model.words import Kind, RepositoryState
from tenprint.web import words

SHORT: dict[str, str] = {
    Kind.ACK: "acknowledgement",
    Kind.STATE_SRE: "state's answer",
    Kind.SECOND_SRE: "second SRE",
    Kind.IDENT_SEARCH: "search of prints",
    Kind.DETAINER: "request to hold",
    Kind.DETAINER_ANSWER: "answer to the request",
    Kind.CUSTODY: "custody report",
    Kind.NOTICE: "notice of the arrest",
    Kind.DISPOSITION: "disposition",
    Kind.CORRECTION: "correction",
    Kind.RULE_NOTICE: "notice of a change",
    Kind.CANCELLATION: "cancellation",
    Kind.OUTCOME: "outcome",
    Kind.TASK_ANSWER: "a person's answer",
    Kind.TIMER: "a clock",
    Kind.AUDIT_QUERY: "question of an audit",
    Kind.AUDIT_ANSWER: "answer to an audit",
    Kind.LATE_HIT: "late hit",
    Kind.COPY: "copy of an answer",
    Kind.WITHDRAWAL: "withdrawal",
    Kind.REQUEST: "request of a city",
    Kind.REQUEST_ANSWER: "answer to a city",
}
"""Our own kinds in plain words; those of the standards (CAR, SRE, ERRT, IDR, IAQ, IAR) are called as they are there."""
CLOCKS: dict[str, str] = {
    Wake.ANSWER_DUE: "the first answer goes out, also if the immigration repository has not answered by then",
    Wake.HOLD_END: "the hold ends by itself, and the person is to be released",
    Wake.ACK_OVERDUE: "the state bureau's acknowledgement is late from then on",
    Wake.ANSWER_OVERDUE: "the federal answer is late from then on",
    Wake.SEARCH_OVERDUE: "the immigration repository's answer is late from then on",
    Wake.STATUS_OVERDUE: "the specialist's answer is late from then on",
    Wake.INTERIM_DUE: "the immigration repository says that its examiner is not done yet",
    Wake.REQUEST_OVERDUE: "the answer to a request is late from then on",
    Wake.DETAINER_OVERDUE: "the jail's answer to the request to hold is late from then on",
    Wake.HOLD_OVERDUE: "the jail's report of how the hold ended is late from then on",
    Wake.SECOND_OVERDUE: "the second answer, after a first one that said pending, is late from then on",
    Wake.CORRECTION_OVERDUE: "an acknowledgement of a correction is late from then on",
    Wake.AUDIT_OVERDUE: "the answer to an audit is late from then on",
}
ASKED: dict[str, str] = {
    "examine": "asks an examiner",
    "examine_second": "asks a second examiner",
    "status": "asks a specialist",
    "decide": "asks an officer",
    "second_look": "asks a second officer",
    "answer_detainer": "asks the jail's staff",
    "report_release": "asks when the release is due",
    "report_custody": "asks for a report",
    "dispose": "asks a court clerk",
    "review": "asks an officer again",
    "report_outcome": "asks for an outcome",
    "answer_request": "asks who answers a city",
}
WHO: dict[str, str] = {
    "examine": "an examiner",
    "examine_second": "a second examiner",
    "status": "a specialist",
    "decide": "an officer",
    "second_look": "a second officer",
    "answer_detainer": "a clerk",
    "report_release": "a clerk, who says when the release is due",
    "report_custody": "the report of a clerk",
    "dispose": "a court clerk",
    "review": "an officer",
    "report_outcome": "an officer",
    "answer_request": "whoever answers a city or county",
}
"""For whom a case waits, by the kind of the open task."""
PENDING_IS_NOT_NO = "Pending is not no: an answer that has not come, or not in full, says nothing about the person."
RULES: dict[str, str] = {
    "accept_submission": "take it in?",
    "forward_to_criminal": "forward?",
    "cascade_to_immigration": "search immigration?",
    "verify_candidate": "candidate:",
    "second_examiner": "second examiner?",
    "answer_within_seconds": "answer within",
    "iaq_on_match": "ask the status?",
    "iar_within_seconds": "status within",
    "who_receives_iar": "who gets the answer?",
    "copy_answer": "send a copy?",
    "offence_level": "offence level:",
    "priority": "priority:",
    "detainer": "a request to hold is",
    "hold_hours": "hold at most",
    "retention": "keep the prints?",
    "delivery": "one answer or two:",
    "keep_days": "keep for",
    "erase_expunged": "expunged: erase?",
}
"""Short names of what rules are asked, for the picture; pages ask the whole question."""
UNITS = {"seconds": timedelta(seconds=1), "hours": timedelta(hours=1), "days": timedelta(days=1)}
CODES: dict[str, str] = {
    Kind.CAR: "the booking: ten prints, the person's data and the charge, with an answer required",
    Kind.CNA: "the booking: ten prints, the person's data and the charge, with no answer required",
    Kind.SRE: "what the search of the criminal repository found",
    Kind.SECOND_SRE: "a later answer, with what the immigration repository found or the support center said",
    Kind.ERRT: "the prints were sent back: they could not be taken in",
    Kind.IDR: "what the search of the immigration repository found: match, no match, or an error",
    Kind.IAQ: "the question about the person's status",
    Kind.IAR: "what the records tell about the person's status, written by a specialist",
}
"""What the codes of the standards mean, for the legend of the picture."""
PENDING: dict[str, str] = {Kind.IDENT_SEARCH: Kind.IDR, Kind.IAQ: Kind.IAR, Kind.DETAINER: Kind.DETAINER_ANSWER}
"""Questions that are answered by a message of their own: while it has not come, the answer is pending."""
SHAPES = (
    ("arrow", "an arrow is a message"),
    ("pending", "a dashed open arrow: the answer is pending, which is not a no"),
    ("person", "a filled circle: a person answered"),
    ("asked", "an empty circle: a person is asked"),
    ("rule", "a square: a rule decided"),
    ("clock", "a triangle: a clock ran out"),
)
"""The legend of the picture."""


@dataclass(frozen=True)
class Known:
    """What a party knows of a repository: the word, and why it could not answer, or ``""``."""

    said: words.RepositoryWord
    reason: str = ""


def outcome_in_words(outcome: str, unit: str) -> str:
    """Return a rule's answer as words: a number of seconds or hours as a duration, several parties as a list."""
    if unit in UNITS and outcome.isdecimal() and int(outcome) > 0:
        return words.spoken_span(int(outcome) * UNITS[unit])
    parts = ", ".join(words.spoken_name(part) for part in outcome.split())  # several parties stand beside each other
    return f"{parts} {unit}".strip()


def answer_in_words(answer: str) -> str:
    """Return a person's answer in a few words, without what only its form needs."""
    return words.answer_title(answer).partition(":")[0]


def until(due_at: datetime | None, now: datetime) -> str:
    """Return by when something is due, as the end of a sentence; overdue stands apart."""
    if due_at is None:
        return ", no deadline"
    if due_at < now:
        return f", overdue since {words.spoken_time(due_at)}"
    return f" until {words.spoken_time(due_at)} ({words.spoken_span(due_at - now)} left)"


def message_name(kind: str) -> str:
    """Return the short name of a kind of message."""
    return SHORT.get(kind, kind)


def repository_word(case: Case, repository: Repository, asked_at: datetime, reason: str) -> words.RepositoryWord:
    """Return what a party knows of a repository, with the real time of the question and the reason of a failure.

    Args:
        case: as the party knows it.
        repository: which.
        asked_at: when it was asked, as far as the parties shown know.
        reason: why it could not answer, or ``""``.
    """
    said = words.repository_word(case, repository)
    if said.state == RepositoryState.PENDING:
        return replace(said, word=f"waiting for the {repository} repository since {words.spoken_time(asked_at)}")
    if said.state in (RepositoryState.ERROR, RepositoryState.PARTIAL):
        in_full = " in full" if said.state == RepositoryState.PARTIAL else ""
        return replace(said, word=f"could not answer{in_full}: {reason or 'it gave no reason'}")
    return said


def case_path(case_id: str) -> str:
    """Return the address of a case's page."""
    return f"/cases/{_part(case_id)}"


def message_path(party: str, sender: str, message_id: str) -> str:
    """Return the address of a message as a party holds it."""
    return f"/messages/{_part(party)}/{_part(sender)}/{_part(message_id)}"


def entry_path(party: str, sequence: int | str) -> str:
    """Return the address of a ledger entry."""
    return f"/ledger/{_part(party)}/{sequence}"


def why_path(party: str, sequence: int | str) -> str:
    """Return the address of the reasons of a rule's decision."""
    return f"/why/{_part(party)}/{sequence}"


def _part(text: str) -> str:
    return quote(text, safe="")
