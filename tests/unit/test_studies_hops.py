"""One booking's way over separate parties: how its messages fared, and how sure its median is."""

import json

import pytest
from typer.testing import CliRunner

from tenprint.cli.app import app
from tenprint.exchange.model.observing import Event
from tenprint.studies.hops import Passage, Seen, handled, interval_of_median, passages

TAKEN, HANDLED, DELIVERED = Event.MESSAGE_ACCEPTED, Event.MESSAGE_HANDLED, Event.DELIVERED


def test_a_message_is_timed_from_the_submission_to_its_receipt_and_its_handling() -> None:
    seen = [
        Seen(TAKEN, "state", "CAR", "m1", "c1", 1.010),
        Seen(DELIVERED, "agency", "CAR", "m1", "c1", 1.012),
        Seen(HANDLED, "state", "CAR", "m1", "c1", 1.030),
        Seen(TAKEN, "agency", "ACK", "m2", "c1", 1.040),
        Seen(HANDLED, "agency", "ACK", "m2", "c1", 1.041),
        Seen(TAKEN, "agency", "ACK", "m3", "another case", 9.0),
    ]
    found = passages(seen, {"c1": 1.0})
    assert [passage.kind for passage in found] == ["CAR", "ACK"]
    assert found[0] == Passage("CAR", "agency", "state", 1.0, pytest.approx(10), pytest.approx(2), pytest.approx(20))
    assert found[1].receipt_ms is None
    assert handled(seen, "c1") == {("state", "CAR"): 1, ("agency", "ACK"): 1}


def test_a_message_that_was_never_handled_is_in_no_figure() -> None:
    assert passages([Seen(TAKEN, "state", "CAR", "m1", "c1", 1.0)], {"c1": 1.0}) == []


@pytest.mark.parametrize(("count", "low", "high"), [(1, 0, 0), (5, 0, 4), (20, 5, 14), (100, 40, 59)])
def test_the_interval_of_a_median_is_between_two_of_the_values(count: int, low: int, high: int) -> None:
    assert interval_of_median(range(count)) == (low, high)


@pytest.mark.slow
def test_the_benchmark_takes_bookings_through_seven_processes_over_https() -> None:
    done = CliRunner().invoke(app, ["bench", "exchange", "--https", "--bookings", "2", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert (found["bookings"], found["database"], found["body_bytes"]) == (2, "sqlite", 20_000)
    low, high = found["interval_ms"]
    assert 0 < found["fastest_ms"] <= low <= found["median_ms"] <= high <= found["slowest_ms"]
    parties = {passage["recipient"] for passage in found["passages"]}
    assert parties == {
        "agency", "state_bureau", "criminal_repository", "immigration_repository", "support_center", "field_office",
        "jail",
    }  # fmt: skip
    assert found["passages"][0]["kind"] == "CAR"
    assert all(passage["handled_ms"] >= 0 for passage in found["passages"])
