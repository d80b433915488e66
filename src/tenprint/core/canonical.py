"""Canonical JSON (RFC 8785) and the hash over it: the same value always gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import json.encoder
from collections.abc import Callable
from typing import Any

import rfc8785

from tenprint.core.errors import RecordError

MOST_EXACT = 2**53 - 1
"""Whole numbers beyond are no numbers of JSON's (RFC 8785, 3.2.2.3)."""
_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":"))


def compact_json(value: Any) -> str:
    """Return `value` as JSON without spaces, names sorted: equal values are equal text. Faster than `json.dumps`."""
    return _plain_dumps(value)


def _made_encoder() -> Callable[[Any], str]:
    """Return the library's encoder in C, made once; `JSONEncoder.encode` makes it anew for each value."""
    make = json.encoder.c_make_encoder  # type: ignore[attr-defined]
    if make is None:
        return _ENCODER.encode
    quoted = json.encoder.encode_basestring
    chunks = make(None, _ENCODER.default, quoted, None, ":", ",", True, False, True)
    return lambda value: "".join(chunks(value, 0))


_plain_dumps = _made_encoder()


def canonical_json(value: Any) -> bytes:
    """Return `value` as RFC 8785 bytes.

    Raises:
        RecordError: ``JSON_VALUE`` for a float or any other value that has no canonical form with us.
    """
    if _is_plain(value):
        return _plain_dumps(value).encode()
    _refuse_floats(value)
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as problem:
        raise RecordError("JSON_VALUE", f"value has no canonical form: {problem}") from problem


def _is_plain(value: Any) -> bool:
    """Tell whether Python's own encoder writes `value` as RFC 8785 does: nearly all that is hashed here.

    Its strings and whole numbers are the same. It sorts names by code point and not by UTF-16 unit, which differs only
    outside ASCII; and it writes values that have no canonical form, which are left to `rfc8785` to refuse.
    """
    if isinstance(value, str):
        return value.isascii() or value.isprintable()
    if isinstance(value, dict):
        return _is_plain_object(value)
    if isinstance(value, int):
        return -MOST_EXACT <= value <= MOST_EXACT
    return value is None or (isinstance(value, list | tuple) and all(map(_is_plain, value)))


def _is_plain_object(value: dict[Any, Any]) -> bool:
    for name, item in value.items():
        if not isinstance(name, str) or not name.isascii():
            return False
        if not (type(item) is str and item.isascii()) and not _is_plain(item):
            return False
    return True


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
