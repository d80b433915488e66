"""What the rig says about what a client sends: the profile's rules and its own, by edition and clause."""

import json
from dataclasses import replace

import pytest
from rig_maker import Bench, a_car

from tenprint import records
from tenprint.records.itl.answers import read_error
from tenprint.records.itl.validation import load_profile
from tenprint.studies.rig_examples import BOOKING
from tenprint.studies.rig_report import sarif_of


def _rules(bench: Bench) -> set[tuple[str, str]]:
    return {(f["severity"], f["rule"]) for f in bench.report()["submissions"][-1]["findings"]}


def test_a_right_submission_has_every_field_right() -> None:
    bench = Bench()
    bench.send("IDENT-0000001")
    (one,) = bench.report()["submissions"]
    assert one["findings"] == []
    assert one["images"] == 14
    assert all(field["is_right"] and field["clause"] for field in one["fields"])


def test_a_wrong_submission_is_rejected_instead_of_played_and_the_rejection_names_it() -> None:
    bench = Bench()
    bench.send("IDENT-0000001", nam="")
    (answer,) = bench.take_all()
    assert answer.tot == "ERRT"
    assert [(m.code, m.field) for m in read_error(records.read(answer.data)).messages] == [("E0001", "2.018")]
    assert bench.verdict() == (
        "not seen", "The submission was rejected (E0001) before the scenario began: mend it and send it again."
    )  # fmt: skip
    (one,) = bench.report()["submissions"]
    assert {f["tag"] for f in one["fields"] if not f["is_right"]} == {"2.018"}
    assert not bench.report()["ok"]


def test_a_wrong_submission_is_played_all_the_same_when_that_is_asked_for() -> None:
    bench = Bench(plays_anyway=True)
    bench.send("IDENT-0000001", hai="PURPLE")
    assert [answer.tot for answer in bench.waiting()] == ["SRE"]


def test_what_no_answer_may_repeat_becomes_a_rejection_even_then() -> None:
    bench = Bench(plays_anyway=True)
    bench.send("IDENT-0000001", nam="")
    assert [answer.tot for answer in bench.waiting()] == ["ERRT"]


def test_another_file_under_a_used_control_number_is_rejected_with_the_clause() -> None:
    bench = Bench()
    bench.send("IDENT-0000001")
    bench.send("IDENT-0000001", hgt="510")
    assert _rules(bench) == {("error", "rig/tcn-used-once")}
    (found,) = bench.report()["submissions"][-1]["findings"]
    assert (found["edition"], found["clause"]) == ("EBTS 8.001, 24 October 2007", "App. B, Table B-1")
    assert bench.waiting()[-1].tot == "ERRT"


def test_files_without_a_control_number_are_no_reuse_of_each_other() -> None:
    bench = Bench()
    for height in ("509", "510"):
        bench.send("", hgt=height)
    assert "rig/tcn-used-once" not in {rule for _, rule in _rules(bench)}


def test_a_rejected_reuse_that_comes_again_is_a_repeat() -> None:
    bench = Bench()
    for height in ("509", "510", "510"):
        bench.send("IDENT-0000001", hgt=height)
    assert [s["sent_again"] for s in bench.report()["submissions"]] == [0, 1]


def test_another_agency_may_use_the_same_control_number() -> None:
    bench = Bench()
    bench.send("IDENT-0000001")
    bench.send("IDENT-0000001", ori="NYSIB0000", cri=("NYSIB0000",))
    assert _rules(bench) == set()


def test_a_resubmission_may_name_the_rejection_that_it_mends_and_nothing_else() -> None:
    bench = Bench()
    bench.send("L0008-0000001")
    rejection = bench.waiting()[0].tcn
    bench.send("IDENT-0000002", tcr=rejection)
    assert _rules(bench) == set()
    ident = bench.waiting()[-1].tcn
    for wrong in ("L0008-0000001", ident, "NOBODYS-00001"):
        bench.send(f"IDENT-{wrong}", tcr=wrong)
        assert _rules(bench) == {("warning", "rig/resubmission")}


def test_a_destination_must_not_be_the_sender_and_should_be_the_one_that_is_played() -> None:
    bench = Bench(ori="USRIG0001")
    bench.send("IDENT-0000001", dai="COSIB0000")
    assert _rules(bench) == {("error", "rig/destination")}
    bench.send("IDENT-0000002", dai="XXFBI0000")
    assert _rules(bench) == {("warning", "rig/destination")}


def test_towards_a_state_bureau_the_first_controlling_agency_is_the_sender() -> None:
    state, federal = Bench("state_bureau"), Bench()
    for bench in (state, federal):
        bench.send("IDENT-0000001", cri=("CO0010000",))
    assert _rules(state) == {("warning", "rig/controlling-agency")}
    assert _rules(federal) == set()
    federal.send("IDENT-0000002", cri=("CO0010000", "CO0010000"))
    assert _rules(federal) == {("warning", "rig/controlling-agency")}


def test_a_submission_without_priority_is_told_what_that_means() -> None:
    bench = Bench()
    bench.send("IDENT-0000001", pry="")
    assert _rules(bench) == {("warning", "rig/priority-stated")}


def test_fingers_that_are_missing_without_explanation_are_an_error() -> None:
    bench = Bench()
    images = [i for i in records.read(a_car("IDENT-0000001")).images() if int(i.fgp) != 3]
    data = records.build_car(replace(BOOKING, tcn="IDENT-0000009"), images, checked=False)
    bench.rig.receive(data, bench.now, "https")
    assert any(f["severity"] == "error" for f in bench.report()["submissions"][-1]["findings"])
    assert bench.waiting()[0].tot == "ERRT"


@pytest.mark.parametrize("tot", ["SRE", "FANC"])
def test_what_is_no_booking_is_not_authorised_here(tot: str) -> None:
    bench = Bench()
    data = a_car("IDENT-0000001").replace(b"1.004:CAR", f"1.004:{tot}".encode())
    bench.rig.receive(data, bench.now, "https")
    assert "A0004" in {f["code"] for f in bench.report()["submissions"][-1]["findings"]}


def test_a_state_that_renamed_its_transactions_is_judged_by_its_own_profile() -> None:
    table = load_profile("example-state")
    renamed = next(tot for tot in table.transactions if tot != "CAR" and table.meaning_of(tot) == "CAR")
    data = a_car("IDENT-0000001").replace(b"1.004:CAR", f"1.004:{renamed}".encode())
    complained = []
    for bench in (Bench(profile="example-state"), Bench()):
        bench.rig.receive(data, bench.now, "https")
        complained.append("A0004" in {f["code"] for f in bench.report()["submissions"][-1]["findings"]})
    assert complained == [False, True]


def test_the_report_and_sarif_hold_no_name() -> None:
    bench = Bench()
    bench.send("IDENT-0000001", dob="20301331")
    bench.take_all()
    sarif = sarif_of(bench.rig, "1")
    assert sarif["runs"][0]["results"][0]["properties"]["edition"].startswith("EBTS 8.001")
    for told in (bench.report(), sarif):
        text = json.dumps(told)
        assert "SAMPLESON" not in text
        assert "20301331" not in text
