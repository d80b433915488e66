"""Canonical JSON (RFC 8785) and the hash over it: the same value always gives the same bytes."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from tenprint.core.errors import RecordError


def canonical_json(value: Any) -> bytes:
    """Return `value` as RFC 8785 bytes.

    Raises:
        RecordError: ``JSON_VALUE`` for a float or any other value that has no canonical form with us.
    """
    _refuse_floats(value)
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as problem:
        raise RecordError("JSON_VALUE", f"value has no canonical form: {problem}") from problem


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of `data` in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise RecordError("JSON_VALUE", "floats have no place in hashed records; use integers with a unit")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)
