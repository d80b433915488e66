"""One party beside its process, for its people's pages: its own database and key, and nobody else's.

What is done here is written to the database, as the commands do it beside a running party. The party's own process
notices that within a tenth of a second, handles it and sends what follows; nothing is handled or sent from here.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from tenprint.adapters.case_activity import has_unhandled
from tenprint.adapters.database import open_engine
from tenprint.adapters.lock import holder_of
from tenprint.adapters.matcher import Extractor
from tenprint.adapters.network import Place, load_network
from tenprint.adapters.post import InProcessPost
from tenprint.bootstrap.network import TEMPLATE_FOLDER
from tenprint.bootstrap.node import Common, build_node
from tenprint.bootstrap.party import address_of, patient_lock, refuse_simulated
from tenprint.bootstrap.prints import make_extractor
from tenprint.core.chance import RandomSource, SystemRandomSource
from tenprint.core.clock import Clock, SystemClock
from tenprint.core.closing import Closing
from tenprint.core.errors import SenderError
from tenprint.exchange.model.observing import Observer, no_observer
from tenprint.exchange.ports import Node
from tenprint.policy import programme as programmes

SETTLE_SECONDS = 3.0
"""How long somebody who answered waits for the party's process; it takes a tenth of a second when it runs."""
SETTLE_POLL_SECONDS = 0.05


@dataclass
class PartyBeside(Closing):
    """A party whose work another process does. A context manager; made by `open_beside`.

    Args:
        place: the party's.
        node: the same, put together.
        clock: what tells the time.
    """

    place: Place
    node: Node
    clock: Clock
    _home: Path
    _engine: Engine
    _resources: ExitStack = field(repr=False)

    @property
    def is_beside(self) -> bool:
        """Return True: another process does the work, and several threads may wait for it in `settle`."""
        return True

    @property
    def nodes(self) -> dict[str, Node]:
        """Return the one party by its id."""
        return {self.node.party.id: self.node}

    @property
    def process(self) -> int | None:
        """Return the process that runs the party, or None."""
        return holder_of(self._home)

    def is_stopped(self, party_id: str) -> bool:
        """Tell whether nobody does the party's work."""
        return party_id in self.nodes and self.process is None

    def run(self) -> int:
        """Do nothing: what is due is the process's to do."""
        return 0

    def settle(self, seconds: float = SETTLE_SECONDS, *, case_id: str) -> bool:
        """Wait until the party's process has handled what came in of a case; tell whether it has.

        A process that does not run is not waited for: it handles what was written when it runs again.
        """
        ends_at = time.monotonic() + seconds
        while has_unhandled(self._engine, case_id):
            if self.process is None or time.monotonic() >= ends_at:
                return False
            time.sleep(SETTLE_POLL_SECONDS)
        return True

    def close(self) -> None:
        """Release database, workers and the lock; doing it twice changes nothing."""
        self._resources.close()


def open_beside(
    directory: Path,
    party_id: str,
    *,
    clock: Clock | None = None,
    random: RandomSource | None = None,
    extractor: Extractor | None = None,
    observe: Observer = no_observer,
) -> PartyBeside:
    """Open one party of a data directory beside its process, which may run or not; arguments as for `open_party`.

    No other party's folder is looked into, so that none need be there.

    Raises:
        SenderError: ``NETWORK_MISSING``, ``UNKNOWN_PARTY``, ``PARTY_ELSEWHERE``, ``PARTY_WITHOUT_ADDRESS``,
            ``CLOCK_SIMULATED``.
        RecordError: ``NETWORK_INVALID``.
        StorageError: ``STORE_LOCKED`` when one process runs the whole network, or what else cannot be opened.
    """
    file = load_network(directory)
    place = file.place(party_id)
    refuse_simulated(file)
    address_of(place)
    if not file.is_here(place):
        raise SenderError(
            "PARTY_ELSEWHERE",
            f"{party_id} does not live on this machine: there is no folder {place.home}",
            hint="run this where its folder is",
        )
    with ExitStack() as opening:
        opening.enter_context(patient_lock(directory, shared=True))
        common = Common(
            file=file,
            clock=clock or SystemClock(),
            random=random or SystemRandomSource(),
            programme=programmes.load(file.directory.programme),
            extractor=extractor or make_extractor(directory / TEMPLATE_FOLDER, ending=opening),
            observe=observe,
            has_galleries=False,
        )
        built = build_node(common, place, file.private_key(place), InProcessPost(), opening)
        engine = open_engine(file.database_url(place))
        opening.callback(engine.dispose)
        return PartyBeside(place, built.node, common.clock, directory / place.home, engine, opening.pop_all())
