"""Rules in sentences, for people who read law and no rule files."""

from tenprint.policy import programme as programmes
from tenprint.web import rule_words

PROGRAMME = programmes.load("secure-communities-2010-10")


def test_a_rule_without_conditions_says_when_it_answers_and_not_otherwise() -> None:
    last = PROGRAMME.rule("detainer-not-settled")
    assert rule_words.when(last, 12).endswith("It answers when none of the 12 rules before it applies.")
    assert rule_words.when(last, 1).endswith("It answers when the rule before it does not apply.")
    assert "always" in rule_words.when(last, 0)


def test_conditions_are_demands_in_words_and_no_operators() -> None:
    said = [
        rule_words.condition(part, PROGRAMME.vocabulary)
        for rules in PROGRAMME.rules.values()
        for rule in rules
        for part in rule.conditions
    ]
    assert "Status that the specialist found: must be US citizen" in said
    assert all("must" in one and "_" not in one.partition(": must")[2].partition("the ")[0] for one in said), said
    assert any(one.endswith("must not be on record") for one in said)


def test_a_source_leads_to_the_law_that_it_cites() -> None:
    pieces = rule_words.cited("8 CFR 287.7(d): not to exceed 48 hours; 8 USC 1227(a)(1), see https://example.org/x.")
    assert [text for text, href in pieces if href] == ["8 CFR 287.7(d)", "8 USC 1227(a)(1)", "https://example.org/x."]
    assert pieces[0][1].endswith("/title-8/section-287.7") and "title8-section1227" in pieces[2][1]
    assert "".join(text for text, _ in pieces).startswith("8 CFR 287.7(d): not to exceed")
    assert rule_words.cited("The house's own reason") == (("The house's own reason", ""),)
    assert rule_words.cited("") == ()


def test_a_rule_says_since_when_it_is_in_force() -> None:
    assert rule_words.in_force(PROGRAMME) == "in force since 1 October 2010, no end on record"
