"""What an operator's tools get of a running process: metrics to scrape, and a log of events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from tenprint.adapters.event_log import write_event
from tenprint.core.errors import StorageError
from tenprint.exchange.model.health import Health
from tenprint.exchange.model.observing import Event, Happening
from tenprint.exchange.ports import Node

if TYPE_CHECKING:
    from tenprint.adapters.metrics import Meter

HERE_ONLY = "127.0.0.1"


class Watch:
    """Hears what happens at the parties of a process (`Node.observe`), counts it, and writes it to the log.

    watch = Watch()
    with open_network(folder, observe=watch) as network:
        watch.begin(network.nodes.values())

    Args:
        counts: False where nobody will ask for metrics: then things are only logged, and no metrics' library loads.
    """

    def __init__(self, *, counts: bool = True) -> None:
        self._asking: dict[str, Callable[[], Health]] = {}
        self._meter = self._new_meter() if counts else None

    def __call__(self, happening: Happening) -> None:
        """Count and log what happened."""
        if self._meter is not None:
            self._meter(happening)
        write_event(happening)

    def begin(self, nodes: Iterable[Node]) -> None:
        """Take the parties' figures into the metrics from now on, and log that they have started."""
        for node in nodes:
            self._asking[node.party.id] = partial(_health_of, node)
            node.note(Event.PARTY_STARTED, kind=str(node.party.role))

    def metrics(self) -> bytes:
        """Return the metrics in Prometheus' text format. Asks every party's database."""
        return self._counting.text()

    @contextmanager
    def serving(self, port: int, address: str = HERE_ONLY) -> Iterator[int]:
        """Serve ``/metrics`` until the block ends, for processes without a console; give the port (0 takes a free one).

        Raises:
            StorageError: ``NO_PORT`` when the port is in use.
        """
        from prometheus_client import start_http_server  # noqa: PLC0415 - loads a web server of its own

        try:
            server, thread = start_http_server(port, addr=address, registry=self._counting.registry)
        except OSError as problem:
            raise StorageError("NO_PORT", f"port {port} of {address} cannot be listened on") from problem
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    @property
    def _counting(self) -> Meter:
        if self._meter is None:
            raise ValueError("this watch was told not to count")
        return self._meter

    def _new_meter(self) -> Meter:
        from tenprint.adapters.metrics import Meter  # noqa: PLC0415 - only where somebody may ask

        return Meter(lambda: self._asking)


def _health_of(node: Node) -> Health:
    return node.store.health(node.services.clock.now())
