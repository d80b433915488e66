"""Extraction in worker processes: spawned, warm, one thread each; or in this process, for one image or a test.

Workers are spawned, not forked: the engine's libraries hold threads and locks that a fork would copy half way.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Protocol

from tenprint.core.errors import EngineError, TenprintError
from tenprint.core.template import Template

if TYPE_CHECKING:
    from tenprint.core.image import FingerImage

THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Failed:
    """Why an image gave no template: code and sentence of the engine's error, as plain text that can travel."""

    code: str
    message: str


Outcome = Template | Failed


class Pool(Protocol):
    """What computes templates."""

    def run(self, images: Sequence[FingerImage]) -> list[Outcome]:
        """Return a template or a failure per image, in order."""
        ...

    def close(self) -> None:
        """End what was started."""
        ...


def default_workers() -> int:
    """Return the number of cores that this process may use but one, at least 1."""
    return max(1, len(os.sched_getaffinity(0)) - 1)


class InProcessPool:
    """Extracts here, one image after the other."""

    def run(self, images: Sequence[FingerImage]) -> list[Outcome]:
        """Return a template or a failure per image, in order."""
        return [_extracted(image) for image in images]

    def close(self) -> None:
        """Do nothing: nothing was started."""


class WorkerPool:
    """Extracts in worker processes, which start with the first image and stay warm.

    A worker that dies takes the pool with it; the pool is then started anew and each unanswered image tried alone, so
    that only the image that kills workers fails.

    Args:
        workers: number of processes, at least 1.
    """

    def __init__(self, workers: int) -> None:
        self._workers = max(1, workers)
        self._executor: ProcessPoolExecutor | None = None

    def run(self, images: Sequence[FingerImage]) -> list[Outcome]:
        """Return a template or a failure per image, in order; ``EXTRACT_CRASHED`` when it ended its worker twice."""
        outcomes: list[Outcome | None] = self._round(images)
        for index, outcome in enumerate(outcomes):
            if outcome is None:
                outcomes[index] = self._round([images[index]])[0]
        crashed = Failed("EXTRACT_CRASHED", "the extractor's process ended on this image")
        return [crashed if outcome is None else outcome for outcome in outcomes]

    def close(self) -> None:
        """End the workers; the next image starts others."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    def _round(self, images: Sequence[FingerImage]) -> list[Outcome | None]:
        """Return outcomes, None where the worker died before it answered."""
        executor = self._started()
        try:
            futures = [executor.submit(_extracted, image) for image in images]
        except BrokenProcessPool:
            self.close()
            return [None] * len(images)
        outcomes = [_answer(future) for future in futures]
        if None in outcomes:
            self.close()
        return outcomes

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            self._executor = _executor(self._workers)
        return self._executor


def _answer(future: Future[Outcome]) -> Outcome | None:
    try:
        return future.result()
    except BrokenProcessPool:
        return None


def _extracted(image: FingerImage) -> Outcome:
    from tenprint.engine.extract import extract  # noqa: PLC0415 - heavy: only who extracts loads the engine

    try:
        return extract(image)
    except EngineError as problem:
        return Failed(problem.code, problem.message)


def _prepare_worker() -> None:
    """Begin a worker's life: one thread, no orphan, network built before the first image."""
    os.environ.update(dict.fromkeys(THREAD_LIMITS, "1"))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from tenprint.engine.extract import warm  # noqa: PLC0415 - after the thread limits

    try:
        warm()
    except TenprintError:
        # The first image meets the same error and can answer it; a failing start would only say that the pool broke.
        return


def _end_with_parent() -> None:
    # A killed parent cannot end its workers, and they wait for work on a pipe that they hold open themselves.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Crew:
    """Worker processes for any work that a module's function does: warm like those of `WorkerPool`, one thread each.

    May be used from several threads. A worker that dies takes the work under way with it; the next work starts others.

    Args:
        workers: number of processes, at least 1.
    """

    def __init__(self, workers: int) -> None:
        self._workers = max(1, workers)
        self._executor: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()
        self._leash: tuple[Connection, Connection] | None = None
        self._is_closed = False

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have `work(*arguments)` called in a worker; its future tells a broken pool as `BrokenProcessPool`.

        Raises:
            EngineError: ``CREW_ENDED`` after `close`.
        """
        with self._lock:
            if self._is_closed:
                raise EngineError("CREW_ENDED", "the worker processes were ended")
            try:
                return self._started().submit(work, *arguments)
            except BrokenProcessPool:
                self._end()
                return self._started().submit(work, *arguments)

    def close(self) -> None:
        """End the workers at once, whatever they are at; their futures tell a broken pool."""
        with self._lock:
            self._is_closed = True
            self._end()

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            context = multiprocessing.get_context("spawn")
            self._leash = context.Pipe(duplex=False)
            self._executor = ProcessPoolExecutor(
                self._workers, mp_context=context, initializer=_prepare_leashed, initargs=(self._leash[0],)
            )
        return self._executor

    def _end(self) -> None:
        if self._leash is not None:
            for side in self._leash:
                side.close()
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
        self._executor, self._leash = None, None


def _prepare_leashed(leash: Connection) -> None:
    """Begin the life of a worker that ends at once when the other side lets go of the leash."""

    def wait() -> None:
        with suppress(EOFError, OSError):
            leash.recv_bytes()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    _prepare_worker()


def _executor(workers: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare_worker)
