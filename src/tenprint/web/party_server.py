"""One party as a process: its door takes messages in, its worker handles and sends them, until somebody ends it."""

from __future__ import annotations

import json
import logging
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress

from tenprint import bootstrap
from tenprint.bootstrap import RunningParty
from tenprint.core.errors import StorageError
from tenprint.web.log import as_fields
from tenprint.web.post_door import PostDoor
from tenprint.web.post_server import DoorServer, as_interrupt, door_server, door_socket

END_SECONDS = 60.0
"""How long the worker may take to finish what it has begun; what it leaves is done by the next start."""
Job = Callable[[Callable[[], bool]], None]
"""What runs beside the door until the function that it gets says stop."""
_log = logging.getLogger("tenprint.party")


def serve_party(party: RunningParty, on_ready: Callable[[], None], jobs: Sequence[Job] = ()) -> None:
    """Run one party until Ctrl-C or a termination signal; what is under way is finished first.

    Args:
        party: opened.
        on_ready: called once its door listens.
        jobs: what else runs beside the door, each in a thread.

    Raises:
        StorageError: ``NO_PORT``; ``WORKER_FAILED`` when a fault of the program ended the worker: nothing is lost.
    """
    stop, failed = threading.Event(), threading.Event()
    door = PostDoor(party.node, party.blobs, party.bell.set, lambda: not failed.is_set())
    listener = door_socket(*party.address)
    server = door_server(door, party.tls(), on_ready)
    if party.place.gallery:
        # The first search would wait for the kernels; messages that need none do not.
        threading.Thread(target=bootstrap.warm_comparison, name="warm", daemon=True).start()
    threads = [_started(job, server, stop, failed) for job in (party.work, *jobs)]
    signal.signal(signal.SIGTERM, as_interrupt)
    try:
        with closing(listener), suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    finally:
        stop.set()
        party.bell.set()
        for thread in threads:
            thread.join(END_SECONDS)
    if failed.is_set():
        raise StorageError(
            "WORKER_FAILED", "a fault of the program ended the work of this party", hint="start it again; see its log"
        )


def _started(job: Job, server: DoorServer, stop: threading.Event, failed: threading.Event) -> threading.Thread:
    def run() -> None:
        try:
            job(stop.is_set)
        except Exception as problem:  # noqa: BLE001 - a fault of ours: the process ends, and says where
            failed.set()
            server.should_exit = True
            told = {"event": "worker_ended", **bootstrap.told_of(problem)}
            _log.critical("%s", json.dumps(told), extra=as_fields(told))

    thread = threading.Thread(target=run, name="worker", daemon=True)
    thread.start()
    return thread
