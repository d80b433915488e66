"""Rule files: what is in the package, and what every malformed file is told."""

from datetime import date

import pytest
from policy_rig import HEAD, rule

from tenprint.core.errors import RecordError, SenderError
from tenprint.policy.evaluate import decide
from tenprint.policy.programme import available, load, parse_programme, programme_in_force, rules_for
from tenprint.policy.vocabulary import house_vocabulary, parse_vocabulary

NAME = "secure-communities-2010-10"

VOCABULARY = parse_vocabulary("""
[facts.age]
type = "int"
label = "age"
at_least = 0
[facts.limit]
type = "int"
label = "limit"
[facts.colour]
type = "text"
label = "colour"
one_of = ["red", "green"]
[facts.day]
type = "date"
label = "day"
[facts.sure]
type = "bool"
label = "sure"
[questions.go]
asks = "Go?"
outcomes = ["yes", "no"]
""")

LAST = """
[[rules]]
question = "go"
id = "go-last"
when = []
outcome = "no"
basis = "house"
sentence = "No: {colour}."
source = "none"
"""


def parsed(text):
    return parse_programme(text, VOCABULARY)


def test_the_package_holds_secure_communities_of_october_2010_and_all_that_it_holds_can_be_read():
    assert NAME in available()
    for name in available():
        assert load(name).name == name


def test_a_programme_knows_its_dates_its_text_and_its_rules():
    programme = load(NAME)
    assert (programme.id, programme.version) == ("secure-communities", "2010-10")
    assert len(programme.text_hash) == 64
    assert programme.in_force(date(2010, 10, 4))
    assert not programme.in_force(date(2010, 9, 30))
    assert programme_in_force("secure-communities", date(2010, 10, 4)) is programme
    assert programme.rule("hold-48-hours").outcome == 48


@pytest.mark.parametrize("name", available())
def test_every_question_of_the_vocabulary_is_answered_and_every_rule_has_sentence_and_source(name):
    programme = load(name)
    assert programme.rules.keys() == house_vocabulary().questions.keys()
    for question in programme.rules:
        for one in rules_for(programme, question):
            assert one.sentence.endswith(".")
            assert one.source
            assert one.basis in ("programme", "house")
            assert one.describe(programme.vocabulary)
            assert one.question == question


def test_no_detainer_rule_can_require_anything():
    assert set(house_vocabulary().questions["detainer"].outcomes) == {"permitted", "needs", "refused"}
    for one in rules_for(load(NAME), "detainer"):
        if one.outcome == "permitted":
            assert "Nobody must ask" in one.sentence


def test_rules_are_described_in_words():
    toy = parsed(
        HEAD
        + rule("[{ fact = 'age', at_least = 3 }, { fact = 'colour', in = ['red', 'green'] }]")
        + rule("[{ fact = 'age', below = { fact = 'limit' } }, { fact = 'sure', known = false }]", rule_id="go-second")
        + LAST
    )
    assert [one.describe(VOCABULARY) for one in rules_for(toy, "go")] == [
        "age: at least 3 and colour: in red, green",
        "age: below limit and sure: not known",
        "otherwise",
    ]


@pytest.mark.parametrize(
    ("old", "new"), [('id = "toy"', 'id = "Toy!"'), ("go-last", "g" * 65), ('"1"', f'"{"1" * 65}"')]
)
def test_an_id_or_version_of_another_form_or_length_is_refused(old, new):
    """A rule's id is the code of its refusal, and stands where codes stand."""
    with pytest.raises(RecordError, match="POLICY_FORM"):
        parse_programme((HEAD + LAST).replace(old, new), VOCABULARY)


def test_unknown_names_are_refused_with_a_code():
    with pytest.raises(SenderError, match="POLICY_PROGRAMME_UNKNOWN"):
        load("../vocabulary")
    with pytest.raises(SenderError, match="POLICY_PROGRAMME_UNKNOWN"):
        programme_in_force("secure-communities", date(2007, 1, 1))
    with pytest.raises(SenderError, match="POLICY_PROGRAMME_UNKNOWN"):
        programme_in_force("secure", date(2010, 10, 4))
    with pytest.raises(SenderError, match="POLICY_QUESTION_UNKNOWN"):
        rules_for(load(NAME), "colour")
    with pytest.raises(SenderError, match="POLICY_RULE_UNKNOWN"):
        load(NAME).rule("nothing")


def test_an_end_date_is_the_last_day_in_force():
    toy = parsed(HEAD + "effective_to = 2010-10-31\n" + LAST)
    assert toy.in_force(date(2010, 10, 31))
    assert not toy.in_force(date(2010, 11, 1))


def test_equal_texts_have_equal_hashes_and_other_texts_others():
    assert parsed(HEAD + LAST).text_hash == parsed(HEAD + LAST).text_hash
    assert parsed(HEAD + LAST).text_hash != parsed(HEAD + LAST + "# remark\n").text_hash


FILES = {
    "no TOML": ("[[", "POLICY_TOML"),
    "no programme": (LAST, "POLICY_FORM"),
    "no rules": (HEAD, "POLICY_FORM"),
    "unknown table": (HEAD + LAST + "[more]\n", "POLICY_FORM"),
    "unknown head key": (HEAD + "colour = 1\n" + LAST, "POLICY_FORM"),
    "missing title": (HEAD.replace('title = "A toy"', "") + LAST, "POLICY_FORM"),
    "blank title": (HEAD.replace("A toy", " ") + LAST, "POLICY_FORM"),
    "version with spaces": (HEAD.replace('"1"', '"1 a"') + LAST, "POLICY_FORM"),
    "date as text": (HEAD.replace("2010-10-01", '"2010-10-01"') + LAST, "POLICY_FORM"),
    "date with time": (HEAD.replace("2010-10-01", "2010-10-01T00:00:00Z") + LAST, "POLICY_FORM"),
    "ends before it begins": (HEAD + "effective_to = 2010-09-30\n" + LAST, "POLICY_FORM"),
    "rules no list": ("rules = 7\n" + HEAD, "POLICY_FORM"),
    "rule no table": ("rules = [7]\n" + HEAD, "POLICY_FORM"),
    "rule without source": (HEAD + rule(source=None) + LAST, "POLICY_FORM"),
    "rule with a function": (HEAD + rule(call="'os.system'") + LAST, "POLICY_FORM"),
    "rule with unknown basis": (HEAD + rule(basis="'habit'") + LAST, "POLICY_FORM"),
    "rule id with capitals": (HEAD + rule(rule_id="Go") + LAST, "POLICY_FORM"),
    "brace without partner": (HEAD + rule(sentence="'Yes {age'") + LAST, "POLICY_FORM"),
    "conditions no list": (HEAD + rule("{ fact = 'age', is = 3 }") + LAST, "POLICY_FORM"),
    "condition no table": (HEAD + rule("['age']") + LAST, "POLICY_FORM"),
    "condition without fact": (HEAD + rule("[{ is = 3, at_least = 3 }]") + LAST, "POLICY_FORM"),
    "condition with two operators": (HEAD + rule("[{ fact = 'age', is = 3, at_least = 3 }]") + LAST, "POLICY_FORM"),
    "condition without operator": (HEAD + rule("[{ fact = 'age' }]") + LAST, "POLICY_FORM"),
    "value a strange table": (HEAD + rule("[{ fact = 'age', is = { call = 'x' } }]") + LAST, "POLICY_FORM"),
    "unknown fact": (HEAD + rule("[{ fact = 'height', is = 3 }]") + LAST, "POLICY_RULE_FACT"),
    "unknown other fact": (HEAD + rule("[{ fact = 'age', is = { fact = 'height' } }]") + LAST, "POLICY_RULE_FACT"),
    "unknown fact in sentence": (HEAD + rule(sentence="'Yes {height}.'") + LAST, "POLICY_RULE_FACT"),
    "attribute in sentence": (HEAD + rule(sentence="'Yes {age.real}.'") + LAST, "POLICY_RULE_FACT"),
    "unknown question": (HEAD + rule(question="stay") + LAST, "POLICY_RULE_QUESTION"),
    "unknown operator": (HEAD + rule("[{ fact = 'age', matches = 3 }]") + LAST, "POLICY_CONDITION"),
    "other type": (HEAD + rule("[{ fact = 'age', is = '3' }]") + LAST, "POLICY_CONDITION"),
    "bool for int": (HEAD + rule("[{ fact = 'age', is = true }]") + LAST, "POLICY_CONDITION"),
    "float": (HEAD + rule("[{ fact = 'age', is = 3.0 }]") + LAST, "POLICY_CONDITION"),
    "impossible text": (HEAD + rule("[{ fact = 'colour', is = 'blue' }]") + LAST, "POLICY_CONDITION"),
    "impossible number": (HEAD + rule("[{ fact = 'age', is = -1 }]") + LAST, "POLICY_CONDITION"),
    "time for a day": (HEAD + rule("[{ fact = 'day', is = 2010-10-01T00:00:00 }]") + LAST, "POLICY_CONDITION"),
    "empty list": (HEAD + rule("[{ fact = 'age', in = [] }]") + LAST, "POLICY_CONDITION"),
    "list for is": (HEAD + rule("[{ fact = 'age', is = [3] }]") + LAST, "POLICY_CONDITION"),
    "literal for in": (HEAD + rule("[{ fact = 'age', in = 3 }]") + LAST, "POLICY_CONDITION"),
    "order of texts": (HEAD + rule("[{ fact = 'colour', at_least = 'red' }]") + LAST, "POLICY_CONDITION"),
    "before for a number": (HEAD + rule("[{ fact = 'age', before = 3 }]") + LAST, "POLICY_CONDITION"),
    "known with a text": (HEAD + rule("[{ fact = 'age', known = 'yes' }]") + LAST, "POLICY_CONDITION"),
    "facts of two types": (HEAD + rule("[{ fact = 'age', is = { fact = 'day' } }]") + LAST, "POLICY_CONDITION"),
    "unknown outcome": (HEAD + rule(outcome="'maybe'") + LAST, "POLICY_OUTCOME"),
    "number for words": (HEAD + rule(outcome="3") + LAST, "POLICY_OUTCOME"),
    "list as outcome": (HEAD + rule(outcome="['yes']") + LAST, "POLICY_OUTCOME"),
    "id used twice": (HEAD + rule() + rule() + LAST, "POLICY_RULE_ID"),
    "no default": (HEAD + rule(), "POLICY_DEFAULT"),
    "default before the end": (HEAD + LAST + rule(), "POLICY_DEFAULT"),
    "two defaults": (HEAD + rule("[]") + LAST, "POLICY_DEFAULT"),
}


@pytest.mark.parametrize(("text", "code"), FILES.values(), ids=FILES.keys())
def test_a_malformed_programme_is_refused_with_a_code(text, code):
    with pytest.raises(RecordError) as caught:
        parsed(text)
    assert caught.value.code == code


VOCABULARIES = {
    "no TOML": ("[", "POLICY_TOML"),
    "no questions": ("[facts]\n", "POLICY_FORM"),
    "facts no table": ("facts = 1\n[questions]\n", "POLICY_FORM"),
    "unknown type": ("[facts.a]\ntype='float'\nlabel='a'\n[questions]\n", "POLICY_FORM"),
    "no label": ("[facts.a]\ntype='int'\n[questions]\n", "POLICY_FORM"),
    "range of a text": ("[facts.a]\ntype='text'\nlabel='a'\nat_least=1\n[questions]\n", "POLICY_FORM"),
    "limit no number": ("[facts.a]\ntype='int'\nlabel='a'\nat_least='1'\n[questions]\n", "POLICY_FORM"),
    "words for other texts": (
        "[facts.a]\ntype='text'\nlabel='a'\none_of=['x']\nwords={y='z'}\n[questions]\n",
        "POLICY_FORM",
    ),
    "words no texts": ("[facts.a]\ntype='text'\nlabel='a'\none_of=['x']\nwords={x=1}\n[questions]\n", "POLICY_FORM"),
    "one_of no list": ("[facts.a]\ntype='text'\nlabel='a'\none_of='x'\n[questions]\n", "POLICY_FORM"),
    "fact with a capital": ("[facts.A]\ntype='int'\nlabel='a'\n[questions]\n", "POLICY_FORM"),
    "question with neither": ("[facts]\n[questions.q]\nasks='q'\n", "POLICY_FORM"),
    "question with both": ("[facts]\n[questions.q]\nasks='q'\noutcomes=['a']\nunit='h'\n", "POLICY_FORM"),
    "question without outcomes": ("[facts]\n[questions.q]\nasks='q'\noutcomes=[]\n", "POLICY_FORM"),
    "question not asked": ("[facts]\n[questions.q]\noutcomes=['a']\n", "POLICY_FORM"),
}


@pytest.mark.parametrize(("text", "code"), VOCABULARIES.values(), ids=VOCABULARIES.keys())
def test_a_malformed_vocabulary_is_refused_with_a_code(text, code):
    with pytest.raises(RecordError) as caught:
        parse_vocabulary(text)
    assert caught.value.code == code


def test_a_remembered_answer_is_given_for_the_same_facts_of_the_same_type_only():
    programme = parsed(HEAD + rule("[{ fact = 'age', is = 1 }]") + LAST)
    first = decide(programme, "go", {"age": 1})
    assert first.rule == "go-first"
    assert decide(programme, "go", {"age": 1}) is first
    assert decide(programme, "go", {"age": 0}).rule == "go-last"
    with pytest.raises(SenderError, match="POLICY_FACT_VALUE"):
        decide(programme, "go", {"age": True})
