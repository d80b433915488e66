"""A few codec processes kept warm: as many images at a time as there are cores, one process for each."""

from __future__ import annotations

import os
import queue
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import TypeVar

from tenprint.core.errors import RecordError
from tenprint.core.image import ENGINE_PPI
from tenprint.records.images.worker import MEMORY_BYTES, TIME_LIMIT_SECONDS, CodecWorker, Pixels

MAX_WORKERS = 4
"""More than that many hold memory without need: extraction takes twenty times as long as decoding."""
Given = TypeVar("Given")
Found = TypeVar("Found")


class CodecPool:
    """Codec workers for many threads; decodes and encodes as one `CodecWorker` does.

        with CodecPool() as pool:
            outcomes = pool.decode_all(files)

    Nothing starts before the first image or `warm`. A worker whose process fails has the next one started at once.

    Args:
        workers: number of processes; None takes as many as there are cores, at most 4.
        memory_bytes, time_limit: as for `CodecWorker`, for each.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        memory_bytes: int = MEMORY_BYTES,
        time_limit: float = TIME_LIMIT_SECONDS,
    ) -> None:
        count = min(MAX_WORKERS, len(os.sched_getaffinity(0))) if workers is None else max(1, workers)
        self._workers = [
            CodecWorker(memory_bytes=memory_bytes, time_limit=time_limit, stay_warm=True) for _ in range(count)
        ]
        # Last in, first out: with few images at a time few processes start, and those stay warm.
        self._idle: queue.LifoQueue[CodecWorker] = queue.LifoQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def __enter__(self) -> CodecPool:
        """Return the pool; its processes start with the first images."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes."""
        self.close()

    def close(self) -> None:
        """End the processes; an image that is being decoded is waited for."""
        for worker in self._workers:
            worker.close()

    def warm(self) -> None:
        """Start all processes, without waiting until they are ready.

        Raises:
            EngineError: ``CODEC_UNAVAILABLE`` when one cannot be started.
        """
        for worker in self._workers:
            worker.warm()

    @property
    def pids(self) -> tuple[int, ...]:
        """Return the ids of the processes that are warm."""
        return tuple(worker.pid for worker in self._workers if worker.pid is not None)

    @property
    def size(self) -> int:
        """Return how many images can be worked on at a time."""
        return len(self._workers)

    @property
    def peak_bytes(self) -> int:
        """Return the most memory (resident set) that one process had so far; 0 where there is no /proc."""
        return max(worker.peak_bytes for worker in self._workers)

    @property
    def counts(self) -> Counter[str]:
        """Return how many images were done, refused by a codec, crashed one, or were late."""
        return sum((worker.counts for worker in self._workers), Counter())

    def decode(self, data: bytes) -> Pixels:
        """Decode one file as `CodecWorker.decode` does, in the first process that is free."""
        with self._free() as worker:
            return worker.decode(data)

    def decode_color(self, data: bytes) -> Pixels:
        """Decode one photograph as `CodecWorker.decode_color` does, in the first process that is free."""
        with self._free() as worker:
            return worker.decode_color(data)

    def encode(self, pixels: Pixels, ppi: int = ENGINE_PPI, compression: str = "WSQ20") -> bytes:
        """Encode one image as `CodecWorker.encode` does, in the first process that is free."""
        with self._free() as worker:
            return worker.encode(pixels, ppi, compression)

    def decode_all(self, files: Iterable[bytes]) -> list[Pixels | RecordError]:
        """Decode files side by side; each gives its pixels, or the error that `decode` would have raised.

        Raises:
            EngineError: ``CODEC_UNAVAILABLE`` when a process cannot be started.
        """

        def one(data: bytes) -> Pixels | RecordError:
            try:
                return self.decode(data)
            except RecordError as problem:
                return problem

        return self.each(one, files)

    def each(self, step: Callable[[Given], Found], given: Iterable[Given]) -> list[Found]:
        """Return `step` of each, in order, run in as many threads as there are processes."""
        with ThreadPoolExecutor(self.size, thread_name_prefix="codec") as threads:
            return list(threads.map(step, given))

    @contextmanager
    def _free(self) -> Iterator[CodecWorker]:
        worker = self._idle.get()
        try:
            yield worker
        finally:
            self._idle.put(worker)
