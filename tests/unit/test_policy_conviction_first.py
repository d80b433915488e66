"""The invented programme: prints are searched in the immigration repository only after a conviction."""

import pytest
from policy_rig import HEAD, rule

from tenprint.core.errors import RecordError, SenderError
from tenprint.policy.evaluate import decide
from tenprint.policy.programme import available, load, parse_programme, reads_fact, rules_for
from tenprint.policy.vocabulary import house_vocabulary
from tenprint.web import rule_words

PROGRAMME, BASE = load("conviction-first-house-1"), load("secure-communities-2010-10")
QUESTION = "cascade_to_immigration"
ON, OFF = (
    {"ori_activated": True, "ndr_asks_immigration": False},
    {"ori_activated": False, "ndr_asks_immigration": False},
)
ASKED = {"ori_activated": False, "ndr_asks_immigration": True}
HOURS = rule("[]", rule_id="toy-hours", question="hold_hours", outcome="1")

TABLE = [
    (ON | {"disposition": "pending"}, "wait", "conviction-first-waits"),
    (ASKED | {"disposition": "pending"}, "wait", "conviction-first-waits"),
    (ON | {"disposition": "convicted"}, "search", "conviction-first-convicted"),
    (ON | {"disposition": "reduced"}, "search", "conviction-first-convicted"),
    (ASKED | {"disposition": "convicted"}, "search", "conviction-first-convicted-asked-for"),
    (ON | {"disposition": "dismissed"}, "do_not_search", "conviction-first-not-convicted"),
    (ON | {"disposition": "acquitted"}, "do_not_search", "conviction-first-not-convicted"),
    (ASKED | {"disposition": "not_charged"}, "do_not_search", "conviction-first-not-convicted"),
    (OFF | {"disposition": "convicted"}, "do_not_search", "conviction-first-not-activated"),
    (OFF | {"disposition": "pending"}, "do_not_search", "conviction-first-not-activated"),
    ({"disposition": "convicted"}, "do_not_search", "conviction-first-nothing-says-so"),
    (ON, "do_not_search", "conviction-first-nothing-says-so"),
    ({}, "do_not_search", "conviction-first-nothing-says-so"),
]


@pytest.mark.parametrize(("facts", "outcome", "rule"), TABLE)
def test_a_search_needs_a_conviction_on_record_and_an_open_charge_waits(facts, outcome, rule):
    decision = decide(PROGRAMME, QUESTION, facts)
    assert (decision.outcome, decision.rule) == (outcome, rule)


def test_every_rule_of_its_own_is_reached_and_says_of_itself_that_it_was_never_in_force():
    own = rules_for(PROGRAMME, QUESTION)
    assert {name for *_, name in TABLE} == {one.id for one in own}
    for one in own:
        assert one.basis == "house"
        assert "no such rule was in force" in one.sentence
        assert "no such rule was in force" in one.source
        assert "no such rule was in force" in rule_words.basis(PROGRAMME, one)
    assert "no such rule was in force" in PROGRAMME.title
    assert "never were" in rule_words.in_force(PROGRAMME)


def test_all_other_questions_are_answered_by_the_rules_that_were_in_force():
    assert PROGRAMME.based_on == BASE.name
    assert PROGRAMME.own_questions == {QUESTION}
    assert all(PROGRAMME.rules[name] == BASE.rules[name] for name in BASE.rules if name != QUESTION)
    assert (PROGRAMME.was_in_force, BASE.was_in_force, BASE.based_on) == (False, True, "")
    hold = BASE.rule("hold-48-hours")
    assert rule_words.basis(PROGRAMME, hold) == rule_words.basis(BASE, hold) == rule_words.BASES[hold.basis]


def test_only_its_rules_ask_how_the_charges_ended():
    assert [name for name in available() if reads_fact(load(name), QUESTION, "disposition")] == [PROGRAMME.name]
    with pytest.raises(SenderError, match="POLICY_QUESTION_UNKNOWN"):
        reads_fact(PROGRAMME, "colour", "disposition")


def test_the_hash_of_a_programme_covers_the_one_that_it_is_based_on():
    head = HEAD + "based_on = 'base'\n" + HOURS
    first = parse_programme(head, house_vocabulary(), lambda _: BASE)
    other = parse_programme(head, house_vocabulary(), lambda _: PROGRAMME)
    assert first.text_hash != other.text_hash
    assert first.rules["hold_hours"][0].outcome == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (HEAD + "based_on = 'nowhere-1'\n" + HOURS, "POLICY_PROGRAMME_UNKNOWN"),
        (HEAD + "based_on = 7\n" + HOURS, "POLICY_FORM"),
        (HEAD + "was_in_force = 'no'\n" + HOURS, "POLICY_FORM"),
        (
            HEAD
            + "based_on = 'base-1'\n"
            + rule("[]", rule_id="detainer-permitted", question="hold_hours", outcome="1"),
            "POLICY_RULE_ID",
        ),
        (HEAD + HOURS, "POLICY_DEFAULT"),
    ],
)
def test_a_base_that_cannot_be_is_refused_with_a_code(text, code):
    def base_of(name):
        return BASE if name == "base-1" else load(name)

    with pytest.raises((RecordError, SenderError), match=code):
        parse_programme(text, house_vocabulary(), base_of)


def test_a_programme_that_is_based_on_another_one_can_be_no_base_itself():
    text = HEAD + "based_on = 'base-1'\n" + HOURS
    with pytest.raises(RecordError, match="POLICY_FORM"):
        parse_programme(text, house_vocabulary())
