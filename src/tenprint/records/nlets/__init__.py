"""Immigration queries (IAQ) and answers (IAR): text records in the Nlets family, not EBTS."""

from tenprint.records.nlets.iaq import Iaq
from tenprint.records.nlets.iar import CAVEAT, Iar

__all__ = ["CAVEAT", "Iaq", "Iar"]
