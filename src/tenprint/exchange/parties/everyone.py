"""What every party does alike with news about a booking it was told of, unless its own module does more."""

from __future__ import annotations

from tenprint.exchange.model.words import Kind
from tenprint.exchange.ports import Handler
from tenprint.exchange.tasks.spread import on_disposition

HANDLERS: dict[Kind, Handler] = {
    Kind.DISPOSITION: on_disposition,
}
