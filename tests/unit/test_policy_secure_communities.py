"""The full table of answers of Secure Communities as of October 2010."""

import json
from datetime import date, datetime

import pytest

from tenprint.core.errors import PolicyRefusal, SenderError
from tenprint.policy.evaluate import decide, refuse_unless
from tenprint.policy.programme import load, rules_for

PROGRAMME = load("secure-communities-2010-10")
EVERYBODY = "field_office criminal_repository state_bureau agency"
NOT_THE_AGENCY = "field_office criminal_repository state_bureau"


def answer(question, **facts):
    decision = decide(PROGRAMME, question, facts)
    return decision.outcome, decision.rule


FORWARDS = {"state_forwards": True}
HIT = {"state_forwards": True, "state_result": "match"}
NOT_RELAYED = dict.fromkeys(("agency_receives_answer", "state_relays_answer", "copy_party_receives_answer"), False)
CLEAN = {"aggravated_felony_conviction": False, "felony_convictions": 0, "misdemeanour_convictions": 0}
STATE_SCORE = {"repository": "state", "threshold": 100, "threshold_name": "FMR_1E6"}
KEEPS = {"repository": "immigration", "keeps_searches": True}

TABLE = [
    ("accept_submission", {"usable_fingers": 10}, "accept", "accept-enough-fingers"),
    ("accept_submission", {"usable_fingers": 4}, "accept", "accept-enough-fingers"),
    ("accept_submission", {"usable_fingers": 3}, "reject", "accept-too-few-fingers"),
    ("accept_submission", {"usable_fingers": 0, "explained_missing_fingers": 10}, "reject", "accept-too-few-fingers"),
    ("accept_submission", {"usable_fingers": 3, "explained_missing_fingers": 6}, "accept", "accept-fingers-lost"),
    ("accept_submission", {"usable_fingers": 3, "explained_missing_fingers": 5}, "reject", "accept-too-few-fingers"),
    (
        "accept_submission",
        {"usable_fingers": 9, "unexplained_missing_fingers": 1},
        "reject",
        "accept-missing-unexplained",
    ),
    ("accept_submission", {"usable_fingers": 9, "unexplained_missing_fingers": 0}, "accept", "accept-enough-fingers"),
    ("accept_submission", {}, "reject", "accept-too-few-fingers"),
    ("forward_to_criminal", FORWARDS | {"state_result": "no_match"}, "forward", "forward-not-in-state-file"),
    ("forward_to_criminal", FORWARDS | {"state_result": "not_asked"}, "forward", "forward-not-in-state-file"),
    ("forward_to_criminal", FORWARDS | {"state_result": "pending"}, "forward", "forward-state-unanswered"),
    ("forward_to_criminal", FORWARDS | {"state_result": "error"}, "forward", "forward-state-unanswered"),
    ("forward_to_criminal", FORWARDS | {"state_result": "partial"}, "forward", "forward-state-unanswered"),
    ("forward_to_criminal", HIT | {"criterion_offence": True}, "forward", "forward-criterion-offence"),
    ("forward_to_criminal", HIT | {"state_forwards_repeat_arrests": True}, "forward", "forward-repeat-arrest"),
    (
        "forward_to_criminal",
        HIT | {"state_is_nff": True, "state_forwards_repeat_arrests": False, "criterion_offence": True},
        "keep",
        "forward-nff-repeat",
    ),
    (
        "forward_to_criminal",
        HIT | {"state_is_nff": True, "state_forwards_repeat_arrests": True},
        "forward",
        "forward-repeat-arrest",
    ),
    (
        "forward_to_criminal",
        HIT | {"state_is_nff": False, "state_forwards_repeat_arrests": False, "criterion_offence": False},
        "keep",
        "forward-repeat-nonserious",
    ),
    (
        "forward_to_criminal",
        HIT | {"state_is_nff": False, "state_forwards_repeat_arrests": False},
        "keep",
        "forward-repeat-not-read",
    ),
    ("forward_to_criminal", HIT, "keep", "forward-nothing-says-so"),
    ("forward_to_criminal", {"state_forwards": False, "state_result": "no_match"}, "keep", "forward-switched-off"),
    ("forward_to_criminal", {"state_result": "no_match"}, "keep", "forward-nothing-says-so"),
    ("cascade_to_immigration", {"ori_activated": True}, "search", "cascade-activated"),
    ("cascade_to_immigration", {"ori_activated": True, "ndr_asks_immigration": False}, "search", "cascade-activated"),
    ("cascade_to_immigration", {"ori_activated": False, "ndr_asks_immigration": True}, "search", "cascade-asked-for"),
    (
        "cascade_to_immigration",
        {"ori_activated": False, "ndr_asks_immigration": False},
        "do_not_search",
        "cascade-not-activated",
    ),
    ("cascade_to_immigration", {}, "do_not_search", "cascade-not-activated"),
    ("verify_candidate", {"repository": "immigration"}, "examiner", "verify-immigration-examiner"),
    (
        "verify_candidate",
        {"repository": "immigration", "score": 9999, "threshold": 1},
        "examiner",
        "verify-immigration-examiner",
    ),
    ("verify_candidate", STATE_SCORE | {"score": 100}, "rule", "verify-by-threshold-2010-10"),
    ("verify_candidate", STATE_SCORE | {"score": 99}, "dismiss", "verify-below-threshold-2010-10"),
    (
        "verify_candidate",
        STATE_SCORE | {"repository": "criminal", "score": 500},
        "rule",
        "verify-by-threshold-2010-10",
    ),
    ("verify_candidate", STATE_SCORE, "examiner", "verify-examiner-in-doubt"),
    ("verify_candidate", {"repository": "state", "score": 500}, "examiner", "verify-examiner-in-doubt"),
    ("verify_candidate", {"score": 500, "threshold": 100}, "examiner", "verify-examiner-in-doubt"),
    ("second_examiner", {"finding": "identification"}, "not_needed", "second-examiner-settled"),
    ("second_examiner", {"finding": "exclusion", "examiners_asked": 1}, "not_needed", "second-examiner-settled"),
    ("second_examiner", {"finding": "inconclusive", "examiners_asked": 1}, "ask", "second-examiner-ask"),
    ("second_examiner", {"finding": "inconclusive", "examiners_asked": 2}, "end", "second-examiner-still-open"),
    ("second_examiner", {"finding": "inconclusive"}, "ask", "second-examiner-nothing-settled"),
    ("second_examiner", {}, "ask", "second-examiner-nothing-settled"),
    ("answer_within_seconds", {"priority": 1}, 10, "answer-priority-1"),
    ("answer_within_seconds", {"priority": 2}, 2 * 60, "answer-priority-2"),
    ("answer_within_seconds", {"priority": 3}, 15 * 60, "answer-priority-3-4"),
    ("answer_within_seconds", {"priority": 4}, 15 * 60, "answer-priority-3-4"),
    ("answer_within_seconds", {"priority": 5}, 2 * 3600, "answer-priority-5"),
    ("answer_within_seconds", {"priority": 6}, 24 * 3600, "answer-priority-6-7"),
    ("answer_within_seconds", {"priority": 7}, 24 * 3600, "answer-priority-6-7"),
    ("answer_within_seconds", {"priority": 8}, 5 * 86400, "answer-priority-8"),
    ("answer_within_seconds", {"priority": 9}, 30 * 86400, "answer-priority-9"),
    ("answer_within_seconds", {}, 15 * 60, "answer-no-priority"),
    ("iaq_on_match", {"immigration_result": "match"}, "send", "iaq-on-match"),
    ("iaq_on_match", {"immigration_result": "no_match"}, "do_not_send", "iaq-no-match"),
    ("iaq_on_match", {"immigration_result": "not_asked"}, "do_not_send", "iaq-no-match"),
    ("iaq_on_match", {"immigration_result": "pending"}, "do_not_send", "iaq-no-full-answer"),
    ("iaq_on_match", {"immigration_result": "error"}, "do_not_send", "iaq-no-full-answer"),
    ("iaq_on_match", {"immigration_result": "partial"}, "do_not_send", "iaq-no-full-answer"),
    ("iaq_on_match", {}, "do_not_send", "iaq-no-full-answer"),
    ("iar_within_seconds", {}, 4 * 3600, "iar-four-hours"),
    ("who_receives_iar", {}, EVERYBODY, "iar-everybody"),
    ("who_receives_iar", {"agency_receives_answer": True, "state_relays_answer": True}, EVERYBODY, "iar-everybody"),
    ("who_receives_iar", {"agency_receives_answer": False}, NOT_THE_AGENCY, "iar-agency-declines"),
    ("who_receives_iar", {"state_relays_answer": False}, NOT_THE_AGENCY, "iar-state-does-not-relay"),
    ("copy_answer", {}, "copy", "copy-as-asked"),
    ("copy_answer", NOT_RELAYED | {"answer_has_status": False}, "copy", "copy-as-asked"),
    ("copy_answer", NOT_RELAYED | {"answer_has_status": True}, "do_not_copy", "copy-agency-declines"),
    (
        "copy_answer",
        {"answer_has_status": True, "agency_receives_answer": True, "state_relays_answer": False},
        "do_not_copy",
        "copy-state-does-not-relay",
    ),
    (
        "copy_answer",
        {"answer_has_status": True, "agency_receives_answer": True, "copy_party_receives_answer": False},
        "do_not_copy",
        "copy-receiver-declines",
    ),
    ("offence_level", CLEAN | {"aggravated_felony_conviction": True}, "1", "level-1-aggravated-felony"),
    ("offence_level", CLEAN | {"felony_convictions": 2}, "1", "level-1-two-felonies"),
    ("offence_level", CLEAN | {"felony_convictions": 1}, "2", "level-2-felony"),
    ("offence_level", CLEAN | {"felony_convictions": 1, "misdemeanour_convictions": 5}, "2", "level-2-felony"),
    ("offence_level", CLEAN | {"misdemeanour_convictions": 3}, "2", "level-2-three-misdemeanours"),
    ("offence_level", CLEAN | {"misdemeanour_convictions": 2}, "3", "level-3-misdemeanour"),
    ("offence_level", CLEAN | {"misdemeanour_convictions": 1}, "3", "level-3-misdemeanour"),
    ("offence_level", CLEAN | {"charged": True}, "none", "level-none-charged-only"),
    ("offence_level", CLEAN | {"charged": False}, "none", "level-none"),
    ("offence_level", CLEAN, "none", "level-none"),
    ("offence_level", {"charged": True}, "unknown", "level-unknown"),
    ("offence_level", {"felony_convictions": 0, "misdemeanour_convictions": 0}, "unknown", "level-unknown"),
    ("priority", {"status": "citizen", "national_security_concern": True}, "none", "priority-none-citizen"),
    ("priority", {"status": "removable", "national_security_concern": True}, "1", "priority-1-national-security"),
    ("priority", {"status": "removable", "offence_level": "1"}, "1", "priority-1-convicted"),
    ("priority", {"status": "permanent_resident", "offence_level": "3"}, "1", "priority-1-convicted"),
    ("priority", {"offence_level": "none", "recent_illegal_entrant": True}, "2", "priority-2-recent-entry"),
    ("priority", {"recent_illegal_entrant": True, "fugitive_or_obstructor": True}, "2", "priority-2-recent-entry"),
    ("priority", {"fugitive_or_obstructor": True}, "3", "priority-3-fugitive"),
    ("priority", {"offence_level": "unknown"}, "none", "priority-none"),
    ("priority", {}, "none", "priority-none"),
    ("hold_hours", {}, 48, "hold-48-hours"),
    ("hold_hours", {"detainer_accepted": True}, 48, "hold-48-hours"),
    ("hold_hours", {"detainer_accepted": False}, 0, "hold-declined"),
    ("retention", {"repository": "state", "retain_requested": True}, "keep", "retention-asked"),
    ("retention", {"repository": "criminal", "retain_requested": False}, "search_only", "retention-not-asked"),
    ("retention", {"repository": "immigration", "retain_requested": True}, "search_only", "retention-immigration"),
    ("retention", {}, "search_only", "retention-not-asked"),
    ("retention", KEEPS | {"retain_requested": True}, "keep", "retention-immigration-keeps"),
    ("retention", KEEPS | {"retain_requested": False}, "search_only", "retention-immigration"),
    ("delivery", {"delivery_setting": "combined", "agency_receives_answer": True}, "combined", "delivery-combined"),
    (
        "delivery",
        {"delivery_setting": "combined", "agency_receives_answer": False},
        "separate",
        "delivery-agency-declines",
    ),
    (
        "delivery",
        {"delivery_setting": "combined", "state_relays_answer": False},
        "separate",
        "delivery-state-does-not-relay",
    ),
    ("delivery", {"delivery_setting": "separate"}, "separate", "delivery-separate"),
    ("delivery", {}, "separate", "delivery-separate"),
    ("keep_days", {"keeper": "auditor", "kept": "messages", "case_ended": "answered"}, 1825, "keep-audit"),
    ("keep_days", {"keeper": "criminal_repository", "kept": "prints", "case_ended": "withdrawn"}, 27375, "keep-prints"),
    ("keep_days", {"keeper": "state_bureau", "kept": "messages", "case_ended": "withdrawn"}, 30, "keep-withdrawn"),
    ("keep_days", {"keeper": "agency", "kept": "messages", "case_ended": "rejected"}, 90, "keep-rejected"),
    (
        "keep_days",
        {"keeper": "immigration_repository", "kept": "tasks", "case_ended": "no_match", "retain_requested": True},
        30,
        "keep-nobody-found",
    ),
    (
        "keep_days",
        {"kept": "images", "retain_requested": False, "case_ended": "transferred"},
        30,
        "keep-images-of-search-only",
    ),
    ("keep_days", {"kept": "images", "retain_requested": True, "case_ended": "answered"}, 1825, "keep-five-years"),
    ("keep_days", {"retain_requested": False, "case_ended": "no_match"}, 90, "keep-search-only"),
    ("keep_days", {"retain_requested": True, "case_ended": "no_match"}, 1825, "keep-five-years"),
    ("keep_days", {"case_ended": "no_match"}, 1825, "keep-five-years"),
    ("keep_days", {"keeper": "jail", "kept": "tasks", "case_ended": "lapsed"}, 3650, "keep-what-somebody-decided"),
    ("keep_days", {"keeper": "field_office", "case_ended": "no_action"}, 3650, "keep-what-somebody-decided"),
    ("keep_days", {"retain_requested": False, "case_ended": "not_confirmed"}, 1825, "keep-five-years"),
    ("keep_days", {}, 1825, "keep-five-years"),
    ("erase_expunged", {"keeper": "jail", "hold_requested": True}, "keep", "expunged-hold-on-record"),
    (
        "erase_expunged",
        {"keeper": "field_office", "hold_requested": True, "case_ended": "withdrawn"},
        "keep",
        "expunged-hold-on-record",
    ),
    (
        "erase_expunged",
        {"keeper": "field_office", "hold_requested": False, "case_ended": "interviewed"},
        "keep",
        "expunged-interview-on-record",
    ),
    ("erase_expunged", {"keeper": "field_office", "case_ended": "no_action"}, "erase", "expunged-erased"),
    ("erase_expunged", {"keeper": "support_center", "case_ended": "answered"}, "erase", "expunged-erased"),
    ("erase_expunged", {"keeper": "court", "case_ended": "interviewed"}, "erase", "expunged-erased"),
    ("erase_expunged", {}, "erase", "expunged-erased"),
]


@pytest.mark.parametrize(
    ("question", "facts", "outcome", "rule"), TABLE, ids=[f"{q}-{r}-{i}" for i, (q, _, _, r) in enumerate(TABLE)]
)
def test_the_programme_answers(question, facts, outcome, rule):
    assert answer(question, **facts) == (outcome, rule)


READY = {
    "status": "removable",
    "match_confirmed": True,
    "named_officer": True,
    "reason_given": True,
    "evidence": "biometric_and_records",
    "legal_ground_given": True,
    "citizenship_claim": False,
    "victim_or_witness": False,
    "juvenile": False,
    "record_corrected": False,
}
DETAINER_TABLE = [
    ({}, "permitted", "detainer-permitted"),
    ({"status": "permanent_resident"}, "permitted", "detainer-permitted"),
    ({"status": "other_lawful"}, "permitted", "detainer-permitted"),
    ({"status": "in_proceedings", "evidence": "pending_proceedings"}, "permitted", "detainer-permitted"),
    ({"status": "final_order", "evidence": "final_order"}, "permitted", "detainer-permitted"),
    ({"status": "unknown", "evidence": "own_statement_or_other"}, "permitted", "detainer-permitted"),
    ({"status": "unknown"}, "refused", "detainer-status-unknown"),
    ({"status": "unknown", "evidence": "none"}, "refused", "detainer-no-evidence"),
    ({"status": "unknown", "second_look_done": True}, "refused", "detainer-status-unknown"),
    ({"status": "citizen"}, "refused", "detainer-citizen"),
    ({"status": "citizen", "second_look_done": True}, "refused", "detainer-citizen"),
    ({"match_confirmed": False}, "refused", "detainer-match-not-confirmed"),
    ({"named_officer": False}, "refused", "detainer-no-officer"),
    ({"reason_given": False}, "refused", "detainer-no-reason"),
    ({"evidence": "none"}, "refused", "detainer-no-evidence"),
    ({"legal_ground_given": False}, "refused", "detainer-no-legal-ground"),
    ({"status": "permanent_resident", "legal_ground_given": False}, "refused", "detainer-no-legal-ground"),
    ({"citizenship_claim": True}, "needs", "detainer-citizenship-claim"),
    ({"citizenship_claim": True, "second_look_done": False}, "needs", "detainer-citizenship-claim"),
    ({"citizenship_claim": True, "second_look_done": True}, "permitted", "detainer-permitted-after-second-look"),
    ({"victim_or_witness": True}, "needs", "detainer-victim-or-witness"),
    ({"victim_or_witness": True, "second_look_done": True}, "permitted", "detainer-permitted-after-second-look"),
    ({"juvenile": True}, "needs", "detainer-juvenile"),
    ({"juvenile": True, "second_look_done": True}, "permitted", "detainer-permitted-after-second-look"),
    ({"record_corrected": True}, "needs", "detainer-record-corrected"),
    ({"record_corrected": True, "second_look_done": True}, "permitted", "detainer-permitted-after-second-look"),
    ({"record_corrected": True, "status": "citizen"}, "refused", "detainer-citizen"),
    ({"second_look_done": True, "legal_ground_given": False}, "refused", "detainer-no-legal-ground"),
]


@pytest.mark.parametrize(("change", "outcome", "rule"), DETAINER_TABLE)
def test_a_detainer_is(change, outcome, rule):
    assert answer("detainer", **(READY | change)) == (outcome, rule)


def test_without_any_fact_no_detainer_may_be_sent():
    decision = decide(PROGRAMME, "detainer", {})
    assert decision.outcome != "permitted"
    assert not decision.is_settled


@pytest.mark.parametrize("missing", READY)
@pytest.mark.parametrize("extra", [{}, {"second_look_done": False}])
def test_no_detainer_is_permitted_while_one_needed_fact_is_not_known(missing, extra):
    facts = {name: value for name, value in (READY | extra).items() if name != missing}
    decision = decide(PROGRAMME, "detainer", facts)
    assert decision.outcome in ("refused", "needs")
    assert missing in decision.unknown_facts


@pytest.mark.parametrize("missing", sorted(READY.keys() - {"juvenile", "record_corrected"}))
def test_a_second_look_replaces_no_needed_fact(missing):
    facts = {name: value for name, value in (READY | {"second_look_done": True}).items() if name != missing}
    assert decide(PROGRAMME, "detainer", facts).outcome in ("refused", "needs")


@pytest.mark.parametrize("missing", ["citizenship_claim", "victim_or_witness"])
def test_a_question_that_nobody_asked_must_be_asked_first(missing):
    facts = {name: value for name, value in READY.items() if name != missing}
    assert decide(PROGRAMME, "detainer", facts).outcome == "needs"


def test_every_rule_of_the_programme_is_reached_by_the_tables():
    reached = {rule for *_, rule in TABLE} | {rule for *_, rule in DETAINER_TABLE}
    reached |= {"detainer-citizenship-not-asked", "detainer-victim-not-asked", "detainer-not-settled"}
    assert reached == {rule.id for question in PROGRAMME.rules for rule in rules_for(PROGRAMME, question)}
    assert answer("detainer", citizenship_claim=False, victim_or_witness=False) == ("refused", "detainer-not-settled")


def test_codes_of_the_standard_travel_with_the_decision():
    assert decide(PROGRAMME, "accept_submission", {"usable_fingers": 2}).code == "L0008"
    assert decide(PROGRAMME, "accept_submission", {"unexplained_missing_fingers": 2}).code == "E0006"
    assert decide(PROGRAMME, "accept_submission", {"usable_fingers": 9}).code == ""


def test_sentences_are_filled_with_the_facts_as_people_say_them():
    decision = decide(PROGRAMME, "verify_candidate", STATE_SCORE | {"score": 250})
    assert decision.sentence == (
        "The similarity 250 reaches the threshold FMR_1E6 (100); the state repository takes that for the person."
    )
    assert "(permanent resident)" in decide(PROGRAMME, "detainer", READY | {"status": "permanent_resident"}).sentence
    assert "not known" in decide(PROGRAMME, "accept_submission", {}).sentence


def test_a_decision_names_what_it_rested_on_and_nothing_else():
    decision = decide(PROGRAMME, "cascade_to_immigration", {"ori_activated": True, "usable_fingers": 10})
    assert decision.facts_used == {"ori_activated": True}
    assert decision.unknown_facts == ()
    assert (decision.programme, decision.version) == ("secure-communities", "2010-10")
    assert decision.text_hash == PROGRAMME.text_hash
    assert decision.source


def test_unknown_facts_are_those_for_whose_sake_a_rule_was_silent():
    decision = decide(PROGRAMME, "offence_level", {"felony_convictions": 1})
    assert decision.outcome == "2"
    assert decision.unknown_facts == ("aggravated_felony_conviction",)
    assert not decision.is_settled


def test_a_decision_can_be_written_as_json():
    decision = decide(PROGRAMME, "detainer", READY)
    assert json.loads(json.dumps(decision.to_json()))["rule"] == "detainer-permitted"


def test_a_refusal_carries_the_rule_as_its_code():
    with pytest.raises(PolicyRefusal) as caught:
        refuse_unless(decide(PROGRAMME, "detainer", READY | {"status": "citizen"}), "permitted")
    assert caught.value.code == "detainer-citizen"
    permitted = decide(PROGRAMME, "detainer", READY)
    assert refuse_unless(permitted, "permitted") is permitted


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"colour": "red"}, "POLICY_FACT_UNKNOWN"),
        ({"usable_fingers": "10"}, "POLICY_FACT_VALUE"),
        ({"usable_fingers": True}, "POLICY_FACT_VALUE"),
        ({"usable_fingers": 11}, "POLICY_FACT_VALUE"),
        ({"usable_fingers": -1}, "POLICY_FACT_VALUE"),
        ({"usable_fingers": None}, "POLICY_FACT_VALUE"),
        ({"status": "alien"}, "POLICY_FACT_VALUE"),
        ({"ori_activated": 1}, "POLICY_FACT_VALUE"),
        ({"booked_on": "2010-10-04"}, "POLICY_FACT_VALUE"),
        ({"booked_on": datetime(2010, 10, 4)}, "POLICY_FACT_VALUE"),
    ],
)
def test_a_wrong_fact_is_refused_with_a_code_and_without_its_value(facts, code):
    with pytest.raises(SenderError) as caught:
        decide(PROGRAMME, "detainer", facts)
    assert caught.value.code == code
    assert caught.value.field == next(iter(facts))


def test_a_day_is_a_fact_and_an_unknown_question_is_refused():
    assert decide(PROGRAMME, "hold_hours", {"booked_on": date(2010, 10, 4)}).outcome == 48
    with pytest.raises(SenderError, match="POLICY_QUESTION_UNKNOWN"):
        decide(PROGRAMME, "weather", {})
