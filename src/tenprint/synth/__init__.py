"""Synthetic people: ridge patterns, impressions, cards, biographies, populations. Truth first, pixels second.

Everything follows from integer seeds. Nothing here knows how the engine reads a print: it can be measured on these.
"""

SYNTH_VERSION = 2
"""Raised when equal seeds give other prints than before: part of the key of whatever keeps rendered prints."""
