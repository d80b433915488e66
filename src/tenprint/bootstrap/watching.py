"""What an operator's tools get of a running process: metrics to scrape, and a log of events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from prometheus_client import start_http_server

from tenprint.adapters.event_log import write_event
from tenprint.adapters.metrics import Meter
from tenprint.core.errors import StorageError
from tenprint.exchange.model.health import Health
from tenprint.exchange.model.observing import Event, Happening
from tenprint.exchange.ports import Node

HERE_ONLY = "127.0.0.1"


class Watch:
    """Hears what happens at the parties of a process (`Node.observe`), counts it, and writes it to the log.

    watch = Watch()
    with open_network(folder, observe=watch) as network:
        watch.begin(network.nodes.values())
    """

    def __init__(self) -> None:
        self._asking: dict[str, Callable[[], Health]] = {}
        self._meter = Meter(lambda: self._asking)

    def __call__(self, happening: Happening) -> None:
        """Count and log what happened."""
        self._meter(happening)
        write_event(happening)

    def begin(self, nodes: Iterable[Node]) -> None:
        """Take the parties' figures into the metrics from now on, and log that they have started."""
        for node in nodes:
            self._asking[node.party.id] = partial(_health_of, node)
            node.note(Event.PARTY_STARTED, kind=str(node.party.role))

    def metrics(self) -> bytes:
        """Return the metrics in Prometheus' text format. Asks every party's database."""
        return self._meter.text()

    @contextmanager
    def serving(self, port: int, address: str = HERE_ONLY) -> Iterator[int]:
        """Serve ``/metrics`` until the block ends, for processes without a console; give the port (0 takes a free one).

        Raises:
            StorageError: ``NO_PORT`` when the port is in use.
        """
        try:
            server, thread = start_http_server(port, addr=address, registry=self._meter.registry)
        except OSError as problem:
            raise StorageError("NO_PORT", f"port {port} of {address} cannot be listened on") from problem
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _health_of(node: Node) -> Health:
    return node.store.health(node.services.clock.now())
