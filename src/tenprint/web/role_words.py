"""What the pages of specialists, officers and jails say: what an answer means, what follows from it, what is not known.

Every page of a task has the same frame; what differs by kind of task stands here, by the words of the exchange.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple

from tenprint.core.clock import from_wire
from tenprint.exchange.model.case import Task
from tenprint.exchange.model.words import EvidenceBox, OfficerDecision, StatusFinding, TaskKind
from tenprint.exchange.tasks import stated
from tenprint.policy.access import HIDDEN
from tenprint.policy.vocabulary import house_vocabulary
from tenprint.records.nlets.iaq import GENERIC_OFFENSE
from tenprint.records.nlets.offences import offence_in_words
from tenprint.web.words import ANSWER_TITLES, spoken_name

GENTLE_FIRST = ("no_action", "disagree", "decline", "interview", "released", "cancel")
"""Among the answers to a task, those that hold nobody stand first; in no other way is one easier than another."""
MEANS: dict[str, dict[str, str]] = {
    TaskKind.STATUS: {
        StatusFinding.CITIZEN: "By birth, naturalisation or parents. Nobody may ask a jail to hold a citizen.",
        StatusFinding.PERMANENT_RESIDENT: "A green card. Can be removed on a ground of law only, decided by a judge.",
        StatusFinding.OTHER_LAWFUL: "A visa in force, asylum, protected status, parole, or another right to be here.",
        StatusFinding.REMOVABLE: "The records show a ground of law on which removal could be sought.",
        StatusFinding.IN_PROCEEDINGS: "A case before an immigration judge is open, undecided.",
        StatusFinding.FINAL_ORDER: "A judge has ordered removal, and the order stands.",
        StatusFinding.UNKNOWN: "The right answer when records are missing or contradict each other. It says nothing "
        "against the person.",
    },
    TaskKind.DECIDE: {
        OfficerDecision.NO_ACTION: "The case ends here. Nothing is asked of the jail.",
        OfficerDecision.INTERVIEW: "An officer speaks with the person. The case ends here as far as this network "
        "follows it; nobody is held for it.",
        OfficerDecision.DETAINER: "A request goes to the jail, which may decline. It needs the fields that follow.",
    },
    TaskKind.SECOND_LOOK: {
        "agree": "The request goes to the jail under both names.",
        "disagree": "No detainer can be sent in this case. The first officer decides no action or an interview.",
    },
    TaskKind.ANSWER_DETAINER: {
        "accept": "The request is kept. A hold begins only when the jail would let the person go, and ends by itself.",
        "decline": "The person is released when they would be released anyway, and the field office is told.",
    },
    TaskKind.REPORT_RELEASE: {
        "would_be_released": "The jail has no other ground to keep the person. The clock of the hold starts.",
        "transferred": "The field office took the person over at that moment. No hold was needed.",
        "released": "The jail let the person go at that moment. No hold begins.",
    },
    TaskKind.REPORT_CUSTODY: {
        "transferred": "The hold ends, and its clock stops.",
        "released": "The hold ends before its time. No reason of the field office is needed.",
    },
    TaskKind.DISPOSE: {
        "not_charged": "No charge was brought to the court.",
        "dismissed": "The charge is gone. Nobody was found guilty of it.",
        "acquitted": "The person was found not guilty.",
        "reduced": "The charge goes on, or ended, as another one. Write that one's code below.",
        "convicted": "The person was found guilty of this charge.",
    },
    TaskKind.REVIEW: {
        "keep": "The request stands. Your reason is kept.",
        "cancel": "The jail is told, ends the hold, and reports when it ended.",
    },
    TaskKind.REPORT_OUTCOME: {
        "custody": "Held by the field office. More follows later.",
        "bond": "Free until a judge decides. More follows later.",
        "relief": "May stay. This is the last report.",
        "terminated": "The judge closed the case. This is the last report.",
        "returned": "Left the country without an order. This is the last report. It counts as a removal.",
        "removed": "Left the country under an order. This is the last report. It counts as a removal.",
    },
    TaskKind.ANSWER_REQUEST: {
        "answer": "Your words go out with the lines that stand above, as they stand there.",
        "refuse": "Only your reason goes out. A refusal is an answer, and both ledgers show it.",
    },
}
"""One line for every answer: what it means, or what it leads to."""
QUESTIONS: dict[str, str] = {
    TaskKind.STATUS: "What do the records say?",
    TaskKind.DECIDE: "What does the field office do?",
    TaskKind.SECOND_LOOK: "May the detainer be sent?",
    TaskKind.ANSWER_DETAINER: "Does the jail hold the person?",
    TaskKind.REPORT_RELEASE: "Is the release due?",
    TaskKind.REPORT_CUSTODY: "How did the hold end?",
    TaskKind.DISPOSE: "How did the charge end?",
    TaskKind.REVIEW: "Does the request to hold still stand?",
    TaskKind.REPORT_OUTCOME: "What became of the person?",
    TaskKind.ANSWER_REQUEST: "What is the city or county told?",
}
AFTER: dict[tuple[str, str], str] = {
    (TaskKind.EXAMINE, "identification"): "The repository answers; when a rule asks for it, the support center is "
    "asked about the person's status.",
    (TaskKind.EXAMINE, "exclusion"): "The repository answers that nobody was found. That does not mean citizen.",
    (TaskKind.EXAMINE, "inconclusive"): "A second examiner is asked, who does not see your finding.",
    (TaskKind.EXAMINE_SECOND, "identification"): "The repository answers; when a rule asks for it, the support center "
    "is asked about the person's status.",
    (TaskKind.EXAMINE_SECOND, "exclusion"): "The repository answers that nobody was found. That does not mean citizen.",
    (TaskKind.EXAMINE_SECOND, "inconclusive"): "The match is not confirmed, and nothing follows from it.",
    (TaskKind.DECIDE, "no_action"): "Nothing. The case has ended; nobody is held for the field office.",
    (TaskKind.DECIDE, "interview"): "An officer speaks with the person. Nobody is held for it.",
    (TaskKind.DECIDE, "detainer"): "The request is on its way to the jail. Somebody there accepts or declines it.",
    (TaskKind.SECOND_LOOK, "agree"): "The request is on its way to the jail. Somebody there accepts or declines it.",
    (TaskKind.SECOND_LOOK, "disagree"): "The case is back with the first officer, who decides no action or an "
    "interview.",
    (TaskKind.ANSWER_DETAINER, "accept"): "The request is kept. Report with the next task when the person would be "
    "released. No hold counts before that.",
    (TaskKind.REPORT_RELEASE, "would_be_released"): "The hold has begun. Its clock stands on the page of the next "
    "task: report there how it ends. If nobody does, it ends by itself.",
    (TaskKind.REPORT_RELEASE, "transferred"): "The field office is told that the person is in its custody.",
    (TaskKind.REPORT_RELEASE, "released"): "The field office is told. The case has ended as lapsed.",
    (TaskKind.ANSWER_DETAINER, "decline"): "The field office is told. Nobody is held for it.",
    (TaskKind.REPORT_CUSTODY, "transferred"): "The field office is told that the person is in its custody.",
    (TaskKind.REVIEW, "keep"): "The request to hold stands.",
    (TaskKind.REVIEW, "cancel"): "The jail is told. It ends the hold and reports when it ended.",
    (TaskKind.REPORT_CUSTODY, "released"): "The field office is told. The case has ended as lapsed.",
}
AFTER_STATUS = (
    "Your answer goes to the field office, where an officer decides, and to whoever asked. Nobody is held by it."
)
GROUND_EXAMPLES = "For example: 8 USC 1227(a)(1)(B), overstay; 8 USC 1182(a)(6)(A)(i), entry without inspection."
FORM_NOTE = (
    "The four boxes are those of form I-247A of April 2017. The programme in force here is older, and the boxes of the "
    "form I-247 of its time are not on record with us: the later, stricter boxes stand in, and one is always needed."
)
CRIMINAL_CASE = (
    "An arrest is not a conviction. If a court has told how a charge ended, it stands on top of this page and on the "
    "case's page. If nothing stands there, ask the booking agency or the court before you rest a decision on it."
)
PROTECTIONS_NOT_BUILT = (
    "Not built yet: other protections, such as for people who care for children, are ill or serve in the armed forces, "
    "limits set by local law, notice to the person, and counsel."
)
RECORDS_NOT_BUILT = (
    "The records system is not built yet: the support center holds only what came with the question. Outside of a demo "
    "a specialist would look the person up, by number first and by name only then, in:"
)
RECORDS_TO_LOOK_UP = (
    "naturalisation and certificates of citizenship, also of the parents",
    "permanent residence, and when and how it began",
    "visas, admissions and departures, and how long a stay was allowed",
    "pending and granted applications: asylum, protected status, family, work",
    "the immigration court: open proceedings, orders, appeals, stays",
    "earlier encounters, and corrections to a record",
)
NO_WARRANT = (
    "On the field office's word alone. No judge has signed it: it is a request, and the jail may decline it for any "
    "reason of its own. What you write as the reason is told to the field office."
)
LOCAL_LAW_NOT_BUILT = "Not built yet: this page does not know what state and local law say. Ask the jail's counsel."
COST_NOT_BUILT = "What a held hour costs is not built yet."
ACCUSATION = "A charge is an accusation: it says what somebody is accused of, and not that it happened."
OFFENCE_WORDS = {
    GENERIC_OFFENSE: "0399: no charge has an NCIC code, so the charge is not told.",
    "": "The charge is not told.",
    HIDDEN: f"The charge is {HIDDEN}.",
}
FIELD_AT_FAULT: dict[str, str] = {
    "ANSWER_NOT_ALLOWED": "answer",
    "REASON_MISSING": "reason",
    "TEXT_INVALID": "reason",
    "LEGAL_GROUND_MISSING": "legal_ground",
    "LEGAL_GROUND_INVALID": "legal_ground",
    "LEGAL_GROUND_DIFFERS": "legal_ground",
    "EVIDENCE_UNKNOWN": "evidence",
    "CANDIDATE_UNKNOWN": "candidate",
    "CONVICTION_ON_RECORD": "felony_convictions",
    "TIME_IMPOSSIBLE": "at",
    "TIME_IN_FUTURE": "at",
    "TIME_TOO_EARLY": "at",
    "TIME_TOO_LATE": "at",
    "CHARGE_UNKNOWN": "charge",
    "REFERENCE_MISSING": "reference",
    "OFFENCE_INVALID": "offence",
    "SECOND_LOOK_OPEN": "answer",
    "SECOND_LOOK_DISAGREES": "answer",
    "detainer-no-evidence": "evidence",
    "detainer-status-unknown": "evidence",
    "detainer-citizenship-not-asked": "citizenship_claim",
    "detainer-victim-not-asked": "victim_or_witness",
}
"""Code of a refusal: the field of the form to which its summary leads; for any other it is the answer."""
EVIDENCE_MEANS: dict[str, str] = {
    EvidenceBox.FINAL_ORDER: "Box 1 of the form",
    EvidenceBox.PENDING_PROCEEDINGS: "Box 2",
    EvidenceBox.BIOMETRIC_AND_RECORDS: "Box 3: a confirmed match, and records that show that status is lacking",
    EvidenceBox.OWN_STATEMENT_OR_OTHER: "Box 4: made to an officer, or otherwise reliable",
}
ONLY_FOR_A_DETAINER = frozenset({"evidence", "legal_ground", "citizenship_claim", "victim_or_witness"})
CRITICAL_AFTER, SOON = timedelta(hours=24), timedelta(hours=4)
"""Overdue for longer is critically overdue; due within is due soon."""


class Urgency(NamedTuple):
    """How urgent something is: its word, the sign beside it, and whether it is overdue.

    No sign of these stands for anything else: the triangle is for what failed, the half circle for what is pending.
    """

    word: str
    sign: str
    is_overdue: bool


CRITICAL, OVERDUE = Urgency("Critically overdue", "‼", True), Urgency("Overdue", "!", True)
DUE_SOON, NOT_YET, NO_CLOCK = (
    Urgency("Due soon", "◔", False),
    Urgency("Not due yet", "◷", False),
    Urgency("No deadline", "·", False),
)
URGENCIES = (CRITICAL, OVERDUE, DUE_SOON, NOT_YET, NO_CLOCK)
"""The most urgent first."""


def urgency(due_at: datetime | None, now: datetime) -> Urgency:
    """Return how urgent something is that is due then."""
    if due_at is None:
        return NO_CLOCK
    if due_at < now:
        return CRITICAL if now - due_at >= CRITICAL_AFTER else OVERDUE
    return DUE_SOON if due_at - now <= SOON else NOT_YET


@dataclass(frozen=True)
class Choice:
    """An answer as it is offered: its word in the form, its title, and one line on what it means."""

    value: str
    title: str
    means: str


def choices(task: Task) -> tuple[Choice, ...]:
    """Return the answers of a task; those that hold nobody first, else in the task's order."""
    ordered = sorted(
        task.answers, key=lambda answer: GENTLE_FIRST.index(answer) if answer in GENTLE_FIRST else len(GENTLE_FIRST)
    )
    means = MEANS.get(task.kind, {})
    return tuple(Choice(one, ANSWER_TITLES.get(one, spoken_name(one)), means.get(one, "")) for one in ordered)


def what_follows(task: Task) -> str:
    """Return what happens after the answer that closed a task; ``""`` when this page cannot tell."""
    return AFTER_STATUS if task.kind == TaskKind.STATUS else AFTER.get((task.kind, task.answer), "")


def status_means(status: str) -> str:
    """Return what a status says, in one line."""
    return MEANS[TaskKind.STATUS].get(status, "")


def field_at_fault(code: str, given: Mapping[str, str]) -> str:
    """Return the name of the form's field that a refusal is about.

    Args:
        code: of the refusal.
        given: what was sent.
    """
    if code == "DETAIL_INVALID":
        asked = ("citizenship_claim", "victim_or_witness")
        wrong = (name for name in asked if given.get(name, "no") not in ("yes", "no"))
        unread = (name for name in stated.NAMES if not stated.is_one(name, given.get(name, "")))
        return next(chain(wrong, unread), "answer")
    if code == "TEXT_INVALID" and given.get("reason", "").strip().isprintable() and "legal_ground" in given:
        return "reason" if len(given.get("reason", "")) > len(given["legal_ground"]) else "legal_ground"
    return FIELD_AT_FAULT.get(code, "answer")


@dataclass(frozen=True)
class FactToState:
    """Something of a person that an officer may state: its name in the form, what it is, and whether it is a count."""

    name: str
    label: str
    is_count: bool


def facts_to_state() -> tuple[FactToState, ...]:
    """Return what an officer may state beside a decision or an outcome."""
    facts = house_vocabulary().facts
    labels = ((name, facts[name].label, facts[name].type == "int") for name in stated.NAMES)
    return tuple(FactToState(name, label[:1].upper() + label[1:], is_count) for name, label, is_count in labels)


def offence(code: str) -> str:
    """Return the charge that an NCIC code tells, in words; a code that stands for none is said to be that."""
    if code in OFFENCE_WORDS:
        return OFFENCE_WORDS[code]
    in_words = offence_in_words(code) or "an offence that the table of codes does not name"
    return f"{in_words} (NCIC code {code}). {ACCUSATION}"


def held_for(shown: Mapping[str, Any], until: datetime) -> timedelta:
    """Return for how long a person has been held: since the hold began, until now or its end."""
    return max(min(until, from_wire(shown["hold_ends_at"])) - from_wire(shown["held_from"]), timedelta(0))


def form_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """Return what was sent, without the fields that belong to a detainer when an officer decided something else."""
    if fields.get("answer") not in (OfficerDecision.NO_ACTION, OfficerDecision.INTERVIEW):
        return dict(fields)
    return {name: text for name, text in fields.items() if name not in ONLY_FOR_A_DETAINER}
