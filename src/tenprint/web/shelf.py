"""A bounded memory of things made from content: what was not asked for longest goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class Shelf(Generic[Kept]):
    """What was made before, by key, up to a total size.

    Two threads that ask for the same new thing may both make it: nobody waits for another one's work.

    Args:
        capacity: total size, in the unit of `size`.
        size: of one thing.
    """

    def __init__(self, capacity: int, size: Callable[[Kept], int]) -> None:
        self._capacity, self._size = capacity, size
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._total = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Return what is kept under the key, made now if it is not; raises what `make` raises, and keeps nothing then.

        Something larger than the whole shelf is returned and not kept.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._put(key, made)
        return made

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._kept

    def _put(self, key: Hashable, made: Kept) -> None:
        size = self._size(made)
        if key in self._kept or size > self._capacity:
            return
        while self._total + size > self._capacity:
            _, gone = self._kept.popitem(last=False)
            self._total -= self._size(gone)
        self._kept[key] = made
        self._total += size
