"""Synthetic people: ridge patterns, impressions, cards, biographies, populations. Truth first, pixels second.

Everything follows from integer seeds. Nothing here knows how the engine reads a print: it can be measured on these.
"""
