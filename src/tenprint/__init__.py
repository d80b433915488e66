"""Tenprint: the open, accountable version of a booking-to-decision ten-print exchange.

Importing this package builds and opens nothing. The engine's face loads when it is first used::

    tenprint.extract(image, ppi)          -> core.template.Template
    tenprint.compare(probe, candidate)    -> engine.compare.Comparison
    tenprint.Gallery(path)                -> engine.gallery.Gallery
    tenprint.records.read(data)           -> records.Transaction
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"
_FACE = {"extract": "tenprint.bootstrap", "compare": "tenprint.bootstrap", "Gallery": "tenprint.engine.gallery"}


def __getattr__(name: str) -> Any:
    from importlib import import_module  # noqa: PLC0415 - only when something is asked for

    if name in _FACE:
        return getattr(import_module(_FACE[name]), name)
    if name == "records":
        return import_module("tenprint.records")
    raise AttributeError(f"module 'tenprint' has no attribute {name!r}")
