"""The rig's scenarios: what a client gets, and what is said of how it took that."""

import pytest
from rig_maker import Bench, Memory, a_car

from tenprint import records
from tenprint.core.errors import RecordError, SenderError
from tenprint.records.itl.answers import read_error, read_result
from tenprint.records.itl.findings import has_errors
from tenprint.studies.rig_answers import Asked, answers_to
from tenprint.studies.rig_examples import examples_of
from tenprint.studies.rig_plays import PLAYS, Plays, error_codes, read_plays


def _result(answer):
    return read_result(records.read(answer.data))


def test_an_ident_answer_says_so_with_a_number_and_goes_back_to_the_sender() -> None:
    bench = Bench()
    bench.send("IDENT-0000001")
    (answer,) = bench.take_all()
    said = _result(answer)
    assert (said.srf, said.tcr, said.ori, said.dai) == ("I", "IDENT-0000001", "USRIG0001", "COSIB0000")
    assert len(said.fbi) == 9
    assert bench.verdict() == ("ok", "Taken as it should be.")


def test_a_number_that_asks_for_nothing_gets_no_identification() -> None:
    bench = Bench()
    bench.send("BOOKING-2026-01")
    (answer,) = bench.take_all()
    assert (_result(answer).srf, _result(answer).fbi) == ("N", "")
    assert bench.report()["submissions"][0]["chosen_by"] == "the default"


@pytest.fixture(scope="module")
def asked() -> Asked:
    return Asked(1, "digest", records.read(a_car("E0000-0000001")), "20260302", "criminal_repository", "", 1)


@pytest.mark.parametrize("code", sorted(error_codes()))
def test_each_error_code_comes_in_a_valid_rejection_with_its_text_and_field(asked: Asked, code: str) -> None:
    play = Plays().choose(f"{code}-0000001", "COSIB0000", "CAR", 1)
    (answer,) = answers_to(asked, play)
    received = records.read(answer.data)
    (message,) = read_error(received).messages
    assert (message.code, message.text, message.field) == (code, error_codes()[code].text, error_codes()[code].field)
    assert received.tcr == "E0000-0000001"
    assert not has_errors(records.validate(received))


def test_a_rejection_by_scenario_is_taken_like_any_answer() -> None:
    bench = Bench()
    bench.send("L0008-0000001")
    assert [answer.tot for answer in bench.take_all()] == ["ERRT"]
    assert bench.verdict()[0] == "ok"
    assert next(s["codes"] for s in bench.report()["scenarios"] if s["play"] == "errt") == ["L0008"]


def test_there_are_all_the_codes_of_appendix_m() -> None:
    codes = error_codes()
    letters = {"A": 17, "H": 3, "L": 113}
    assert {letter: sum(c.startswith(letter) for c in codes) for letter in letters} == letters
    assert {f"E{n:04d}" for n in (1, 2, 3, 4, 5, 6, 10, 11, 12, 13)} == {c for c in codes if c.startswith("E")}


def test_a_delayed_result_is_coded_n_says_that_it_is_pending_and_the_true_one_follows() -> None:
    bench = Bench()
    bench.send("DELAY5-000001")
    (first,) = bench.waiting()
    said = _result(first)
    assert (said.srf, said.response.immigration) == ("N", "pending")
    assert "THIS IS NO NON-IDENTIFICATION" in said.acn
    bench.take(first)
    bench.later(4.9)
    assert bench.waiting() == []
    bench.later(0.1)
    (true,) = bench.waiting()
    assert (_result(true).srf, _result(true).tcr) == ("I", first.tcn)


def test_a_second_answer_refers_to_the_first_answer_and_not_to_the_submission() -> None:
    bench = Bench()
    bench.send("SECOND-000001")
    first, second = bench.take_all()
    assert (first.tcr, second.tcr) == ("SECOND-000001", first.tcn)
    assert _result(second).response.immigration == "match"
    assert bench.verdict()[0] == "ok"


def test_a_duplicate_is_the_same_bytes_and_must_not_be_taken_twice() -> None:
    careless, careful = Bench(), Bench()
    careless.send("DUP-000000001")
    one, other = careless.take_all()
    assert one.data == other.data
    assert one.id != other.id
    assert careless.verdict() == (
        "not ok", "The same answer was taken twice: know answers by their TCN (1.009) and take each once."
    )  # fmt: skip
    careful.send("DUP-000000001")
    careful.take(*careful.waiting())
    careful.later(5)
    careful.take(*careful.waiting(), outcome="repeat")
    assert careful.verdict()[0] == "ok"


def test_a_client_that_takes_neither_copy_of_a_duplicate_has_lost_the_answer() -> None:
    bench = Bench()
    bench.send("DUP-000000001")
    bench.take_all("refused")
    assert bench.verdict() == ("not ok", "Neither copy of the answer was taken: one of them is the answer.")


def test_out_of_order_means_that_the_second_answer_is_there_first_and_may_not_be_refused() -> None:
    bench = Bench()
    bench.send("ORDER-0000001")
    (early,) = bench.waiting()
    bench.later(10)
    first = bench.waiting()[-1]
    assert (early.tcr, first.tcr) == (first.tcn, "ORDER-0000001")
    bench.take(early, "refused")
    bench.take(first)
    assert bench.verdict()[0] == "not ok"
    assert "Keep it until that is there" in bench.verdict()[1]


def test_a_late_hit_comes_only_after_the_case_was_answered() -> None:
    bench = Bench()
    bench.send("LATE-00000001")
    (first,) = bench.waiting()
    bench.later(3600)
    assert bench.waiting() == [first]
    assert "let it run longer" not in bench.verdict()[1]
    bench.take(first)
    assert bench.verdict()[0] == "not seen"
    bench.later(2)
    (late,) = bench.waiting()
    assert late.tcr == first.tcn
    bench.take(late)
    assert bench.verdict()[0] == "ok"


def test_an_unsolicited_answer_names_a_number_that_was_never_sent_and_must_be_refused() -> None:
    bench = Bench()
    bench.send("UNSOL-0000001")
    own, strange = bench.waiting()
    assert strange.tcr not in {"UNSOL-0000001", own.tcn}
    bench.take(own)
    bench.take(strange)
    assert bench.verdict()[0] == "not ok"
    assert "answers nothing that you sent" in bench.verdict()[1]


def test_no_answer_at_all_is_no_fault_of_the_client_and_cannot_be_seen() -> None:
    bench = Bench()
    bench.send("NONE-00000001")
    bench.later(10_000)
    assert bench.waiting() == []
    assert bench.verdict()[0] == "not seen"
    assert "never as no match" in bench.verdict()[1]


def test_a_damaged_answer_is_not_what_its_checksum_says_and_the_whole_one_follows_a_refusal() -> None:
    bench = Bench()
    bench.send("DAMAGED-00001")
    (damaged,) = bench.waiting()
    bench.later(100)
    assert bench.waiting() == [damaged]
    bench.take(damaged, "refused")
    bench.later(2)
    (whole,) = bench.waiting()
    assert whole.digest == damaged.digest
    assert whole.data != damaged.data
    assert not has_errors(records.validate(records.read(whole.data)))
    assert has_errors(records.validate(records.read(damaged.data)))
    bench.take(whole)
    assert bench.verdict()[0] == "ok"


def test_a_damaged_answer_that_is_taken_as_good_is_told() -> None:
    bench = Bench()
    bench.send("DAMAGED-00001")
    bench.take_all()
    assert bench.verdict()[0] == "not ok"
    assert "taken as good" in bench.verdict()[1]


def test_an_answer_that_is_fetched_and_never_acknowledged_or_never_fetched_is_told() -> None:
    bench = Bench()
    bench.send("IDENT-0000001")
    assert bench.verdict()[0] == "not seen", "the client has had no time"
    bench.later(2)
    assert "never fetched" in bench.verdict()[1]
    (answer,) = bench.waiting()
    bench.rig.note_fetched(answer, bench.now)
    assert "fetched and never acknowledged" in bench.verdict()[1]


def test_an_answer_that_is_acknowledged_unseen_or_wrongly_called_a_repeat_is_told() -> None:
    bench = Bench()
    bench.send("IDENT-0000001")
    bench.rig.acknowledge("a0001-1", "taken", bench.now)
    assert "without being fetched" in bench.verdict()[1]
    bench.send("IDENT-0000002")
    bench.take(*bench.waiting(), outcome="repeat")
    assert "came once" in bench.verdict()[1]


def test_a_state_bureau_acknowledges_and_answers_for_its_own_file_before_the_federal_answer() -> None:
    bench = Bench("state_bureau")
    bench.send("IDENT-0000001", dai="XXRIG0001")
    acknowledgement, state, federal = bench.take_all()
    assert (acknowledgement.tot, acknowledgement.tcr) == ("ACK", "IDENT-0000001")
    assert (_result(state).srf, _result(federal).srf) == ("N", "I")
    assert _result(state).ori != _result(federal).ori
    assert bench.verdict()[0] == "ok"


def test_a_cna_gets_no_answer_unless_it_is_rejected() -> None:
    bench = Bench()
    bench.send("IDENT-0000001", tot="CNA")
    assert bench.waiting() == []
    assert "section 3.1.1.2" in bench.verdict()[1]
    bench.send("L0008-0000001", tot="CNA")
    assert [answer.tot for answer in bench.waiting()] == ["ERRT"]


def test_a_rig_that_was_killed_gives_the_same_answers_and_remembers_what_was_taken() -> None:
    bench = Bench()
    for name in sorted(examples_of())[:4]:
        bench.rig.receive(examples_of()[name], bench.now, "https")
    bench.take(bench.waiting()[0])
    bench.rig.note_refusal("RIG_EMPTY", bench.now)
    again = Bench(memory=bench.memory)
    assert again.waiting() == bench.waiting()
    assert again.report() == bench.report()


def test_another_seed_gives_other_control_numbers() -> None:
    numbers = set()
    for seed in (1, 1, 2):
        bench = Bench(seed=seed)
        bench.send("IDENT-0000001")
        numbers.add(bench.waiting()[0].tcn)
    assert len(numbers) == 2


def test_the_same_bytes_again_get_no_second_answer_and_are_counted() -> None:
    bench = Bench()
    bench.send("IDENT-0000001")
    assert bench.rig.receive(a_car("IDENT-0000001"), bench.now, "https").is_repeat
    assert len(bench.waiting()) == 1
    assert bench.report()["submissions"][0]["sent_again"] == 1


def test_an_answer_is_acknowledged_once_and_not_before_it_is_there() -> None:
    bench = Bench()
    bench.send("SECOND-000001")
    for wrong in ("a0001-2", "a0009-1", "", "../x"):
        with pytest.raises(SenderError) as refused:
            bench.rig.acknowledge(wrong, "taken", bench.now)
        assert refused.value.code == "RIG_NO_ANSWER"
    with pytest.raises(SenderError, match="RIG_OUTCOME"):
        bench.rig.acknowledge("a0001-1", "eaten", bench.now)
    bench.rig.acknowledge("a0001-1", "taken", bench.now)
    bench.rig.acknowledge("a0001-1", "taken", bench.now)
    with pytest.raises(SenderError, match="RIG_ACKNOWLEDGED"):
        bench.rig.acknowledge("a0001-1", "refused", bench.now)


def test_what_is_no_transaction_is_refused_at_the_door() -> None:
    bench = Bench()
    with pytest.raises(SenderError, match="RIG_EMPTY"):
        bench.rig.receive(b"", bench.now, "https")
    with pytest.raises(RecordError, match="RIG_NOT_EBTS"):
        bench.rig.receive(b"hello", bench.now, "https")
    assert bench.memory.kept == []


def test_a_rig_is_idle_when_nothing_happens_and_nothing_is_still_to_come() -> None:
    bench = Bench()
    assert not bench.rig.is_idle(bench.now, 5)
    bench.send("DELAY9-000001")
    bench.later(6)
    assert not bench.rig.is_idle(bench.now, 5)
    bench.later(6)
    assert bench.rig.is_idle(bench.now, 5)


def test_every_play_has_an_example_and_a_client_that_does_right_gets_a_good_report() -> None:
    bench = Bench()
    for data in (data for name, data in examples_of().items() if not name.startswith("WRONG")):
        bench.rig.receive(data, bench.now, "https")
    for _ in range(20):
        for answer in bench.waiting():
            bench.take(answer, answer.expects)
        bench.later(3)
    report = bench.report()
    assert report["ok"]
    assert {s["play"]: s["verdict"] for s in report["scenarios"]} == {
        name: "not seen" if name == "none" else "ok" for name in PLAYS
    }


def test_a_scenario_file_chooses_by_number_beginning_agency_and_type_in_its_order() -> None:
    plays = read_plays(b"""
default = "ident"
[[scenario]]
play = "errt"
code = "L0008"
field = "14.013"
order = 2
[[scenario]]
play = "delay"
seconds = 7.5
tcn = "night-"
ori = "COSIB0000"
[[scenario]]
play = "none"
tot = "CNA"
""")
    chosen = plays.choose("NIGHT-1", "COSIB0000", "CAR", 2)
    assert (chosen.name, chosen.code, chosen.field) == ("errt", "L0008", "14.013")
    assert plays.choose("NIGHT-1", "COSIB0000", "CAR", 1).seconds == 7.5
    assert plays.choose("NIGHT-1", "OTHER0000", "CNA", 1).name == "none"
    assert plays.choose("SECOND-1", "OTHER0000", "CAR", 1).name == "second"
    assert plays.choose("DAY-1", "OTHER0000", "CAR", 1).name == "ident"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[[scenario]]\nplay = 'fly'", "scenario 1: play"),
        ("[[scenario]]\nplay = 'errt'\ncode = 'X0001'", "scenario 1: code"),
        ("[[scenario]]\nplay = 'ident'\ncode = 'L0008'", "scenario 1: code"),
        ("[[scenario]]\nplay = 'errt'\nfield = 'NAM'", "scenario 1: field"),
        ("[[scenario]]\nplay = 'delay'\nseconds = -1", "scenario 1: seconds"),
        ("[[scenario]]\nplay = 'delay'\nseconds = nan", "scenario 1: seconds"),
        ("[[scenario]]\nplay = 'ident'\norder = true", "scenario 1: order"),
        ("[[scenario]]\nplay = 'ident'\ntcn = 7", "scenario 1: tcn"),
        ("[[scenario]]\nplay = 'ident'\nname = 'DOE'", "scenario 1: name"),
        ("scenario = 3", "scenario"),
        ("default = ['ident']", "default"),
        ("colour = 1", "colour"),
        ("= =", ""),
    ],
)
def test_a_scenario_file_that_cannot_be_used_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(SenderError) as refused:
        read_plays(text.encode())
    assert (refused.value.code, refused.value.field) == ("RIG_SCENARIOS", place)


def test_a_memory_that_cannot_keep_lets_nothing_in() -> None:
    class Full(Memory):
        def keep(self, event, body=None):
            raise OSError("full")

    bench = Bench(memory=Full())
    with pytest.raises(OSError, match="full"):
        bench.send("IDENT-0000001")
    assert bench.rig.came == []
