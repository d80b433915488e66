"""Laws of conditions, and the proof that columns and single cases are decided alike."""

from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tenprint.policy.columns import Column, decide_columns
from tenprint.policy.conditions import OPERATORS, Condition, FactReference, all_hold, holds
from tenprint.policy.evaluate import decide
from tenprint.policy.programme import load, parse_programme
from tenprint.policy.vocabulary import house_vocabulary, parse_vocabulary

PROGRAMME = load("secure-communities-2010-10")
DAY = date(2010, 10, 1)

TOY = parse_vocabulary("""
[facts.a]
type = "int"
label = "a"
[facts.b]
type = "int"
label = "b"
[facts.c]
type = "text"
label = "c"
one_of = ["red", "green", "redder"]
[facts.d]
type = "date"
label = "d"
[facts.e]
type = "date"
label = "e"
[facts.f]
type = "bool"
label = "f"
[questions.q]
asks = "q?"
unit = "hours"
""")

days = st.integers(0, 4).map(lambda n: DAY + timedelta(days=n))
VALUES = {
    "a": st.integers(-2, 2),
    "b": st.integers(-2, 2),
    "c": st.sampled_from(["red", "green", "redder"]),
    "d": days,
    "e": days,
    "f": st.booleans(),
}
toy_facts = st.fixed_dictionaries({}, optional=VALUES)


def written(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(written(one) for one in value) + "]"
    return repr(value) if isinstance(value, str | int) else value.isoformat()


@st.composite
def toy_conditions(draw):
    """A condition as TOML text, of any operator that suits its fact."""
    name = draw(st.sampled_from(sorted(VALUES)))
    used = ["is", "is_not", "known"]
    used += ["in", "not_in"] if name != "f" else []
    used += ["at_least", "at_most", "above", "below"] if name in "abde" else []
    used += ["before", "after"] if name in "de" else []
    operator = draw(st.sampled_from(used))
    if operator == "known":
        value = written(draw(st.booleans()))
    elif operator in ("in", "not_in"):
        value = written(draw(st.lists(VALUES[name], min_size=1, max_size=3)))
    elif name in "abde" and draw(st.booleans()):
        value = "{ fact = '%s' }" % draw(st.sampled_from({"a": "ab", "b": "ab", "d": "de", "e": "de"}[name]))  # noqa: UP031
    else:
        value = written(draw(VALUES[name]))
    return f"{{ fact = '{name}', {operator} = {value} }}"


@st.composite
def toy_programmes(draw):
    """A programme of up to six rules over the toy vocabulary, whose outcomes are their positions."""
    rules = draw(st.lists(st.lists(toy_conditions(), min_size=1, max_size=3), max_size=6))
    text = "[programme]\nid='toy'\nversion='1'\ntitle='toy'\neffective_from=2010-10-01\n"
    for position, when in enumerate([*rules, []]):
        text += f"[[rules]]\nquestion='q'\nid='r{position}'\nwhen=[{', '.join(when)}]\noutcome={position}\n"
        text += "basis='house'\nsentence='{a} {c} {d}.'\nsource='none'\n"
    return parse_programme(text, TOY)


def as_columns(names, rows, filler):
    """Rows as columns; what is not known is filled with any value of the right type."""
    columns = {}
    for name in names:
        known = np.array([name in row for row in rows], dtype=bool)
        values = [row.get(name, filler[name]) for row in rows]
        kind = "datetime64[D]" if isinstance(filler[name], date) else None
        columns[name] = Column(np.array(values, dtype=kind), None if known.all() else known)
    return columns


@given(programme=toy_programmes(), rows=st.lists(toy_facts, min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_columns_and_single_cases_are_decided_alike(programme, rows):
    filler = {"a": 0, "b": 1, "c": "red", "d": DAY, "e": DAY, "f": True}
    many = decide_columns(programme, "q", as_columns(filler, rows, filler), len(rows))
    single = [decide(programme, "q", row) for row in rows]
    assert many.rule_ids().tolist() == [one.rule for one in single]
    assert many.outcomes().tolist() == [one.outcome for one in single]
    assert many.unsettled.tolist() == [not one.is_settled for one in single]


def house_values(fact):
    if fact.type == "bool":
        return st.booleans()
    if fact.type == "date":
        return days
    if fact.type == "text":
        return st.sampled_from(fact.one_of or ("FMR_1E4", "FMR_1E6"))
    low = fact.at_least or 0
    return st.integers(low, low + 9 if fact.at_most is None else fact.at_most)


HOUSE = house_vocabulary().facts
house_facts = st.fixed_dictionaries({}, optional={name: house_values(fact) for name, fact in HOUSE.items()})


@given(rows=st.lists(house_facts, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_every_question_of_the_programme_is_decided_alike_for_columns_and_single_cases(rows):
    filler = {
        name: {"bool": False, "int": fact.at_least or 0, "date": DAY}.get(fact.type, (fact.one_of or ("x",))[0])
        for name, fact in HOUSE.items()
    }
    columns = as_columns({name for row in rows for name in row}, rows, filler)
    for question in PROGRAMME.rules:
        many = decide_columns(PROGRAMME, question, columns, len(rows))
        single = [decide(PROGRAMME, question, row) for row in rows]
        assert many.rule_ids().tolist() == [one.rule for one in single]
        assert many.outcomes().tolist() == [one.outcome for one in single]
        assert many.unsettled.tolist() == [not one.is_settled for one in single]


READY = {
    "status": "removable",
    "match_confirmed": True,
    "named_officer": True,
    "reason_given": True,
    "evidence": "final_order",
    "legal_ground_given": True,
    "citizenship_claim": False,
    "victim_or_witness": False,
    "juvenile": False,
    "record_corrected": False,
    "second_look_done": True,
}


@st.composite
def nearly_ready(draw):
    """Facts under which a detainer is permitted, but for up to three that are missing or other."""
    facts = dict(READY)
    for name in draw(st.sets(st.sampled_from(sorted(READY)), max_size=3)):
        del facts[name]
        if draw(st.booleans()):
            facts[name] = draw(house_values(HOUSE[name]))
    return facts


@given(facts=nearly_ready())
@settings(max_examples=300, deadline=None)
def test_a_detainer_is_permitted_only_with_everything_the_house_demands(facts):
    decision = decide(PROGRAMME, "detainer", facts)
    if decision.outcome == "permitted":
        assert facts["status"] != "citizen"
        assert facts["evidence"] != "none"
        demanded = ("match_confirmed", "named_officer", "reason_given", "legal_ground_given")
        assert all(facts[name] is True for name in demanded)
        asked = ("citizenship_claim", "victim_or_witness")
        assert all(name in facts for name in asked)
        looked_at = ("juvenile", "record_corrected", *asked)
        assert facts.get("second_look_done") or not any(facts[name] for name in looked_at)


@given(facts=house_facts, question=st.sampled_from(sorted(PROGRAMME.rules)))
@settings(max_examples=200, deadline=None)
def test_a_settled_decision_stays_when_more_facts_become_known(facts, question):
    some = dict(list(facts.items())[::2])
    before = decide(PROGRAMME, question, some)
    if before.is_settled:
        assert decide(PROGRAMME, question, facts).rule == before.rule


@given(programme=toy_programmes(), facts=toy_facts, data=st.data())
@settings(max_examples=200, deadline=None)
def test_a_settled_decision_stays_whatever_the_rules_ask_of_facts(programme, facts, data):
    some = {name: facts[name] for name in sorted(facts) if data.draw(st.booleans())}
    before = decide(programme, "q", some)
    if before.is_settled:
        assert decide(programme, "q", facts).rule == before.rule


@given(facts=toy_facts, a=st.integers(-2, 2))
def test_a_condition_and_its_opposite_never_hold_together_and_are_unknown_together(facts, a):
    opposites = [("is", "is_not"), ("at_least", "below"), ("at_most", "above")]
    for operand in (a, FactReference("b")):
        for one, other in opposites:
            answers = holds(Condition("a", one, operand), facts), holds(Condition("a", other, operand), facts)
            assert answers in ((True, False), (False, True), (None, None))
            needed = {"a", "b"} if isinstance(operand, FactReference) else {"a"}
            assert (answers == (None, None)) == (not needed <= facts.keys())
    listed = holds(Condition("a", "in", (a,)), facts)
    assert listed == holds(Condition("a", "is", a), facts)
    assert holds(Condition("a", "not_in", (a,)), facts) == (None if listed is None else not listed)
    assert holds(Condition("a", "known", True), facts) == ("a" in facts)
    assert holds(Condition("d", "before", DAY), facts) == holds(Condition("d", "below", DAY), facts)
    assert holds(Condition("d", "after", DAY), facts) == holds(Condition("d", "above", DAY), facts)


@given(answers=st.lists(st.sampled_from([True, False, None]), max_size=5))
def test_all_of_several_conditions_is_the_least_sure_of_them(answers):
    facts = {"yes": 1, "no": 0}
    name = {True: "yes", False: "no", None: "missing"}
    conditions = tuple(Condition(name[one], "is", 1) for one in answers)
    expected = False if False in answers else None if None in answers else True
    assert all_hold(conditions, facts) is expected


def test_every_operator_has_a_law_here():
    assert set(OPERATORS) == {
        "is", "is_not", "in", "not_in", "at_least", "at_most", "above", "below", "before", "after", "known"
    }  # fmt: skip
