"""One case, one question, one decision: the rule that spoke, what it rested on, and a sentence for a layperson."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tenprint.core.errors import PolicyRefusal
from tenprint.policy.conditions import all_hold, missing_facts
from tenprint.policy.programme import PLACEHOLDER, Programme, Rule, rules_for
from tenprint.policy.vocabulary import FactValue, Outcome, Vocabulary

ANSWERS_KEPT = 4_096
"""Decisions of one programme that are remembered; then it begins anew."""


@dataclass(frozen=True)
class Decision:
    """What the rules answered.

    Args:
        question: what was asked.
        outcome: the answer.
        rule: id of the rule that spoke.
        programme, version: under which rules; `text_hash` proves their wording.
        basis: ``programme`` or ``house`` (see `programme`).
        code: code to be sent with the answer, or empty.
        facts_used: the facts that were read up to the rule that spoke, with their values.
        unknown_facts: facts without a value for whose sake a rule before it could not speak; sorted. When there are
            any, the answer might be another one once they are known.
        sentence: why, for a layperson.
        source: where the rule comes from.
        text_hash: SHA-256 of the programme's text, hex.
    """

    question: str
    outcome: Outcome
    rule: str
    programme: str
    version: str
    basis: str
    code: str
    facts_used: dict[str, FactValue]
    unknown_facts: tuple[str, ...]
    sentence: str
    source: str
    text_hash: str

    @property
    def is_settled(self) -> bool:
        """Tell whether no unknown fact could have led to another answer."""
        return not self.unknown_facts

    def to_json(self) -> dict[str, Any]:
        """Return the decision as values that JSON has; days as ISO 8601."""
        facts = {
            name: value.isoformat() if isinstance(value, date) else value for name, value in self.facts_used.items()
        }
        return {**self.__dict__, "facts_used": facts, "unknown_facts": list(self.unknown_facts)}


def decide(programme: Programme, question: str, facts: Mapping[str, FactValue]) -> Decision:
    """Return what `programme` answers to `question` for one case.

    Rules are tried in order; the first whose conditions all hold speaks. A rule with a condition that is not known
    does not speak.

    Args:
        programme: the rules.
        question: name of a question of the vocabulary.
        facts: what is known; leave out what is not. Facts that no rule reads do not matter.

    Raises:
        SenderError: ``POLICY_QUESTION_UNKNOWN``, ``POLICY_FACT_UNKNOWN`` or ``POLICY_FACT_VALUE``.
    """
    programme.vocabulary.check_facts(facts)
    # The same question with the same facts has the same answer, and most bookings are alike to most rules. A truth
    # value equals a number in Python and not in a rule, so the types are part of the key.
    asked = (question, tuple((name, type(value), value) for name, value in facts.items()))
    known: Decision | None = programme.answered.get(asked)
    if known is not None:
        return known
    decision = _decide(programme, question, facts)
    if len(programme.answered) >= ANSWERS_KEPT:
        programme.answered.clear()
    programme.answered[asked] = decision
    return decision


def _decide(programme: Programme, question: str, facts: Mapping[str, FactValue]) -> Decision:
    rules = rules_for(programme, question)
    position = _first_that_speaks(rules, facts)
    spoke = rules[position]
    return Decision(
        question=question,
        outcome=spoke.outcome,
        rule=spoke.id,
        programme=programme.id,
        version=programme.version,
        basis=spoke.basis,
        code=spoke.code,
        facts_used=_facts_read(rules[: position + 1], facts),
        unknown_facts=_unknown_facts(rules[: position + 1], facts),
        sentence=render(spoke.sentence, facts, programme.vocabulary),
        source=spoke.source,
        text_hash=programme.text_hash,
    )


def refuse_unless(decision: Decision, *outcomes: Outcome) -> Decision:
    """Return the decision when its outcome is one of `outcomes`.

    Raises:
        PolicyRefusal: else; its code is the rule's id, its message the decision's sentence.
    """
    if decision.outcome not in outcomes:
        hint = f"needed: {', '.join(decision.unknown_facts)}" if decision.unknown_facts else ""
        raise PolicyRefusal(decision.rule, decision.sentence, hint=hint)
    return decision


def render(sentence: str, facts: Mapping[str, FactValue], vocabulary: Vocabulary) -> str:
    """Return `sentence` with its facts filled in as people say them; ``not known`` for what has no value."""
    return PLACEHOLDER.sub(lambda found: vocabulary.facts[found[1]].in_words(facts.get(found[1])), sentence)


def _first_that_speaks(rules: tuple[Rule, ...], facts: Mapping[str, FactValue]) -> int:
    """Return the position of the rule that speaks."""
    for position, rule in enumerate(rules[:-1]):
        if all_hold(rule.conditions, facts):
            return position
    return len(rules) - 1  # the last rule has no conditions


def _facts_read(rules: tuple[Rule, ...], facts: Mapping[str, FactValue]) -> dict[str, FactValue]:
    in_conditions = {name for rule in rules for condition in rule.conditions for name in condition.facts}
    in_sentence = set(PLACEHOLDER.findall(rules[-1].sentence))
    return {name: facts[name] for name in sorted(in_conditions | in_sentence) if name in facts}


def _unknown_facts(rules: tuple[Rule, ...], facts: Mapping[str, FactValue]) -> tuple[str, ...]:
    """Return the missing facts that could silence the last of `rules`, which speaks, or let an earlier one speak."""
    return tuple(sorted(frozenset().union(*(missing_facts(rule.conditions, facts) for rule in rules))))
