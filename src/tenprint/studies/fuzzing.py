"""A seeded fuzzer over sample files: whatever the bytes, only values and our own errors come out, and soon.

Each mutated file is made from (seed, number) alone, so any finding can be made again. What is checked is written in
`check_transaction` and `check_template`. Time is CPU time of this thread, not the clock on the wall: a busy machine
finds nothing that an idle one does not.
"""

from __future__ import annotations

import gc
import random
import resource
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tenprint import records
from tenprint.core.errors import RecordError, SenderError
from tenprint.records import templates
from tenprint.records.itl.conformance import STANDARD
from tenprint.records.itl.tables import load_table
from tenprint.studies.mutation import Seed, mutate

HANG_SECONDS = 1.0
FOLDERS = ("transactions", "templates")
NO_SEEDS = frozenset({".csv", ".md"})
MAX_FINDINGS = 50
TEMPLATE_SHARE = 0.25
"""Of the mutated files that come from templates, small and simple beside transactions."""


class BrokenLawError(Exception):
    """A promise of the readers was broken; the message names it."""


class _Hung(BaseException):  # not an Exception, so that nothing under test can catch it
    pass


@dataclass(frozen=True)
class FuzzFinding:
    """One mutated file that broke a promise.

    Args:
        number: of the file; with the run's seed it makes the file again.
        sample: what was mutated.
        steps: what was done to it.
        kind: ``foreign`` (an exception not of ours), ``law`` or ``hang``.
        what: exception and message, and the innermost line of Tenprint.
        seconds: CPU time.
    """

    number: int
    sample: str
    steps: tuple[str, ...]
    kind: str
    what: str
    seconds: float


@dataclass
class FuzzFigures:
    """Figures of one run.

    Args:
        seed, files: what was asked; files are mutated ones.
        samples: how many files they were made from.
        foreign, broken_laws, hangs: numbers of mutated files with such a finding.
        clean, damaged, refused: files without a problem, with problems, refused with an error of ours.
        mutations: how often each was applied.
        codes: files with at least one problem of a code; equal for equal seeds and code.
        slowest_s, total_s: CPU seconds of the slowest file, of all.
        peak_mib: highest memory of the process so far, the samples included.
        findings: the first 50.
    """

    seed: int
    files: int = 0
    samples: int = 0
    foreign: int = 0
    broken_laws: int = 0
    hangs: int = 0
    clean: int = 0
    damaged: int = 0
    refused: int = 0
    mutations: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    slowest_s: float = 0.0
    slowest_number: int = -1
    total_s: float = 0.0
    peak_mib: int = 0
    findings: list[FuzzFinding] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing was found."""
        return not (self.foreign or self.broken_laws or self.hangs)


def find_seeds(samples: Path) -> list[Seed]:
    """Return all transactions and templates below a folder of samples, by name.

    Raises:
        SenderError: ``SAMPLES_MISSING`` when there is none.
    """
    paths = [
        path
        for folder in FOLDERS
        for path in sorted((samples / folder).rglob("*"))
        if path.is_file() and path.suffix not in NO_SEEDS
    ]
    if not paths:
        hint = "name the folder that holds transactions/ and templates/ with --samples"
        raise SenderError("SAMPLES_MISSING", f"no transactions or templates in {samples}", hint=hint)
    return [seed_of(path.relative_to(samples).as_posix(), path.read_bytes()) for path in paths]


def seed_of(name: str, data: bytes) -> Seed:
    """Return a file with the places at which its records begin and end."""
    if is_template(name):
        return Seed(name, data, (0, min(24, len(data)), len(data)))
    cuts = [record.offset for record in records.read(data).records]
    return Seed(name, data, (*cuts, len(data)) if cuts else (0, len(data)))


def is_template(name: str) -> bool:
    """Tell whether a sample is read as a template."""
    return name.startswith("templates/")


def mutated_file(seeds: Sequence[Seed], seed: int, number: int) -> tuple[Seed, bytes, tuple[str, ...]]:
    """Return the mutated file of a number: which sample, its bytes, what was done."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - repeatable on purpose
    small = [place for place, one in enumerate(seeds) if is_template(one.name)]
    large = [place for place, one in enumerate(seeds) if not is_template(one.name)]
    chosen = small if (chance.random() < TEMPLATE_SHARE and small) or not large else large
    which = chance.choice(chosen)
    data, steps = mutate(seeds, which, chance)
    return seeds[which], data, steps


def fuzz(
    seeds: Sequence[Seed],
    files: int,
    seed: int,
    *,
    on_progress: Callable[[int], None] = lambda done: None,
    keep: Callable[[int, bytes], None] = lambda number, data: None,
    checks: tuple[Callable[[bytes], list[str]], Callable[[bytes], list[str]]] | None = None,
) -> FuzzFigures:
    """Read mutated files and count what goes wrong.

    Args:
        seeds: files to mutate.
        files: how many mutated ones.
        seed: of all choices.
        on_progress: called with the number of files done.
        keep: called with number and bytes of each file that broke a promise.
        checks: for transactions and for templates; those of this module when left out.
    """
    check_records, check_templates = checks or (check_transaction, check_template)
    figures = FuzzFigures(seed, files, len(seeds))
    mutations: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    load_table(STANDARD)  # takes a second, once; no file's time
    with _hang_guard() as guarded, _own_garbage_only():
        for number in range(files):
            sample, data, steps = mutated_file(seeds, seed, number)
            mutations.update(steps)
            check = check_templates if is_template(sample.name) else check_records
            kind, what, seconds = _outcome(check, data, guarded)
            _count(figures, codes, (kind, what))
            figures.total_s += seconds
            if seconds > figures.slowest_s:
                figures.slowest_s, figures.slowest_number = seconds, number
            if kind in _BROKEN:
                keep(number, data)
                if len(figures.findings) < MAX_FINDINGS:
                    text = " ".join(what)
                    figures.findings.append(FuzzFinding(number, sample.name, steps, kind, text, seconds))
            on_progress(number + 1)
    figures.mutations, figures.codes = dict(sorted(mutations.items())), dict(sorted(codes.items()))
    figures.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 if sys.platform == "darwin" else 1024)
    return figures


@contextmanager
def _own_garbage_only() -> Iterator[None]:
    """Keep what was there before out of garbage collections: walking a large heap would count as a file's time."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def check_transaction(data: bytes) -> list[str]:
    """Read, judge and use a transaction; return the codes of its problems.

    Raises:
        BrokenLawError: when bytes are lost, a problem lies outside the file, or strict and lenient disagree.
    """
    found = records.read(data)
    _demand(found.to_bytes() == data, "read and written again, the bytes differ")
    problems = found.problems
    _demand(all(0 <= p.offset <= len(data) for p in problems), "a problem lies outside the file")
    for image in found.images():
        _demand(image.width > 0 and image.height > 0 and image.ppi > 0 and bool(image.data), "an image is empty")
    records.read_booking(found)
    records.read_result(found)
    records.read_error(found)
    for finding in (*records.validate(found), *records.validate_itl(found)):
        _demand(finding.offset <= len(data), "a finding lies outside the file")
    try:
        records.read(data, strict=True)
        _demand(not problems, "strict reading takes what lenient reading complains of")
    except RecordError as refused:
        _demand(bool(problems), f"strict reading refuses ({refused.code}) what lenient reading takes")
    return [p.code for p in problems]


def check_template(data: bytes) -> list[str]:
    """Read and convert a template; return the codes of its problems.

    Raises:
        RecordError: when its header or size cannot be used.
        BrokenLawError: when a problem lies outside the file, or what we write from it is not valid.
    """
    found = templates.read(data)
    problems = found.problems
    _demand(all(0 <= p.offset <= len(data) for p in problems), "a problem lies outside the file")
    for number in range(len(found.views)):
        template = templates.to_template(found, number)
        # An image too large for the 14 bits of a coordinate is one that the writers rightly refuse.
        if max(template.width, template.height) <= 1 << 14:
            for write in (templates.write_iso, templates.write_ansi):
                _demand(not templates.read(write([template]), strict=True).problems, "what we write is not valid")
    return [p.code for p in problems]


_BROKEN = frozenset({"foreign", "law", "hang"})


def _demand(holds: bool, law: str) -> None:
    if not holds:
        raise BrokenLawError(law)


def _outcome(
    check: Callable[[bytes], list[str]], data: bytes, guarded: Callable[[bool], None]
) -> tuple[str, list[str], float]:
    """Run one check; return the kind of outcome, problem codes or a description, and CPU seconds."""
    started = time.thread_time()
    try:
        guarded(True)
        try:
            codes = check(data)
        finally:
            guarded(False)
        kind, what = ("damaged" if codes else "clean"), codes
    except RecordError as refused:
        kind, what = "refused", [refused.code]
    except BrokenLawError as broken:
        kind, what = "law", [str(broken)]
    except _Hung as hung:
        kind, what = "hang", [_innermost(hung)]
    except Exception as foreign:  # noqa: BLE001 - finding foreign exceptions is what this is for
        kind, what = "foreign", [f"{type(foreign).__name__} at {_innermost(foreign)}"]
    seconds = time.thread_time() - started
    if seconds > HANG_SECONDS and kind not in _BROKEN:
        kind, what = "hang", ["ended, but late"]
    return kind, what, seconds


def _count(figures: FuzzFigures, codes: Counter[str], outcome: tuple[str, list[str]]) -> None:
    kind, what = outcome
    name = {"law": "broken_laws", "hang": "hangs"}.get(kind, kind)
    setattr(figures, name, getattr(figures, name) + 1)
    if kind not in _BROKEN:
        codes.update(set(what))


def _innermost(problem: BaseException) -> str:
    frames = traceback.extract_tb(problem.__traceback__)
    ours = [f for f in frames if "tenprint" in f.filename and "studies" not in f.filename] or list(frames)
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno} {ours[-1].name}"


@contextmanager
def _hang_guard() -> Iterator[Callable[[bool], None]]:
    """Give a switch that arms a timer of CPU time; when it rings, what runs is left with `_Hung`.

    Only the main thread can have it; elsewhere a file that never ends is not cut off.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda armed: None
        return

    def ring(_: int, __: FrameType | None) -> None:
        raise _Hung

    def arm(armed: bool) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, 2 * HANG_SECONDS if armed else 0)

    before = signal.signal(signal.SIGVTALRM, ring)
    try:
        yield arm
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
