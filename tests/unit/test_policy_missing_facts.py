"""What a decision says about facts that nobody told: which would matter, and that nothing is permitted without them."""

from dataclasses import replace
from datetime import date

import pytest

from tenprint.core.errors import PolicyRefusal
from tenprint.policy import programme as programmes
from tenprint.policy.evaluate import decide, refuse_unless
from tenprint.policy.programme import load, parse_programme, programme_in_force
from tenprint.policy.vocabulary import parse_vocabulary

PROGRAMME = load("secure-communities-2010-10")

VOCABULARY = parse_vocabulary("""
[facts.a]
type = "int"
label = "a"
[facts.b]
type = "int"
label = "b"
[facts.c]
type = "int"
label = "c"
[questions.q]
asks = "q?"
outcomes = ["yes", "no", "ask"]
""")


def toy(*rules):
    """A programme of (outcome, conditions) and a last rule that says no and names c."""
    text = "[programme]\nid='toy'\nversion='1'\ntitle='toy'\neffective_from=2010-10-01\n"
    for number, (outcome, when) in enumerate([*rules, ("no", "[]")]):
        text += f"[[rules]]\nquestion='q'\nid='r{number}'\nwhen={when}\noutcome='{outcome}'\n"
        text += "basis='house'\nsentence='c is {c}.'\nsource='none'\n"
    return parse_programme(text, VOCABULARY)


def test_a_rule_that_speaks_because_a_fact_is_missing_is_not_settled():
    asks_first = toy(("ask", "[{ fact = 'a', known = false }]"), ("yes", "[{ fact = 'a', is = 1 }]"))
    assert decide(asks_first, "q", {}).outcome == "ask"
    assert decide(asks_first, "q", {"a": 1}).outcome == "yes"
    assert decide(asks_first, "q", {}).unknown_facts == ("a",)
    assert decide(asks_first, "q", {"a": 1}).is_settled


def test_a_rule_that_waits_for_a_fact_to_be_known_leaves_the_answer_open():
    waits = toy(("yes", "[{ fact = 'a', known = true }, { fact = 'b', is = 1 }]"))
    assert decide(waits, "q", {"b": 1}).unknown_facts == ("a",)
    assert decide(waits, "q", {"b": 2}).is_settled


def test_a_fact_that_cannot_matter_any_more_is_not_asked_for():
    two = toy(("yes", "[{ fact = 'a', is = 1 }, { fact = 'b', is = 1 }]"), ("ask", "[{ fact = 'c', is = 1 }]"))
    assert decide(two, "q", {"a": 2, "c": 1}).unknown_facts == ()
    assert decide(two, "q", {"a": 1, "c": 1}).unknown_facts == ("b",)


def test_of_two_facts_that_are_compared_only_the_missing_one_is_asked_for():
    compares = toy(("yes", "[{ fact = 'a', at_least = { fact = 'b' } }]"))
    assert decide(compares, "q", {"a": 1}).unknown_facts == ("b",)
    assert decide(compares, "q", {"b": 1}).unknown_facts == ("a",)


def test_a_decision_rests_on_every_fact_read_up_to_its_rule_and_in_its_sentence():
    three = toy(
        ("yes", "[{ fact = 'a', is = 1 }]"), ("ask", "[{ fact = 'a', is = 2 }]"), ("yes", "[{ fact = 'b', is = 1 }]")
    )
    facts = {"a": 2, "b": 2, "c": 7}
    assert decide(three, "q", facts).facts_used == {"a": 2, "c": 7}
    assert decide(three, "q", facts | {"a": 3}).facts_used == {"a": 3, "b": 2, "c": 7}


def test_an_open_question_is_refused_like_any_other_and_the_refusal_says_what_is_needed():
    decision = decide(PROGRAMME, "detainer", {"status": "removable"})
    assert not decision.is_settled
    with pytest.raises(PolicyRefusal) as caught:
        refuse_unless(decision, "permitted")
    assert caught.value.message == decision.sentence
    for name in ("match_confirmed", "named_officer", "citizenship_claim"):
        assert name in caught.value.hint


def test_of_several_versions_in_force_the_one_that_began_last_counts(monkeypatch):
    early = replace(toy(), version="1", effective_from=date(2010, 1, 1))
    later = replace(toy(), version="2", effective_from=date(2010, 6, 1))
    shelf = {one.name: one for one in (early, later)}
    monkeypatch.setattr(programmes, "available", lambda: tuple(sorted(shelf)))
    monkeypatch.setattr(programmes, "load", shelf.__getitem__)
    assert programme_in_force("toy", date(2010, 5, 31)) is early
    assert programme_in_force("toy", date(2010, 6, 1)) is later
