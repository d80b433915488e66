"""Two logs side by side: what only one side wrote down, or wrote down differently."""

import pytest

from tenprint.core.chance import SeededRandomSource
from tenprint.ledger.entry import erase, seal
from tenprint.ledger.reconcile import reconcile

SOURCE = SeededRandomSource(1)


def wrote(kind, message, counterpart, message_hash="ab" * 32, **more):
    return seal(
        {"kind": kind, "message": message, "counterpart": counterpart, "message_hash": message_hash, **more}, SOURCE
    )


def agency_log():
    return [
        wrote("sent", "CAR-1", "state"),
        wrote("receipt", "CAR-1", "state", receipt_hash="cd" * 32),
        wrote("received", "ACK-1", "state"),
        seal({"kind": "state", "case": "case-1", "state": "no_match"}, SOURCE),
        wrote("sent", "OTHER-1", "court"),
    ]


def state_log():
    return [
        wrote("received", "CAR-1", "agency"),
        wrote("sent", "ACK-1", "agency"),
        wrote("receipt", "ACK-1", "agency", receipt_hash="cd" * 32),
        wrote("received", "SRE-1", "criminal"),
    ]


def found(agency, state):
    return [
        (d.kind, d.message, d.sender, d.recipient, d.recorded_by) for d in reconcile("agency", agency, "state", state)
    ]


def test_logs_that_agree_have_no_discrepancy_and_third_parties_do_not_matter():
    assert found(agency_log(), state_log()) == []


def test_one_id_used_by_several_senders_is_several_messages():
    agency = [*agency_log(), wrote("received", "CAR-1", "state", "ef" * 32), wrote("received", "CAR-1", "court")]
    state = [*state_log(), wrote("sent", "CAR-1", "agency", "ef" * 32), wrote("received", "CAR-1", "criminal")]
    state.append(wrote("receipt", "CAR-1", "agency", receipt_hash="cd" * 32))
    assert found(agency, state) == []
    del state[-3]
    assert found(agency, state)[0] == ("not_sent", "CAR-1", "state", "agency", "agency")


@pytest.mark.parametrize(
    ("drop_from", "position", "expected"),
    [
        ("agency", 0, [("not_sent", "CAR-1", "agency", "state", "state")]),
        ("agency", 1, [("receipt_missing", "CAR-1", "agency", "state", "agency")]),
        (
            "agency",
            2,
            [
                ("not_received", "ACK-1", "state", "agency", "state"),
                ("receipt_unfounded", "ACK-1", "state", "agency", "state"),
            ],
        ),
        ("state", 1, [("not_sent", "ACK-1", "state", "agency", "agency")]),
    ],
)
def test_a_dropped_entry_is_found_on_the_side_that_dropped_it(drop_from, position, expected):
    agency, state = agency_log(), state_log()
    del {"agency": agency, "state": state}[drop_from][position]
    assert found(agency, state) == expected


def test_other_bytes_under_the_same_id_are_found():
    state = state_log()
    state[0] = wrote("received", "CAR-1", "agency", "ef" * 32)
    assert found(agency_log(), state) == [("hash_differs", "CAR-1", "agency", "state", "agency")]


def test_a_message_recorded_twice_is_found():
    state = [*state_log(), wrote("received", "CAR-1", "agency")]
    assert found(agency_log(), state) == [("recorded_twice", "CAR-1", "agency", "state", "state")]


def test_the_answer_does_not_depend_on_who_is_named_first():
    agency, state = agency_log()[1:], state_log()[1:]
    assert set(reconcile("agency", agency, "state", state)) == set(reconcile("state", state, "agency", agency))


def test_an_erased_message_is_said_not_passed_over():
    agency = agency_log()
    agency[0] = erase(agency[0], ["message"])
    assert ("not_comparable", "", "agency", "state", "agency") in found(agency, state_log())


@pytest.mark.parametrize("name", ["kind", "counterpart"])
def test_an_entry_that_might_concern_the_other_party_is_said_not_passed_over(name):
    agency = agency_log()
    agency[0] = erase(agency[0], [name])
    assert ("not_comparable", "", "agency", "state", "agency") in found(agency, state_log())


def test_an_erased_kind_matters_only_where_there_was_a_message():
    agency = agency_log()
    agency[3] = erase(agency[3], ["kind"])
    assert found(agency, state_log()) == []


def test_an_erased_hash_stops_the_comparison_of_bytes_only():
    agency = agency_log()
    agency[0] = erase(agency[0], ["message_hash"])
    assert found(agency, state_log()) == [("not_comparable", "CAR-1", "agency", "state", "agency")]


def test_an_erased_note_or_person_does_not_matter():
    agency = agency_log()
    agency[0] = erase(wrote("sent", "CAR-1", "state", person="R. Example", note="x"), ["person", "note"])
    assert found(agency, state_log()) == []


def test_sentences_name_both_parties_and_the_message():
    for discrepancy in reconcile("agency", agency_log(), "state", []):
        assert "agency" in discrepancy.sentence
        assert discrepancy.message in discrepancy.sentence


def test_a_receipt_other_than_the_one_that_the_receiver_says_it_signed_is_found():
    state = state_log()
    state[0] = wrote("received", "CAR-1", "agency", receipt_hash="ef" * 32)
    assert found(agency_log(), state) == [("receipt_differs", "CAR-1", "agency", "state", "agency")]
    state[0] = wrote("received", "CAR-1", "agency", receipt_hash="cd" * 32)
    assert found(agency_log(), state) == []


def test_a_message_that_was_sent_again_counts_with_the_receipt_that_came_then():
    first, second = "cd" * 32, "ef" * 32
    state = [wrote("received", "CAR-1", "agency", receipt_hash=second)]
    agency = [wrote("sent", "CAR-1", "state"), wrote("receipt", "CAR-1", "state", receipt_hash=first)]
    steps = []
    for more in ([], [wrote("resent", "CAR-1", "state")], [wrote("receipt", "CAR-1", "state", receipt_hash=second)]):
        agency += more
        steps.append([kind for kind, *_ in found(agency, state)])
    assert steps == [["receipt_differs"], ["receipt_missing"], []]


def with_one_more(*more):
    return [*agency_log(), wrote("sent", "CAR-2", "state", time="2010-10-04T08:00:00.000Z"), *more]


def test_what_was_sent_and_is_recorded_nowhere_else_is_under_way_and_no_disagreement():
    (one,) = reconcile("agency", with_one_more(), "state", state_log())
    assert (one.kind, one.message, one.sender, one.recipient) == ("under_way", "CAR-2", "agency", "state")
    assert one.is_pending
    assert one.since == "2010-10-04T08:00:00.000Z"
    assert "2010-10-04 08:00:00 UTC" in one.sentence


@pytest.mark.parametrize(
    "more",
    [
        [wrote("receipt", "CAR-2", "state", receipt_hash="cd" * 32)],
        [wrote("receipt", "CAR-2", "state", receipt_hash="cd" * 32), wrote("resent", "CAR-2", "state")],
        [wrote("undeliverable", "CAR-2", "state")],
    ],
    ids=["it was signed for", "it was signed for before the receiver was restored", "its sender gave it up"],
)
def test_a_loss_is_never_called_under_way(more):
    kinds = [kind for kind, *_ in found(with_one_more(*more), state_log())]
    assert "not_received" in kinds
    assert "under_way" not in kinds


def test_what_was_given_up_and_is_tried_again_is_under_way_again():
    more = [wrote("undeliverable", "CAR-2", "state"), wrote("revived", "CAR-2", "state")]
    assert [kind for kind, *_ in found(with_one_more(*more), state_log())] == ["under_way"]


def test_a_message_that_the_other_side_recorded_lacks_a_receipt_and_is_not_under_way():
    state = [*state_log(), wrote("received", "CAR-2", "agency")]
    assert [kind for kind, *_ in found(with_one_more(), state)] == ["receipt_missing"]
