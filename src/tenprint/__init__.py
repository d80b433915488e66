"""Tenprint: the open, accountable version of a booking-to-decision ten-print exchange.

Importing this package builds and opens nothing.
"""

__version__ = "0.1.0"
