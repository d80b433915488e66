"""Metrics: a real scrape, read as Prometheus reads it, tells what waits and what was done, and tells of no person."""

import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from console_rig import Desktop, console, sign
from exchange_rig import BOOKING, GROUND, Rig, card
from prometheus_client.parser import text_string_to_metric_families
from watch_rig import watched

from tenprint.bootstrap import Watch
from tenprint.core.errors import SenderError, StorageError
from tenprint.exchange import dispatch
from tenprint.exchange.model.observing import Event
from tenprint.exchange.model.words import Kind, Role

LABELS = {"party", "kind", "result", "code", "event", "stage", "le", "condition", "queue", "state"}


@pytest.fixture
def watch(rig: Rig) -> Iterator[Watch]:
    """Give the watch of `rig`."""
    return watched(rig)


def samples(text: bytes) -> dict[tuple[str, ...], float]:
    """Return every sample by its name and the values of its labels, in the order of the labels' names."""
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found[sample.name, *(sample.labels[name] for name in sorted(sample.labels))] = sample.value
    return found


def scraped(port: int) -> dict[tuple[str, ...], float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/plain")
        return samples(answer.read())


def test_a_scrape_over_a_socket_tells_what_was_done_and_what_waits(rig: Rig, watch: Watch) -> None:
    rig.until_detainer()
    sign(rig)
    with watch.serving(0) as port:
        found = scraped(port)
    assert found["tenprint_messages_handled_total", "IDENT_SEARCH", "immigration_repository", "handled"] == 1
    assert found["tenprint_messages_accepted_total", "CAR", "state_bureau"] == 1
    assert found["tenprint_deliveries_total", "agency", "delivered"] == 1
    assert found["tenprint_stage_seconds_count", "IDENT_SEARCH", "immigration_repository", "prepare"] == 1
    assert found["tenprint_stage_seconds_count", "DETAINER", "jail", "handle"] == 1
    assert found["tenprint_events_total", "task_opened", "decide", "field_office"] == 1
    assert found["tenprint_events_total", "task_answered", "decide", "field_office"] == 1
    assert found["tenprint_open_tasks", "answer_detainer", "jail"] == 1
    assert found["tenprint_party_condition", "waiting", "jail"] == 1
    assert found["tenprint_party_condition", "ok", "jail"] == 0
    assert found["tenprint_queue_rows", "jail", "inbox", "waiting"] == 0
    assert found["tenprint_ledger_entries", "jail"] == found["tenprint_checkpoint_entries", "jail"] > 0
    assert found["tenprint_checkpoint_age_seconds", "jail"] == 0
    assert found["tenprint_database_bytes", "jail"] > 0
    with pytest.raises(OSError, match=r"refused|reset"):
        scraped(port)


def test_put_off_given_up_and_refused_messages_are_counted_by_what_became_of_them(rig: Rig, watch: Watch) -> None:
    deliver = rig.post.deliver

    def unreachable(*_: object) -> bytes:
        raise StorageError("PARTY_UNREACHABLE", "it is not there")

    def refuses(*_: object) -> bytes:
        raise SenderError("KIND_NOT_ACCEPTED", "not here")

    rig.post.deliver = unreachable  # type: ignore[method-assign]
    rig.book(card("P7"))
    assert samples(watch.metrics())["tenprint_queue_rows", "agency", "outbox", "unreached"] == 1
    rig.post.deliver = refuses  # type: ignore[method-assign]
    rig.clock.advance(dispatch.next_due(rig.all) - rig.clock.now())  # type: ignore[operator]
    rig.run()
    rig.post.deliver = deliver  # type: ignore[method-assign]
    rig.say(Role.SUPPORT_CENTER, Role.CRIMINAL_REPOSITORY, Kind.IAR, b"no IAR", "case-1")
    with pytest.raises(SenderError):
        rig.say(Role.SUPPORT_CENTER, Role.JAIL, Kind.IAR, b"no IAR", "case-1")
    found = samples(watch.metrics())
    assert found["tenprint_deliveries_total", "agency", "put_off"] == 1
    assert found["tenprint_deliveries_total", "agency", "undeliverable"] == 1
    assert found["tenprint_messages_handled_total", "IAR", "criminal_repository", "dead_letter"] == 1
    assert found["tenprint_accept_refusals_total", "KIND_NOT_ACCEPTED", "jail"] == 1
    assert found["tenprint_dead_letters", "agency"] == found["tenprint_dead_letters", "criminal_repository"] == 1
    assert found["tenprint_party_condition", "stuck", "agency"] == 1


def test_labels_are_words_of_ours_never_a_case_a_message_or_a_name(rig: Rig, watch: Watch) -> None:
    case_id = rig.until_held()
    ids = {message.id for role in rig.nodes for message in rig.messages(role, case_id)}
    text = watch.metrics().decode()
    for family in text_string_to_metric_families(text):
        assert LABELS.issuperset(name for sample in family.samples for name in sample.labels)
    told = [case_id, *ids, *BOOKING.nam.replace(",", " ").split(), BOOKING.dob, GROUND, "OFFICIAL", "FIN-P7"]
    assert len(told) > 20
    assert [word for word in told if word in text] == []


def test_of_a_database_that_cannot_be_read_the_scrape_says_just_that(rig: Rig, watch: Watch) -> None:
    def broken(*_: object) -> None:
        raise StorageError("STORE_DAMAGED", "reading failed")

    rig.nodes[Role.JAIL].store.health = broken  # type: ignore[method-assign]
    found = samples(watch.metrics())
    assert found["tenprint_party_readable", "jail"] == 0
    assert found["tenprint_party_readable", "agency"] == 1
    assert ("tenprint_ledger_entries", "jail") not in found


def test_the_console_gives_the_metrics_to_this_machine_and_has_no_such_address_without_them(rig: Rig) -> None:
    watch = watched(rig)
    rig.until_examined()
    client = Desktop(console(rig, metrics=watch.metrics)).client
    answer = client.get("/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert samples(answer.content)["tenprint_open_tasks", "status", "support_center"] == 1
    assert client.get("/metrics", headers={"host": "evil.example"}).status_code == 400
    assert Desktop(console(rig)).client.get("/metrics").status_code == 404


def test_a_port_that_is_taken_is_said(watch: Watch) -> None:
    with watch.serving(0) as port, pytest.raises(StorageError, match="NO_PORT"), watch.serving(port):
        pass


def test_what_is_rolled_back_is_not_counted_as_opened(rig: Rig, watch: Watch) -> None:
    rig.known_to_immigration("P7")
    node = rig.nodes[Role.IMMIGRATION_REPOSITORY]

    def trips(point: str) -> None:
        if point == "handle.before_commit":
            raise StorageError("STORE_FULL", "just now")

    rig.nodes[Role.IMMIGRATION_REPOSITORY] = type(node)(node.store, node.post, node.services, trips, node.observe)
    rig.book(card("P7"))
    found = samples(watch.metrics())
    assert found["tenprint_messages_handled_total", "IDENT_SEARCH", "immigration_repository", "put_off"] == 1
    assert ("tenprint_events_total", "task_opened", "examine", "immigration_repository") not in found
    assert rig.tasks(Role.IMMIGRATION_REPOSITORY) == []


def test_the_guide_names_every_metric_and_every_event_and_no_other(rig: Rig) -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "guide" / "operating.md").read_text()
    watch = watched(rig)
    rig.until_held()
    families = text_string_to_metric_families(watch.metrics().decode())
    named = (each.name + ("_total" if each.type == "counter" else "") for each in families)
    told = {name for name in named if not name.endswith("_created")}
    assert told == set(re.findall(r"tenprint_[a-z_]+", guide))
    events = set(re.findall(r"`([a-z_]+)`", guide.partition("Events: ")[2].partition("\n\n")[0]))
    assert events == {str(event) for event in Event} | {"request_refused", "broken", "server"}
