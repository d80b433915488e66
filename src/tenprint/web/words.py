"""What the pages say: titles, labels and plain words for what the records hold. Values become text, never markup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tenprint.core.clock import from_wire
from tenprint.exchange.model.case import REPLACED, Case, Task
from tenprint.exchange.model.known import Repository, repository_state
from tenprint.exchange.model.words import EvidenceBox, OfficerDecision, RepositoryState, TaskKind
from tenprint.records.nlets.iar import NEEDS_GROUND

KNOWN_IS_NOT_REMOVABLE = "Known is not removable: being in a repository is no offence and says nothing about status."
NO_MATCH_IS_NOT_CITIZEN = "No match is not citizen: not being in a repository proves nothing about citizenship."
TASK_TITLES: dict[str, str] = {
    TaskKind.EXAMINE: "Compare two sets of prints",
    TaskKind.EXAMINE_SECOND: "Compare two sets of prints, as the second examiner",
    TaskKind.STATUS: "Say what the records tell about a person's status",
    TaskKind.DECIDE: "Decide what the field office does",
    TaskKind.SECOND_LOOK: "Look, as the second officer, at a proposed detainer",
    TaskKind.ANSWER_DETAINER: "Answer a request to hold a person",
    TaskKind.REPORT_RELEASE: "Report when the person would be released",
    TaskKind.REPORT_CUSTODY: "Report how the hold ends",
    TaskKind.DISPOSE: "Say how the charges ended",
    TaskKind.REVIEW: "Look again at a request to hold that stands",
    TaskKind.REPORT_OUTCOME: "Report what becomes of the person",
    TaskKind.ANSWER_REQUEST: "Answer a request of a city or county",
}
ANSWER_TITLES: dict[str, str] = {
    REPLACED: "asked anew, because what it showed has changed",
    "identification": "Identification: the prints come from the same person",
    "exclusion": "Exclusion: the prints come from different people",
    "inconclusive": "Inconclusive: the prints do not allow a finding",
    "citizen": "Citizen of the United States",
    "permanent_resident": "Lawful permanent resident",
    "other_lawful": "Otherwise lawfully present",
    "removable": "Removable, on the legal ground below",
    "in_proceedings": "In removal proceedings, on the legal ground below",
    "final_order": "Final order of removal, on the legal ground below",
    "unknown": "Unknown: the records do not tell",
    "no_action": "No action",
    "interview": "Interview",
    "detainer": "Detainer: ask the jail to hold the person",
    "agree": "Agree: the detainer may be sent",
    "disagree": "Disagree: no detainer is sent",
    "accept": "Accept: hold the person after the release is due, at most for the time stated above",
    "decline": "Decline: do not hold the person",
    "transferred": "Transferred: the field office took the person into its custody",
    "would_be_released": "Release is due: the hold begins",
    "released": "Released: the jail let the person go before the hold's end",
    "lapsed": "Lapsed: the time ran out and nobody came",
    "cancelled": "Cancelled: the field office took its request back",
    "not_charged": "Not charged: the prosecutor brought no charge",
    "dismissed": "Dismissed: the charge was dropped",
    "acquitted": "Acquitted: found not guilty",
    "reduced": "Reduced: to another charge, named below",
    "convicted": "Convicted of this charge",
    "keep": "Keep: the request to hold stands",
    "cancel": "Cancel: take the request to hold back",
    "custody": "Custody: in the custody of the field office",
    "bond": "Bond: released on bond",
    "relief": "Relief: allowed to stay",
    "terminated": "Terminated: the proceedings have ended",
    "returned": "Returned: left without an order of removal",
    "removed": "Removed: left under an order of removal",
    "answer": "Answer: send what was found",
    "refuse": "Refuse: send nothing of it, and say why",
}
STATEMENTS: dict[str, tuple[str, ...]] = {
    TaskKind.STATUS: (KNOWN_IS_NOT_REMOVABLE, NO_MATCH_IS_NOT_CITIZEN),
    TaskKind.DECIDE: (KNOWN_IS_NOT_REMOVABLE,),
    TaskKind.SECOND_LOOK: (KNOWN_IS_NOT_REMOVABLE,),
}
NEXT_STEPS: dict[str, str] = {
    "ANSWER_NOT_ALLOWED": "Choose one of the answers.",
    "REASON_MISSING": "Write a reason; it is kept with the answer.",
    "TEXT_INVALID": "Write at most 500 characters in one line.",
    "LEGAL_GROUND_MISSING": "Write the legal ground into its field.",
    "LEGAL_GROUND_INVALID": "Write at most 120 plain characters.",
    "LEGAL_GROUND_DIFFERS": "Copy the legal ground exactly as the specialist wrote it.",
    "EVIDENCE_UNKNOWN": "Choose one of the evidence boxes.",
    "DETAIL_INVALID": "Answer with yes or no, or with a whole number where one is asked.",
    "CONVICTION_ON_RECORD": "Count the conviction, or leave out the number that you do not know.",
    "DETAIL_UNKNOWN": "Load the page anew and fill in its fields: the form that was sent has another one.",
    "FINGER_FINDING_MISSING": 'Go through the fingers: a finding for each, or "not compared"; at least one finding.',
    "FINGER_FINDING_UNKNOWN": "Choose one of the findings for each finger.",
    "FINDING_CONTRADICTS": "Check the fingers and the finding as a whole: one does not follow from the other.",
    "CANDIDATE_UNKNOWN": "Choose one of the candidates shown.",
    "SAME_EXAMINER": "Another examiner must sign in and make this examination.",
    "SAME_OFFICER": "Another officer must sign in and take this look.",
    "SECOND_LOOK_OPEN": "Wait for the second officer, or decide no action or an interview.",
    "SECOND_LOOK_DISAGREES": "No action or an interview can still be decided.",
    "TIME_IMPOSSIBLE": "Write day and time with the zone, such as 2010-10-05T09:30Z.",
    "TIME_IN_FUTURE": "Answer when that time has come.",
    "TIME_TOO_EARLY": "Write a time after the request was accepted, or after the hold began.",
    "TIME_TOO_LATE": "Write the time at which it happened, if that was before the hold ended by its clock.",
    "DAY_MISSING": "Write the day on which it happened.",
    "DAY_IMPOSSIBLE": "Write the day as year, month and day, such as 2010-10-05.",
    "DAY_IN_FUTURE": "Write a day that has come, or answer on that day.",
    "DAY_TOO_EARLY": "Check the day: it lies before what it follows from.",
    "CHARGE_UNKNOWN": "Write the number of one of the charges shown.",
    "REFERENCE_MISSING": "Write the court's docket number.",
    "OFFENCE_INVALID": "Write the code of the offense, four digits; a reduced charge needs one.",
    "TASK_CLAIMED": "Ask whoever has claimed it to release it, or take it over with the button on this page.",
    "TASK_CLOSED": "Go back to the queue.",
    "detainer-no-evidence": "Choose one of the evidence boxes, or another answer.",
    "detainer-status-unknown": "Choose another evidence box, or another answer.",
    "detainer-citizenship-not-asked": "Ask, and answer the question on citizenship, or choose another answer.",
    "detainer-victim-not-asked": "Ask, and answer the question on victims and witnesses, or choose another answer.",
    "detainer-citizen": "Choose no action: nothing on this form makes a detainer possible.",
    "detainer-no-legal-ground": "Choose another answer: the specialist named no legal ground.",
    "detainer-match-not-confirmed": "Choose another answer: nobody has confirmed the match.",
}
USUAL_NEXT_STEP = "Check the evidence boxes, the questions and the legal ground, or choose another answer."
EVIDENCE_TITLES: dict[str, str] = {
    EvidenceBox.FINAL_ORDER: "A final order of removal",
    EvidenceBox.PENDING_PROCEEDINGS: "Pending removal proceedings",
    EvidenceBox.BIOMETRIC_AND_RECORDS: "A biometric match together with records",
    EvidenceBox.OWN_STATEMENT_OR_OTHER: "The person's own statement, or other reliable evidence",
}
LABELS = {
    "fin": "fingerprint number (FIN)", "a_number": "A-number", "candidates": "candidate", "score": "likeness",
    "fingers": "likeness by finger", "subjects_searched": "people searched",
    "subjects_without_common_finger": "people not compared: no finger in common", "shards_total": "gallery parts",
    "shards_answered": "gallery parts that answered", "failures": "fingers that could not be used",
    "juvenile": "under eighteen", "message": "number of the message", "submission": "number of the message",
    "query": "what is asked", "record": "what the record holds", "remember": "remember", "is": "level",
    "asked_by": "asked by (ORI)", "birth_place": "place of birth (code)", "in_custody": "in custody",
    "offence": "most serious charge", "offence_in_words": "the charge in words",
    "booking": "number of the booking", "officer": "officer who asks",
    "match_confirmed_by": "who confirmed the match of the prints", "specialist_says": "in the specialist's words",
    "caveat": "every such answer says", "longest_hold_hours": "longest hold", "decided_at": "decided",
    "requested_by": "asked for by", "reference": "the asker's reference", "held_from": "held since",
    "accepted_at": "accepted",
    "hold_ends_at": "the hold ends", "citizenship_claim": "claim of citizenship",
    "victim_or_witness": "victim or witness", "threshold_name": "threshold",
    "arrested_on": "day of the arrest", "charges": "charges, by number", "what_is_new": "what is new",
    "correction": "what kind of correction", "correction_says": "it says", "corrected_by": "corrected by",
    "corrections": "what was corrected", "corrected_at": "corrected on", "said_by": "said by",
    "charges_ended": "how charges ended",
    "status_before": "status before it was corrected", "legal_ground_before": "legal ground before",
    "charge_number": "number of the charge", "charge_outcome": "how the charge ended",
    "charge_offence": "offense after that (NCIC code)",
    "decided_on": "day of the decision", "court": "court",
    "transferred_at": "handed over",
    "subject_id": "number of the record", "by": "proposed by", "why_a_second_look": "why a second officer is asked",
}  # fmt: skip
VALUES: dict[str, dict[str, str]] = {
    "match_confirmed_by": {"examiner": "a named examiner", "rule": "a dated rule, not a person"},
    "evidence": {str(box): title for box, title in EVIDENCE_TITLES.items()},
}
"""Words of the records that say too little by themselves, by the field in which they stand."""
UNSPOKEN = frozenset(
    {"a_detainer_needs", "a_disposition_needs", "an_outcome_needs"}
)  # how to answer on the command line
FIRST = ("name", "birth_date", "query", "record", "status", "legal_ground", "candidates")
LAST = frozenset({"message", "submission"})
HINTS = frozenset({"candidates", "best_below_threshold", "threshold"})
"""Score, rank and what tells of them: kept from an examiner until a first finding is recorded."""
SCORES = frozenset({"score", "threshold"})
BIRTH_DAYS = frozenset({"birth_date"})
NOTHING = "none given"
HOURS_UP_TO = 72
"""Longer spans are counted in days; holds are ordered in hours, and 48 hours must be read as that."""
WIRE_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
DAY_DIGITS = re.compile(r"[0-9]{8}")


@dataclass(frozen=True)
class Line:
    """A line of evidence: a label with a text, or with lines of its own."""

    label: str
    text: str = ""
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class RepositoryWord:
    """What a repository answered, in one word and one shape (never colour alone)."""

    repository: str
    state: str
    shape: str
    word: str


def evidence(task: Task, *, is_blind: bool) -> tuple[Line, ...]:
    """Return what a person sees of a task, as lists of plain words."""
    unspoken = UNSPOKEN | (HINTS if is_blind else frozenset())
    spoken = [name for name in task.shown if name not in unspoken]
    ordered = sorted(spoken, key=lambda name: (name in LAST, FIRST.index(name) if name in FIRST else len(FIRST)))
    return _lines({name: task.shown[name] for name in ordered})


def facts(shown: Mapping[str, Any], *names: str) -> tuple[Line, ...]:
    """Return those of a task's fields that have a value, in this order."""
    return _lines({name: shown[name] for name in names if shown.get(name) not in (None, "", {}, [], ())})


def candidates(task: Task) -> tuple[str, ...]:
    """Return the numbers of an examination's candidates, in an order that says nothing about their likeness."""
    return tuple(sorted(str(candidate["subject_id"]) for candidate in task.shown["candidates"]))


def answers(task: Task) -> tuple[tuple[str, str], ...]:
    """Return a task's answers with their titles, "no action" first."""
    ordered = sorted(task.answers, key=lambda answer: answer != OfficerDecision.NO_ACTION)
    return tuple((answer, ANSWER_TITLES.get(answer, spoken_name(answer))) for answer in ordered)


def answer_title(answer: str) -> str:
    """Return an answer's title without what only its form needs."""
    return ANSWER_TITLES.get(answer, spoken_name(answer)).removesuffix(", on the legal ground below")


def grounds_needed() -> str:
    """Return the statuses that need a legal ground, as text."""
    return ", ".join(sorted(spoken_name(str(status)) for status in NEEDS_GROUND))


def repository_word(case: Case, repository: Repository) -> RepositoryWord:
    """Return what a party knows of a repository's answer; *pending* and *error* never look like *no*."""
    state, name = repository_state(case, repository), f"the {repository} repository"
    shape, word = {
        RepositoryState.NOT_ASKED: ("○", "not asked"),
        RepositoryState.PENDING: ("◐", f"waiting for {name} since {spoken_time(case.opened_at)} or later"),
        RepositoryState.NO_MATCH: ("—", "no record found (this does not mean citizen)"),
        RepositoryState.MATCH: ("●", f"known to {name} (this does not mean removable)"),
        RepositoryState.ERROR: ("▲", "could not answer: the story says why"),
        RepositoryState.PARTIAL: ("▲", "could not answer in full: the story says why"),
    }[state]
    return RepositoryWord(str(repository), str(state), shape, word)


def sentence(text: str) -> str:
    """Return a message of an error as a sentence: with a capital and one full stop."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


PARTY_NAMES = {"agency": "booking agency"}
"""Ids of parties that say less than the name by which people know them."""


def spoken_time(moment: datetime) -> str:
    """Return a moment written out, with its zone: 4 October 2010, 14:00 UTC."""
    return f"{spoken_date(moment.date())}, {moment:%H:%M} UTC"


def spoken_span(span: timedelta) -> str:
    """Return a duration in words, to the minute: 12 hours 40 minutes. Up to `HOURS_UP_TO` it is counted in hours."""
    hours, minutes = divmod(int(abs(span).total_seconds()) // 60, 60)
    days, hours = divmod(hours, 24) if hours > HOURS_UP_TO else (0, hours)
    parts = [(days, "day"), (hours, "hour"), (minutes, "minute")]
    said = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count]
    return " ".join(said) or "less than a minute"


def due_in_words(task: Task, now: datetime) -> str:
    """Return how urgent a task is: ``12 hours 40 minutes left``, ``overdue since 3 hours``, ``no deadline``."""
    if task.due_at is None:
        return "no deadline"
    span = spoken_span(task.due_at - now)
    return f"overdue since {span}" if task.due_at < now else f"{span} left, until {spoken_time(task.due_at)}"


def spoken_name(name: str) -> str:
    """Return a name of the code as words: ``support_center`` is "support center"."""
    return PARTY_NAMES.get(name, name.replace("_", " "))


def _lines(shown: dict[str, Any]) -> tuple[Line, ...]:
    return tuple(line for name, value in shown.items() for line in _line(name, value))


def _line(name: str, value: Any) -> tuple[Line, ...]:
    label = LABELS.get(name, spoken_name(name))
    if isinstance(value, dict) and value:
        is_scores = name == "fingers"
        return (Line(label, lines=tuple(_score(k, v) for k, v in value.items()) if is_scores else _lines(value)),)
    if isinstance(value, list | tuple) and value:
        return tuple(line for number, item in enumerate(value, 1) for line in _numbered(label, number, item))
    return (Line(label, _text(name, value)),)


def _numbered(label: str, number: int, item: Any) -> tuple[Line, ...]:
    if isinstance(item, dict):
        return (Line(f"{label} {number}", lines=_lines(item)),)
    return (Line(f"{label} {number}", _text("", item)),)


def _score(name: str, value: Any) -> Line:
    return Line(name, _text("score", value))


def _text(name: str, value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "not known", True: "yes", False: "no"}[value]
    if isinstance(value, int) and name in SCORES:
        return f"{value / 1000:.1f}"  # milli-units
    if (spoken := VALUES.get(name, {}).get(str(value))) is not None:
        return spoken
    text = str(value) if value not in ("", {}, [], ()) else NOTHING
    if name in BIRTH_DAYS:
        return spoken_digits(text)
    if WIRE_TIME.fullmatch(text):
        return spoken_time(from_wire(text))
    # A word of the code is one without capitals or digits; what people wrote is left as it is.
    return spoken_name(text) if re.fullmatch(r"[a-z]+(_[a-z]+)+", text) else text


def spoken_digits(text: str) -> str:
    """Return a day of eight digits written out; anything else as it is."""
    try:
        return spoken_date(datetime.strptime(text, "%Y%m%d").date()) if DAY_DIGITS.fullmatch(text) else text
    except ValueError:
        return text


def spoken_date(day: date) -> str:
    """Return a day written out: 4 October 2010."""
    return f"{day.day} {day:%B %Y}"
