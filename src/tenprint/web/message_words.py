"""Values of a message's fields in plain words; what the file holds stands beside them, for people who check.

Words are put over a value after the access rules have masked it: a masked value is said as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from tenprint.core.clock import from_wire
from tenprint.exchange import story
from tenprint.exchange.model.words import StatusFinding
from tenprint.web import case_words, role_words, words
from tenprint.web.decoding import Shown

PARTS = {
    "task answer": "A person's answer to a task", "acknowledgement": "Acknowledgement", "detainer": "Request to hold",
    "detainer answer": "The jail's answer", "custody": "What the jail reports", "arrest notice": "Notice of an arrest",
    "disposition": "How a charge ended", "cancellation": "The request to hold is taken back",
    "outcome": "What became of the person", "correction": "A correction",
    "rule notice": "A notice of a change of rule", "request": "What a city or county asks",
    "request answer": "The answer to a city or county",
    "correction done": "What was done about a correction", "timer": "A clock that ran out",
    "tenprint ident data response": "The immigration repository's answer (IDENT data response)",
    "withdrawal": "The booking is taken back",
    "Type-1 record": "About the file (Type-1 record)",
    "Type-2 record, image 0": "The person and the booking (Type-2 record)",
    "Type-2 record": "The person and the booking (Type-2 record)",
}  # fmt: skip
LABELS = {
    "by": "answered by", "booking_tcn": "control number of the booking (TCN)", "hold_hours": "longest hold",
    "rule": "rule that allows it", "rule_version": "version of the rules", "second_officer": "second officer",
    "detainer_id": "number of the request", "ended_at": "the hold ended", "event": "what the jail reports",
    "arrested_on": "day of the arrest", "charge_outcome": "how the charge ended", "decided_on": "day of the decision",
    "charge_number": "number of the charge in the booking",
    "court": "court", "disposition_id": "number of the disposition", "on": "day on which it happened",
    "correction_id": "number of the correction", "correction_kind": "what kind of correction",
    "origin": "who corrects", "what": "what it says", "done": "what was done", "passed_on_to": "passed on to",
    "decided_by": "who decided", "effective_from": "holds from", "binds": "binds",
    "made_at": "made", "party": "who answers", "is_last": "nothing more follows",
    "offence": "offense (NCIC code)", "level_rule": "rule that gave the level",
    "priority_rule": "rule that gave the priority", "said_at": "said by the court", "topic": "about",
    "v": "format version",
    "type": "kind of message", "usable_fingers": "fingers that can be used", "tcn": "control number (TCN)",
    "tcr": "control number that is answered (TCR)", "shown_hash": "hash of what the person was shown",
    "task_id": "number of the task", "n": "earlier findings of this task", "closes": "closes the task",
    "kind": "what was asked", "candidates_considered": "candidates compared", "like": "form of the record",
    "result": "what the repository answers", "format": "format", "encounter_id": "number of the encounter",
    "details.evidence": "evidence", "timer_id": "number of the clock", "purpose": "what for", "due_at": "was due",
    "finding": "the examiner's finding", "names": "names on file", "text": "remarks",
    "rules_on": "rules that were asked, and why these", "level_unknown": "not known, and could change the level",
    "trail": "proofs of what was disclosed",
}  # fmt: skip
STATUSES = {str(value): words.answer_title(str(value)) for value in StatusFinding}
RESULTS = {
    "match": "known to the repository (this does not mean removable)",
    "no_match": "no record found (this does not mean citizen)",
    "pending": "no answer yet: still searching", "error": "could not answer", "partial": "could not answer in full",
    "not_asked": "not asked",
}  # fmt: skip
ANSWERS = {str(value): case_words.answer_in_words(value) for value in words.ANSWER_TITLES}
YES_NO = {"Y": "yes", "N": "no", "yes": "yes", "no": "no"}
SEX = {"F": "female", "M": "male", "X": "not known", "G": "not known", "N": "not known", "Y": "not known"}
COLOURS = {
    "BLK": "black", "BLU": "blue", "BRO": "brown", "GRY": "gray", "GRN": "green", "HAZ": "hazel", "MAR": "maroon",
    "PNK": "pink", "MUL": "several colors", "XXX": "not known", "BAL": "bald", "BLN": "blond", "RED": "red",
    "SDY": "sandy", "WHI": "white",
}  # fmt: skip
KINDS = {str(kind).lower(): title for kind, title in story.TITLES.items()} | {"custody": story.TITLES["CUSTODY"]}
KIND_OF_FINGER = "finger_"
BY_FIELD: dict[str, dict[str, str]] = {
    "status": STATUSES, "STA": STATUSES, "answer": ANSWERS, "event": ANSWERS, "finding": ANSWERS, "result": RESULTS,
    "charge_outcome": ANSWERS, "outcome": ANSWERS,
    "evidence": words.VALUES["evidence"], "CNF": words.VALUES["match_confirmed_by"],
    "kind": dict(words.TASK_TITLES), "type": KINDS, "CUS": YES_NO, "RET": YES_NO, "PPA": YES_NO, "PHT": YES_NO,
    "TAA": YES_NO, "SEX": SEX, "EYE": COLOURS, "HAI": COLOURS, "SRF": {"I": "known", "N": "no record found"},
    "TOT": dict(story.TITLES), "CGA": {"WSQ20": "WSQ", "NONE": "none"}, "PUR": {"C": "criminal justice"},
    "OFF": role_words.OFFENCE_WORDS, "purpose": dict(case_words.CLOCKS),
    "RAC": {"A": "Asian or Pacific Islander", "B": "Black", "I": "American Indian", "W": "White", "U": "not known"},
}  # fmt: skip
"""Words of fields by the last part of their tag; ``details.finger_2`` and its like are findings."""
AS_WRITTEN = frozenset({"rule", "by", "officer", "second_officer", "specialist", "SPC", "examiner", "reason"})
"""Fields in which a name or a person's words are left as they are, whatever they look like."""
LONGEST_RAW = 120
OPENED_ENTRY = '"commitments":'
"""Stands once in each entry of a trail (`ledger.trail`)."""
_WORD = re.compile(r"[a-z]+(_[a-z]+)+")


def title(kind: str) -> str:
    """Return a message's title: the standard's short name where it has one, and what it is."""
    said = story.TITLES.get(kind, words.spoken_name(kind.lower()))
    plain = said.removeprefix("the ")
    is_ours = kind in case_words.SHORT or kind not in story.TITLES
    return f"{plain[:1].upper()}{plain[1:]}" if is_ours else f"{kind}: {said}"


def part(name: str) -> str:
    """Return the title of a part of a message."""
    return PARTS.get(name, f"{name[:1].upper()}{name[1:]}")


def label(field: Shown) -> str:
    """Return what a field is, in words."""
    return LABELS.get(field.tag, LABELS.get(_last(field), field.name)) if _is_member(field) else field.name


def value(field: Shown) -> str:
    """Return a field's value in words: a date written out, a time with its zone, a word of the code spelled out."""
    name, text = _last(field), field.value
    if not text:
        return "empty"
    if name in FORMS:
        return FORMS[name](text)
    known = ANSWERS if name.startswith(KIND_OF_FINGER) else BY_FIELD.get(name, {})
    if (said := known.get(text.replace(" ", "_") if name == "STA" else text)) is not None:
        return said
    if _WORD.fullmatch(text) and name not in AS_WRITTEN:
        return words.spoken_name(text)
    return words.WIRE_TIME.sub(lambda found: moment(found.group()), text)


def raw(field: Shown) -> str:
    """Return what the file holds, or ``""`` when the words say the same or it is a long text with a time in it."""
    is_said = value(field) == field.value
    return "" if is_said or len(field.value) > LONGEST_RAW else field.value


def _is_member(field: Shown) -> bool:
    return not field.tag[:1].isdigit() and not field.tag.isupper()


def _last(field: Shown) -> str:
    """Return the mnemonic of a tag such as ``2.022 DOB``, or the last name of a path such as ``details.evidence``."""
    return field.tag.rpartition(" ")[2] if not _is_member(field) else field.tag.rpartition(".")[2]


def _days(text: str) -> str:
    return "; ".join(words.spoken_digits(one) for one in text.split("; "))


def _proofs(text: str) -> str:
    return f"{text.count(OPENED_ENTRY)} entries of the ledger with their proofs; tenprint request show checks them"


def _charges(text: str) -> str:
    """Return a list of charges, each with the day of the offence first."""
    parted = (one.partition(", ") for one in text.split("; "))
    return "; ".join(", ".join((words.spoken_digits(day), rest)) for day, _, rest in parted)


def _hours(text: str) -> str:
    return words.spoken_span(timedelta(hours=int(text))) if re.fullmatch(r"\d{1,4}", text) else text


def _height(text: str) -> str:
    return f"{int(text[0])} ft {int(text[1:])} in" if re.fullmatch(r"[4-7](0\d|1[01])", text) else text


def _weight(text: str) -> str:
    return f"{int(text)} pounds" if re.fullmatch(r"\d{2,3}", text) else text


def moment(text: str) -> str:
    """Return a time as it goes over the wire written out, with its zone; what is none is left as it is."""
    try:
        return words.spoken_time(from_wire(text))
    except ValueError:
        return text


FORMS: dict[str, Callable[[str], str]] = {
    "DOB": _days, "DAT": _days, "DOA": _days, "LCD": _days, "SDOB": _days, "SSD": _days, "birth_date": _days,
    "trail": _proofs, "ASL": _charges, "hold_hours": _hours, "HGT": _height, "WGT": _weight,
}  # fmt: skip
"""How values of a form of their own are said."""

__all__ = ["label", "moment", "part", "raw", "title", "value"]
