"""Prometheus metrics of the parties of one process: what the database holds, and what the worker did.

Names and labels say parties, queues, kinds, stages and results. Nothing tells a person, a case or a message: a label
is kept for ever by whoever scrapes, and every new value is a new row there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tenprint.core.errors import StorageError
from tenprint.exchange.model.health import Condition, Health
from tenprint.exchange.model.observing import Event, Happening

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
HANDLED = {Event.MESSAGE_HANDLED: "handled", Event.MESSAGE_PUT_OFF: "put_off", Event.DEAD_LETTER: "dead_letter"}
DELIVERIES = {
    Event.DELIVERED: "delivered",
    Event.DELIVERY_PUT_OFF: "put_off",
    Event.UNDELIVERABLE: "undeliverable",
}
UNKNOWN = "unknown"
"""The kind of a message that cannot be read any more."""
Sources = Callable[[], Mapping[str, Callable[[], Health]]]
"""Gives, by party, a way to ask how its work stands."""


class Meter:
    """Counts what happens, and asks how the parties stand whenever somebody scrapes.

    Args:
        sources: of the figures in the databases; asked at every scrape.
    """

    def __init__(self, sources: Sources) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Standing(sources))
        self._handled = Counter(
            "tenprint_messages_handled",
            "Messages by what became of them.",
            ("party", "kind", "result"),
            registry=self._registry,
        )
        self._deliveries = Counter(
            "tenprint_deliveries", "Tries to deliver, by result.", ("party", "result"), registry=self._registry
        )
        self._accepted = Counter(
            "tenprint_messages_accepted", "Messages taken in, by kind.", ("party", "kind"), registry=self._registry
        )
        self._refusals = Counter(
            "tenprint_accept_refusals",
            "Messages refused at the door, by code.",
            ("party", "code"),
            registry=self._registry,
        )
        self._events = Counter(
            "tenprint_events",
            "Other events: timers, tasks, checkpoints, revivals.",
            ("party", "event", "kind"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "tenprint_stage_seconds", "Seconds for one message, by stage.", ("party", "stage", "kind"),
            buckets=SECONDS, registry=self._registry,
        )  # fmt: skip

    def __call__(self, happening: Happening) -> None:
        """Count what happened."""
        party, event, kind = happening.party, happening.event, happening.kind or UNKNOWN
        if event in HANDLED:
            self._handled.labels(party, kind, HANDLED[event]).inc()
        elif event in DELIVERIES:
            self._deliveries.labels(party, DELIVERIES[event]).inc()
        elif event == Event.MESSAGE_ACCEPTED:
            self._accepted.labels(party, kind).inc()
        elif event == Event.REFUSED:
            self._refusals.labels(party, happening.code).inc()
        elif event == Event.STAGE_DONE:
            self._seconds.labels(party, happening.stage, kind).observe(happening.seconds or 0.0)
        else:
            self._events.labels(party, str(event), happening.kind).inc()

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format; of a database that cannot be read it says just that."""
        return generate_latest(self._registry)

    @property
    def registry(self) -> CollectorRegistry:
        """Return what a server of metrics serves."""
        return self._registry


class _Standing(Collector):
    """Figures of the databases, read when somebody scrapes."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def describe(self) -> Iterable[Metric]:
        """Return nothing: no database is read just to be registered."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Read every party's figures."""
        gauges = _Gauges()
        for party, ask in self._sources().items():
            try:
                health = ask()
            except StorageError:
                gauges.add("party_readable", 0, party)
                continue
            gauges.add("party_readable", 1, party)
            _fill(gauges, party, health)
        return gauges.families.values()


class _Gauges:
    """Gauges by name, each with its labels."""

    _KNOWN = (
        ("party_readable", "1 when the party's database can be read, else 0.", ()),
        ("party_condition", "1 for the word that says how the party's work stands.", ("condition",)),
        ("queue_rows", "Rows of a queue by state: waiting, due, retrying, unreached, dead.", ("queue", "state")),
        ("queue_oldest_seconds", "Age of the oldest waiting row of a queue.", ("queue",)),
        ("queue_late_seconds", "For how long the longest due row of a queue has been due.", ("queue",)),
        ("dead_letters", "Rows of all queues that were given up.", ()),
        ("timers", "Timers that have not fired, by state: waiting, overdue.", ("state",)),
        ("open_tasks", "Open tasks of people, by kind.", ("kind",)),
        ("overdue_tasks", "Open tasks past their time.", ()),
        ("oldest_task_seconds", "Age of the oldest open task.", ()),
        ("ledger_entries", "Entries of the ledger.", ()),
        ("checkpoint_entries", "Entries under the newest signed checkpoint.", ()),
        ("checkpoint_age_seconds", "Age of the newest signed checkpoint.", ()),
        ("checkpoint_cosignatures", "Witnesses who cosigned the newest checkpoint.", ()),
        ("last_handled_seconds", "Seconds since a message was handled.", ()),
        ("database_bytes", "Size of the database, without blobs.", ()),
    )

    def __init__(self) -> None:
        self.families = {
            name: GaugeMetricFamily(f"tenprint_{name}", told, labels=("party", *labels))
            for name, told, labels in self._KNOWN
        }

    def add(self, name: str, value: float | None, *labels: str) -> None:
        """Add a value; None adds nothing."""
        if value is not None:
            self.families[name].add_metric(labels, value)


def _fill(gauges: _Gauges, party: str, health: Health) -> None:
    def age(moment: datetime | None) -> float | None:
        return None if moment is None else max(0.0, (health.at - moment).total_seconds())

    for condition in Condition:
        gauges.add("party_condition", float(condition == health.condition), party, str(condition))
    for name, queue in health.queues.items():
        states = {
            "waiting": queue.waiting, "due": queue.due, "retrying": queue.retrying, "unreached": queue.unreached,
            "dead": queue.dead,
        }  # fmt: skip
        for state, count in states.items():
            gauges.add("queue_rows", count, party, name, state)
        gauges.add("queue_oldest_seconds", age(queue.oldest_since) or 0.0, party, name)
        gauges.add("queue_late_seconds", age(queue.due_since) or 0.0, party, name)
    gauges.add("dead_letters", health.dead, party)
    gauges.add("timers", health.timers.waiting, party, "waiting")
    gauges.add("timers", health.timers.overdue, party, "overdue")
    for kind, count in health.tasks.open.items():
        gauges.add("open_tasks", count, party, kind)
    gauges.add("overdue_tasks", health.tasks.overdue, party)
    gauges.add("oldest_task_seconds", age(health.tasks.oldest_since) or 0.0, party)
    gauges.add("ledger_entries", health.ledger.size, party)
    gauges.add("checkpoint_entries", health.ledger.checkpoint_size, party)
    gauges.add("checkpoint_age_seconds", age(health.ledger.checkpoint_at), party)
    gauges.add("checkpoint_cosignatures", len(health.ledger.cosigned_by), party)
    gauges.add("last_handled_seconds", age(health.last_handled_at), party)
    gauges.add("database_bytes", health.database_bytes, party)
