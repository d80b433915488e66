"""A rule in sentences for somebody who reads law and no rule files: conditions, answer, source with links."""

from __future__ import annotations

import re

from tenprint.policy.conditions import KNOWN, Condition, FactReference
from tenprint.policy.programme import Programme, Rule
from tenprint.policy.vocabulary import Vocabulary
from tenprint.web import case_words, words

MUST: dict[str, str] = {
    "is": "must be", "is_not": "must not be", "in": "must be one of", "not_in": "must be none of",
    "at_least": "must be at least", "at_most": "must be at most", "above": "must be more than",
    "below": "must be less than", "before": "must be before", "after": "must be after",
}  # fmt: skip
MET = {True: "met", False: "not met", None: "not on record, which counts as not met"}
BASES = {
    "programme": "It belongs to the programme that was in force at that time.",
    "house": "Tenprint demands it of every programme, whatever its date. It is not taken from the programme itself.",
}
CFR = "https://www.ecfr.gov/current/title-{title}/section-{section}"
USC = "https://uscode.house.gov/view.xhtml?req=granuleid:USC-prelim-title{title}-section{section}&edition=prelim"
_CITED = re.compile(
    r"(?P<title>\d+) (?P<code>CFR|USC) (?P<section>\d+[a-z]?(?:\.\d+)?)(?:\([0-9A-Za-z]+\))*|(?P<url>https://[^\s,;)]+)"
)


def condition(part: Condition, vocabulary: Vocabulary) -> str:
    """Return what a condition demands: ``Status that the specialist found: must be a US citizen``."""
    fact = vocabulary.facts[part.fact]
    label = f"{fact.label[:1].upper()}{fact.label[1:]}"
    if part.operator == KNOWN:
        return f"{label}: {'must be on record' if part.operand else 'must not be on record'}"
    if isinstance(part.operand, FactReference):
        value = f"the {vocabulary.facts[part.operand.name].label}"
    elif isinstance(part.operand, tuple):
        value = ", ".join(fact.in_words(one) for one in part.operand)
    else:
        value = fact.in_words(part.operand)
    return f"{label}: {MUST[part.operator]} {value}"


def answer(rule: Rule, vocabulary: Vocabulary) -> str:
    """Return what a rule answers, in words; a number of hours or seconds as a duration."""
    return case_words.outcome_in_words(str(rule.outcome), vocabulary.questions[rule.question].unit)


def when(rule: Rule, others: int) -> str:
    """Return in a sentence when a rule answers.

    Args:
        rule: which.
        others: how many rules of the same question are looked at before it.
    """
    if rule.is_default and others:
        before = "the rule before it does not apply" if others == 1 else f"none of the {others} rules before it applies"
        return f"It has no condition of its own. It answers when {before}."
    if rule.is_default:
        return "It has no condition and is the only rule for this question, so it always answers."
    many = {1: "its condition is", 2: "both of its conditions are"}.get(len(rule.conditions))
    return f"It answers when {many or f'all {len(rule.conditions)} of its conditions are'} met."


def basis(programme: Programme, rule: Rule) -> str:
    """Return where a rule comes from, in a sentence."""
    if not programme.was_in_force and rule.question in programme.own_questions:
        return "This house invented it, to see what would be otherwise under it; no such rule was in force."
    return BASES[rule.basis]


def in_force(programme: Programme) -> str:
    """Return since when, and until when if that is known, a programme's rules are in force; or that they never were."""
    if not programme.was_in_force:
        return "invented, to be run beside rules that were in force; these never were"
    since = f"in force since {words.spoken_date(programme.effective_from)}"
    return (
        f"{since}, until {words.spoken_date(programme.effective_to)}"
        if programme.effective_to
        else f"{since}, no end on record"
    )


def cited(source: str) -> tuple[tuple[str, str], ...]:
    """Return a source in pieces: text, and the address where a cited law can be read, or ``""``."""
    pieces, place = [], 0
    for found in _CITED.finditer(source):
        pieces += [(source[place : found.start()], ""), (found.group(), _address(found))]
        place = found.end()
    return tuple(piece for piece in (*pieces, (source[place:], "")) if piece[0])


def _address(found: re.Match[str]) -> str:
    if found["url"]:
        return found["url"]
    return {"CFR": CFR, "USC": USC}[found["code"]].format(title=found["title"], section=found["section"])
