"""The one place where real things are built and put together. Heavy libraries load when they are first needed.

with open_network(Path("data/demo")) as network:
    submit(network.node("agency"), card)
    network.run()
"""

from tenprint.adapters.accounts import AccountFile
from tenprint.adapters.event_log import LEVELS, logging_to
from tenprint.adapters.founding import Founding
from tenprint.adapters.image_files import read_image
from tenprint.adapters.network import load_network
from tenprint.bootstrap.beside import PartyBeside, open_beside
from tenprint.bootstrap.collector import look_seldom
from tenprint.bootstrap.ending import told_of
from tenprint.bootstrap.network import (
    Network,
    init_network,
    open_accounts,
    open_network,
    seeded_random,
)
from tenprint.bootstrap.party import RunningParty, address_of, open_party
from tenprint.bootstrap.prints import (
    card_shop,
    compare,
    extract,
    extract_file,
    image_codec,
    make_extractor,
    open_gallery,
    templates_of,
    warm,
    warm_comparison,
)
from tenprint.bootstrap.status import PartyState, party_states
from tenprint.bootstrap.watching import Watch
from tenprint.exchange.model.stored import DeadLetter

__all__ = [
    "LEVELS",
    "AccountFile",
    "DeadLetter",
    "Founding",
    "Network",
    "PartyBeside",
    "PartyState",
    "RunningParty",
    "Watch",
    "address_of",
    "card_shop",
    "compare",
    "extract",
    "extract_file",
    "image_codec",
    "init_network",
    "load_network",
    "logging_to",
    "look_seldom",
    "make_extractor",
    "open_accounts",
    "open_beside",
    "open_gallery",
    "open_network",
    "open_party",
    "party_states",
    "read_image",
    "seeded_random",
    "templates_of",
    "told_of",
    "warm",
    "warm_comparison",
]
