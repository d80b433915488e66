"""How fast the disposable codec processes are, beside the same codec in this process; and what hostile files do."""

from __future__ import annotations

import importlib
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tenprint.core.errors import RecordError, SenderError
from tenprint.core.fingers import FingerPosition
from tenprint.records.images import CodecPool
from tenprint.records.images.worker import Pixels

STUDY_SEED = 19
OCCASION = 1
PRINTS = 4
"""Synthetic rolled prints, 800x750 px, each of another person."""
TARGET_PER_S = 30.0
HEADER_BYTES = 400
"""Tables and frame of a WSQ file lie within that."""
SMALL = (slice(230, 550), slice(240, 560))
"""The middle of a print: mutated files are small, so that many can be tried."""
CHUNK = 200
"""Mutated files handed out at a time."""

Progress = Callable[[int], None]


@dataclass(frozen=True)
class SpeedFigures:
    """Images a second, medians over the rounds; `*_range` is least and most.

    Args:
        reference_*: the codec called in this process, on one core, in the same rounds.
        jp2_*: JPEG 2000 of the same prints at 10:1.
        *_cpu_ms: CPU time of one image, all processes together; it does not suffer from what else the machine does.
        peak_mib: most memory that one codec process had.
        load: of the machine over the last minute, when the rounds were over.
    """

    size: tuple[int, int]
    images: int
    rounds: int
    processes: int
    cores: int
    decode_per_s: float
    decode_range: tuple[float, float]
    decode_cpu_ms: float
    encode_per_s: float
    encode_range: tuple[float, float]
    reference_decode_per_s: float
    reference_decode_cpu_ms: float
    reference_encode_per_s: float
    jp2_decode_per_s: float
    jp2_encode_per_s: float
    peak_mib: float
    load: float
    target_per_s: float = TARGET_PER_S


@dataclass(frozen=True)
class MutationFigures:
    """What became of mutated WSQ files.

    Args:
        originals: good files that were mutated.
        decoded, refused: files that gave an image, or a `RecordError`.
        refused_by_header: of the refused, those that no codec saw.
        refused_by_codec, crashed, late: of the refused, what the codec process did.
        foreign: exceptions that are no error of ours, by name; must be empty.
        sane_after: whether a good file decoded to the same pixels when all was over.
        slowest_s: the longest that one file took.
        peak_mib: most memory that one codec process had.
    """

    count: int
    seed: int
    originals: int
    decoded: int
    refused: int
    refused_by_header: int
    refused_by_codec: int
    crashed: int
    late: int
    foreign: dict[str, int] = field(default_factory=dict)
    sane_after: bool = True
    slowest_s: float = 0.0
    peak_mib: float = 0.0


def make_prints(on_progress: Progress = lambda done: None) -> list[Pixels]:
    """Return `PRINTS` synthetic rolled prints, shape (750, 800), uint8."""
    from tenprint.synth.cards import render_rolled  # noqa: PLC0415 - compiled kernels
    from tenprint.synth.person import make_person  # noqa: PLC0415

    prints = []
    for number in range(PRINTS):
        finger = FingerPosition(1 + number)
        prints.append(render_rolled(make_person(STUDY_SEED, number), OCCASION, finger).image.pixels)
        on_progress(number + 1)
    return prints


def measure_speed(
    prints: Sequence[Pixels], images: int, rounds: int, on_progress: Progress = lambda done: None
) -> SpeedFigures:
    """Return how many images a second the pool decodes and encodes, and the codec in this process.

    Args:
        prints: shape (height, width), uint8, all of one size.
        images: images in each round; the prints are taken in turn.
        rounds: each times the pool and the reference, one after the other.
        on_progress: called with the number of rounds done.
    """
    library = importlib.import_module("_wsq")
    pixels = [prints[n % len(prints)] for n in range(images)]
    height, width = prints[0].shape
    rates: dict[str, list[float]] = {}
    cpu_ms: dict[str, list[float]] = {}

    with CodecPool() as pool:
        pool.warm()

        def timed(name: str, count: int, work: Callable[[], object]) -> None:
            start, cpu = time.perf_counter(), _cpu_seconds(pool.pids)
            work()
            cpu_ms.setdefault(name, []).append(1000 * (_cpu_seconds(pool.pids) - cpu) / count)
            rates.setdefault(name, []).append(count / (time.perf_counter() - start))

        files, fine = (pool.each(_encoder(pool, kind), pixels) for kind in ("WSQ20", "JP2"))
        few, raw = files[: max(1, images // 4)], [p.tobytes() for p in pixels[: max(1, images // 4)]]
        for done in range(rounds):
            timed("decode", images, lambda: _all_decoded(pool, files))
            timed("reference_decode", len(few), lambda: [library.decompress(data) for data in few])
            timed("encode", images, lambda: pool.each(_encoder(pool, "WSQ20"), pixels))
            timed("reference_encode", len(raw), lambda: [library.compress(data, height, width, 12.0) for data in raw])
            timed("jp2_decode", len(few), lambda: _all_decoded(pool, fine[: len(few)]))
            timed("jp2_encode", len(few), lambda: pool.each(_encoder(pool, "JP2"), pixels[: len(few)]))
            on_progress(done + 1)
        processes, peak = pool.size, pool.peak_bytes
    per_s = {name: statistics.median(values) for name, values in rates.items()}
    return SpeedFigures(
        size=(width, height),
        images=images,
        rounds=rounds,
        processes=processes,
        cores=len(os.sched_getaffinity(0)),
        decode_per_s=per_s["decode"],
        decode_range=(min(rates["decode"]), max(rates["decode"])),
        decode_cpu_ms=statistics.median(cpu_ms["decode"]),
        encode_per_s=per_s["encode"],
        encode_range=(min(rates["encode"]), max(rates["encode"])),
        reference_decode_per_s=per_s["reference_decode"],
        reference_decode_cpu_ms=statistics.median(cpu_ms["reference_decode"]),
        reference_encode_per_s=per_s["reference_encode"],
        jp2_decode_per_s=per_s["jp2_decode"],
        jp2_encode_per_s=per_s["jp2_encode"],
        peak_mib=peak / (1 << 20),
        load=os.getloadavg()[0],
    )


def _cpu_seconds(pids: Iterable[int]) -> float:
    """Return CPU time of this process and of the codec processes so far."""
    total = time.process_time()
    for pid in pids:
        with suppress(OSError):
            user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
            total += (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return total


def originals(prints: Iterable[Pixels], folder: Path | None = None) -> list[bytes]:
    """Return good WSQ files to mutate: the middles of `prints`, and the ``*.wsq`` files below `folder`, if given.

    Raises:
        SenderError: ``FILE_MISSING`` when the folder holds none.
    """
    with CodecPool() as pool:
        files = pool.each(_encoder(pool, "WSQ20"), [np.ascontiguousarray(p[SMALL]) for p in prints])
    if folder is not None:
        found = sorted(folder.rglob("*.wsq"))
        if not found:
            raise SenderError("FILE_MISSING", f"there is no WSQ file below {folder}")
        files += [path.read_bytes() for path in found]
    return files


def mutated(good: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """Yield `count` damaged copies: changed bytes, cuts, extremes in lengths, pieces moved between files.

    The same files, count and seed give the same copies.
    """
    chance = random.Random(seed)  # noqa: S311 - damage, not a secret
    for turn in range(count):
        data = bytearray(chance.choice(good))
        # Half the damage goes into tables and frame: there a byte steers the decoder, further on it is noise.
        reach = min(HEADER_BYTES, len(data)) if turn % 2 else len(data)
        for _ in range(chance.choice((1, 1, 2, 4, 8))):
            _damage(data, reach, chance, good)
        yield bytes(data)


def _damage(data: bytearray, reach: int, chance: random.Random, good: Sequence[bytes]) -> None:
    at = chance.randrange(2, max(3, min(reach, len(data))))
    kind = chance.randrange(10)
    if kind < 5:
        data[at : at + 1] = bytes([chance.randrange(256)])
    elif kind == 5:
        data[at : at + 2] = chance.choice((b"\0\0", b"\xff\xff", b"\x80\0", b"\0\1", b"\xff\xa1"))
    elif kind == 6:
        del data[at : at + chance.choice((1, 2, 16, len(data)))]
    elif kind == 7:
        data[at:at] = chance.randbytes(chance.choice((1, 2, 64, 4096)))
    elif kind == 8:
        other = chance.choice(good)
        start = chance.randrange(len(other))
        data[at : at + 64] = other[start : start + 64]
    else:
        data[at : at + 1] = bytes(byte ^ 1 << chance.randrange(8) for byte in data[at : at + 1])


def measure_mutations(
    good: Sequence[bytes], count: int, seed: int, on_progress: Progress = lambda done: None
) -> MutationFigures:
    """Decode `count` mutated copies of `good` in a pool and return what became of them."""
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    with CodecPool() as pool:
        before = [pool.decode(data) for data in good]

        def one(data: bytes) -> tuple[str, float]:
            start = time.perf_counter()
            try:
                pool.decode(data)
                outcome = "decoded"
            except RecordError:
                outcome = "refused"
            except Exception as problem:  # noqa: BLE001 - counting what must not happen is the purpose
                outcome = f"foreign {type(problem).__name__}"
            return outcome, time.perf_counter() - start

        files, done = mutated(good, count, seed), 0
        while done < count:
            some = [data for _, data in zip(range(min(CHUNK, count - done)), files, strict=False)]
            for outcome, seconds in pool.each(one, some):
                outcomes[outcome] += 1
                slowest = max(slowest, seconds)
            done += len(some)
            on_progress(done)
        counts, peak = pool.counts, pool.peak_bytes
        sane = all(np.array_equal(pool.decode(data), pixels) for data, pixels in zip(good, before, strict=True))
    by_codec = counts["refused"] + counts["crashed"] + counts["late"]
    return MutationFigures(
        count=count,
        seed=seed,
        originals=len(good),
        decoded=outcomes["decoded"],
        refused=outcomes["refused"],
        refused_by_header=outcomes["refused"] - by_codec,
        refused_by_codec=counts["refused"],
        crashed=counts["crashed"],
        late=counts["late"],
        foreign={name.removeprefix("foreign "): n for name, n in outcomes.items() if name.startswith("foreign ")},
        sane_after=sane,
        slowest_s=slowest,
        peak_mib=peak / (1 << 20),
    )


def _encoder(pool: CodecPool, kind: str) -> Callable[[Pixels], bytes]:
    return lambda pixels: pool.encode(pixels, compression=kind)


def _all_decoded(pool: CodecPool, files: Sequence[bytes]) -> None:
    for found in pool.decode_all(files):
        if isinstance(found, RecordError):
            raise found
