"""A pool of codec processes: side by side, warm, and none of its images harmed by another's crash."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt
import pytest

from tenprint.core.errors import EngineError, RecordError
from tenprint.records.images import CodecPool
from tenprint.records.images import worker as worker_module


def ridges() -> npt.NDArray[np.uint8]:
    y, x = np.mgrid[:200, :160].astype(np.float64)
    return (128 + 87 * np.cos(np.hypot(y - 100, x - 50) * 2 * np.pi / 9)).astype(np.uint8)


def test_nothing_starts_before_the_first_image_and_nothing_stays_after_the_last() -> None:
    with CodecPool(2) as pool:
        assert (pool.size, pool.pids) == (2, ())
        pool.encode(ridges())
        assert len(pool.pids) == 1
        pool.warm()
        warm = pool.pids
        assert len(warm) == 2
    for pid in warm:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_images_are_decoded_side_by_side_in_order_by_the_same_processes() -> None:
    with CodecPool(2) as pool:
        pool.warm()
        warm = pool.pids
        files = [pool.encode(np.roll(ridges(), shift, axis=1)) for shift in range(8)]
        outcomes = pool.decode_all(files * 3)
        assert pool.pids == warm
        assert pool.counts == {"done": 32}
    for number, found in enumerate(outcomes):
        assert not isinstance(found, RecordError)
        off = found.astype(float) - np.roll(ridges(), number % 8, axis=1)
        assert np.sqrt(np.square(off).mean()) < 15


def test_a_refused_image_among_good_ones_fails_alone() -> None:
    with CodecPool(2) as pool:
        good = pool.encode(ridges())
        outcomes = pool.decode_all([good, good[:600], good, b"", good])
        assert [found.code if isinstance(found, RecordError) else found.shape for found in outcomes] == [
            (200, 160), "IMAGE_DECODE", (200, 160), "IMAGE_DECODE", (200, 160),
        ]  # fmt: skip


def test_after_a_crash_the_next_process_is_started_at_once_and_the_image_has_a_coded_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_module, "CPU_LIMIT_SECONDS", 0.05)  # the kernel ends a process that computes longer
    with CodecPool(1) as pool:
        good = pool.encode(ridges())
        (dying,) = pool.pids
        with pytest.raises(RecordError, match="IMAGE_ENCODE: the image codec crashed"):
            pool.encode(np.tile(ridges(), (20, 20)))
        (after,) = pool.pids
        assert after != dying
        assert pool.decode(good).shape == (200, 160)
        assert pool.pids == (after,)
        assert pool.counts == {"done": 2, "crashed": 1}


def test_a_pool_whose_processes_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module.sys, "executable", "/bin/false")
    with CodecPool(2) as broken, pytest.raises(EngineError, match="CODEC_UNAVAILABLE"):
        broken.decode_all([b"\xff\xa0\xff\xa2\x00\x11\x00\xff\x00\x40\x00\x40" + bytes(30)])
