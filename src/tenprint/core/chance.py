"""Chance and identifiers as ports: bytes from a source that a seed can replace."""

from __future__ import annotations

import hashlib
import os
from typing import Protocol


class RandomSource(Protocol):
    """What gives unpredictable bytes; a seeded one gives the same bytes again."""

    def token(self, size: int) -> bytes:
        """Return `size` bytes."""
        ...


class SystemRandomSource:
    """The operating system's source, for salts, keys and identifiers of real runs."""

    def token(self, size: int) -> bytes:
        """Return `size` unpredictable bytes."""
        return os.urandom(size)


class SeededRandomSource:
    """A repeatable source: SHAKE-256 over seed and counter. Never for keys of a real network."""

    def __init__(self, seed: int | str) -> None:
        self._seed = str(seed).encode()
        self._count = 0

    def token(self, size: int) -> bytes:
        """Return the next `size` bytes of the sequence."""
        self._count += 1
        return hashlib.shake_256(self._seed + b"/" + str(self._count).encode()).digest(size)


def new_id(prefix: str, source: RandomSource) -> str:
    """Return a fresh identifier such as ``case-1f0c…`` (prefix, dash, 20 hex digits)."""
    return f"{prefix}-{source.token(10).hex()}"


def content_id(prefix: str, *parts: str | bytes) -> str:
    """Return an identifier made from content: equal parts give an equal id, so that repeats can be dropped.

    Each part is hashed with its length in front, so that shifting a boundary between parts changes the id.
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return f"{prefix}-{digest.hexdigest()[:20]}"
