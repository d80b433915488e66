"""The gallery on disk: a folder with the number of the current generation, its segment and its log.

``CURRENT`` holds a generation n; ``segment-n`` (absent for generation 0) and ``log-n`` belong together. A change is
one frame appended to the log, durable when the call returns. `compact` folds the log into the segment of generation
n + 1 and moves ``CURRENT`` on; a process killed in between leaves generation n whole, and files that belong to no
generation are removed by the next compaction. Writers in several processes take turns by a lock file; a reader looks
for new frames before every search.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path

from tenprint.core.candidate import Candidate, SearchResult
from tenprint.core.closing import Closing
from tenprint.core.errors import SenderError, StorageError
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.engine.fusion import check_position, prepare_fingers
from tenprint.engine.gallery.block import build_block
from tenprint.engine.gallery.files import append_durably, exclusive, write_durably
from tenprint.engine.gallery.frames import Operation, decode_payload, encode_frame, read_frames
from tenprint.engine.gallery.search import Found, search_rows
from tenprint.engine.gallery.segment import read_segment, verify_segment, write_segment
from tenprint.engine.gallery.state import State
from tenprint.engine.parameters.comparison import GalleryParameters

People = Iterable[tuple[str, Mapping[FingerPosition, Template]]]
CURRENT, LOCK = "CURRENT", "lock"
BATCH = 256
LONGEST_ID = 255
LOOKS = 50
_UNFIT = re.compile(r"[\n\ud800-\udfff]")
DEFAULT_WAIT_S = 10.0
DEFAULT_LIMIT = 20


class Gallery(Closing):
    """Enrolled people and the search among them.

    Args:
        path: the gallery's folder; made when absent, unless `read_only`.
        read_only: refuse changes, and do not make anything.
        wait_s: seconds to wait for another process that is changing the gallery.
        rule: how to search and when to compact.
        timer: seconds that only grow, for the deadline.

    Raises:
        StorageError: ``GALLERY_MISSING``, ``GALLERY_LOCKED``, ``GALLERY_SEGMENT_DAMAGED``, ``GALLERY_LOG_DAMAGED``.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        read_only: bool = False,
        wait_s: float = DEFAULT_WAIT_S,
        rule: GalleryParameters | None = None,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = Path(path)
        self._read_only, self._wait_s, self._timer = read_only, wait_s, timer
        self._rule = rule or GalleryParameters()
        self._guard = threading.RLock()
        self._generation, self._log_end = -1, 0
        self._state = State()
        if not read_only:
            self._make_folder()
        self.refresh()

    def __len__(self) -> int:
        return len(self._state)

    def __contains__(self, subject_id: object) -> bool:
        return subject_id in self._state

    @property
    def epoch(self) -> str:
        """Return 16 hex digits that change with the content: what was computed at one epoch holds at the same one."""
        return self._state.epoch

    def ids(self) -> tuple[str, ...]:
        """Return the identifiers of everybody, in the order of enrolment."""
        return self._state.ids()

    def templates(self, subject_id: str) -> dict[FingerPosition, Template]:
        """Return a person's templates as enrolled.

        Raises:
            SenderError: ``SUBJECT_UNKNOWN``.
        """
        person = self._state.person(subject_id)
        if person is None:
            raise SenderError("SUBJECT_UNKNOWN", "no such subject is enrolled in this gallery")
        return {position: Template.from_bytes(finger.template) for position, finger in sorted(person.items())}

    def enroll(self, subject_id: str, templates: Mapping[FingerPosition, Template]) -> None:
        """Enrol one person durably; templates of the same person are replaced, equal ones change nothing.

        Raises:
            SenderError: ``FINGER_POSITION``, ``GALLERY_NO_FINGERS``, ``SUBJECT_ID``.
            StorageError: ``GALLERY_LOCKED``, ``GALLERY_WRITE``, ``GALLERY_READ_ONLY``.
        """
        self.enroll_many([(subject_id, templates)])

    def enroll_many(self, people: People, progress: Callable[[int], None] | None = None) -> int:
        """Enrol people in batches, each durable and complete on its own; return how many.

        Args:
            people: subject and templates by position.
            progress: called with the number of people enrolled so far, after each batch.

        Raises:
            SenderError, StorageError: as `enroll`; batches before the error stay enrolled.
        """
        enrolled = 0
        waiting = iter(people)
        while batch := list(islice(waiting, BATCH)):
            self._commit([_enrolment(subject_id, templates) for subject_id, templates in batch])
            enrolled += len(batch)
            if progress is not None:
                progress(enrolled)
        if self._state.tail_size > max(self._rule.log_subjects, self._rule.log_share * len(self._state)):
            self.compact()
        return enrolled

    def delete(self, subject_id: str) -> bool:
        """Remove a person; return whether there was one. The bytes leave the disk with the next `compact`.

        Raises:
            StorageError: ``GALLERY_LOCKED``, ``GALLERY_WRITE``, ``GALLERY_READ_ONLY``.
        """
        with self._guard, self._writing():
            self.refresh()
            known = subject_id in self._state
            if known:
                self._append([Operation(subject_id, {})])
        return known

    def search(
        self,
        probe: Mapping[FingerPosition, Template],
        limit: int = DEFAULT_LIMIT,
        deadline: float | None = None,
    ) -> SearchResult:
        """Look at everybody enrolled and compare the most likely in full; the most alike come first.

        Every enrolled person with a common finger is looked at by local codes; which share of a shard is then compared
        in full falls with the number of common fingers (`GalleryParameters.full_share`, at least `full_at_least`
        people). Only people compared in full can be candidates, with exactly the score of `fusion.compare_people`.

        Args:
            probe: templates by position; positions that an enrolled person lacks are passed over.
            limit: most candidates to return, 1 or more.
            deadline: seconds from now; shards that have not begun by then are left out, and the result says so.

        Raises:
            SenderError: ``FINGER_POSITION``, ``GALLERY_NO_FINGERS``, ``GALLERY_LIMIT``.
            StorageError: as the constructor.
        """
        began = self._timer()
        if limit < 1:
            raise SenderError("GALLERY_LIMIT", f"a search for {limit} candidates finds nothing; ask for 1 or more")
        if not probe:
            raise SenderError("GALLERY_NO_FINGERS", "a search needs at least one finger")
        fingers = prepare_fingers(probe)
        with self._guard:
            self.refresh()
            blocks = self._state.blocks()
        step = self._rule.subjects_per_shard
        shards = [
            (block, alive, (first, min(first + step, len(block))))
            for block, alive in blocks
            for first in range(0, len(block), step)
        ]
        found: list[tuple[str, Found]] = []
        searched = without_common_finger = answered = 0
        for block, alive, rows in shards:
            if deadline is not None and self._timer() - began >= deadline:
                break
            hits, subjects = search_rows(block, rows, alive, fingers, self._rule)
            found += [(block.ids[hit.row], hit) for hit in hits]
            searched += subjects
            without_common_finger += int(alive[rows[0] : rows[1]].sum()) - subjects
            answered += 1
        return SearchResult(_ranked(found, limit), searched, answered, len(shards), without_common_finger)

    def refresh(self) -> None:
        """See what other processes committed since the last look.

        Raises:
            StorageError: as the constructor.
        """
        with self._guard:
            for _ in range(LOOKS):
                try:
                    self._look()
                except FileNotFoundError:
                    continue  # a compaction removed that generation between two reads; CURRENT names the next one
                return
        raise StorageError("GALLERY_MISSING", "the gallery's folder or its files are missing")

    def compact(self) -> None:
        """Fold the log into a new segment; deleted people's templates leave the disk.

        The old segment is verified first: a damaged column must not be copied under a fresh checksum.

        Raises:
            StorageError: ``GALLERY_LOCKED``, ``GALLERY_WRITE``, ``GALLERY_READ_ONLY``, ``GALLERY_SEGMENT_DAMAGED``.
        """
        with self._guard, self._writing():
            self.refresh()
            self.verify()
            following = self._generation + 1
            write_segment(self._segment(following), build_block(self._state.people()), self._state.epoch)
            write_durably(self._log(following), [b""])
            write_durably(self._folder / CURRENT, [f"{following}\n".encode()])
            self.refresh()
            self._remove_others()

    def verify(self) -> None:
        """Read the whole segment and check every column.

        Raises:
            StorageError: ``GALLERY_SEGMENT_DAMAGED`` naming the column.
        """
        if self._generation > 0:
            verify_segment(self._segment(self._generation))

    def flush(self) -> None:
        """Do nothing: every change is durable when its call returns."""

    def close(self) -> None:
        """Let go of the mapped files."""
        with self._guard:
            self._state, self._generation = State(), -1

    def _commit(self, operations: list[Operation]) -> None:
        """Commit enrolments; one that is there already changes nothing, so that repeating work is harmless."""
        with self._guard, self._writing():
            self.refresh()
            repeated = {operation.subject_id for operation in operations}
            if len(repeated) == len(operations):
                operations = [operation for operation in operations if not self._state.holds(operation)]
            if operations:
                self._append(operations)

    def _append(self, operations: list[Operation]) -> None:
        """Write one frame and take it in; the lock is held and the state is fresh."""
        frame = encode_frame(operations)
        append_durably(self._log(self._generation), self._log_end, frame)
        self._take_in(frame)

    def _take_in(self, data: bytes) -> None:
        """Apply the whole frames of `data`, which was read at the known end of the log."""
        known = self._log_end
        for end, payload in read_frames(data):
            self._state.apply(decode_payload(payload), payload)
            self._log_end = known + end

    def _look(self) -> None:
        """Read a new generation, or the frames that were added to the known one."""
        generation = _number(self._folder / CURRENT)
        if generation != self._generation:
            self._load(generation)
        with self._log(generation).open("rb") as file:
            file.seek(self._log_end)
            self._take_in(file.read())

    def _load(self, generation: int) -> None:
        """Map a generation's segment."""
        state = State()
        if generation > 0:
            segment = read_segment(self._segment(generation))
            state = State(segment.block if segment.is_current else segment.rebuilt(), segment.epoch)
        self._state, self._generation, self._log_end = state, generation, 0

    def _writing(self) -> AbstractContextManager[None]:
        """Return the writers' lock."""
        if self._read_only:
            raise StorageError("GALLERY_READ_ONLY", "this gallery was opened for reading")
        return exclusive(self._folder / LOCK, self._wait_s)

    def _make_folder(self) -> None:
        """Make generation 0 if there is none."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise StorageError("GALLERY_WRITE", f"the folder cannot be made: {problem.strerror}") from problem
        with self._writing():
            if not (self._folder / CURRENT).exists():
                write_durably(self._log(0), [b""])
                write_durably(self._folder / CURRENT, [b"0\n"])

    def _remove_others(self) -> None:
        """Remove files of other generations and temporary files."""
        keep = {CURRENT, LOCK, self._segment(self._generation).name, self._log(self._generation).name}
        for pattern in ("segment-*", "log-*", "*.tmp"):
            for path in self._folder.glob(pattern):
                if path.name not in keep:
                    path.unlink(missing_ok=True)

    def _segment(self, generation: int) -> Path:
        return self._folder / f"segment-{generation}"

    def _log(self, generation: int) -> Path:
        return self._folder / f"log-{generation}"


def _number(path: Path) -> int:
    """Return the generation that CURRENT names."""
    digits = path.read_bytes().strip()
    if not digits.isdigit():
        raise StorageError("GALLERY_CURRENT_DAMAGED", "the gallery's CURRENT file holds no number")
    return int(digits)


def _enrolment(subject_id: str, templates: Mapping[FingerPosition, Template]) -> Operation:
    """Return the checked operation that enrols a person."""
    # An argument that was no UTF-8 arrives with lone surrogates, which cannot be written down.
    if not 1 <= len(subject_id.encode(errors="replace")) <= LONGEST_ID or _UNFIT.search(subject_id):
        raise SenderError("SUBJECT_ID", f"a subject's identifier is one line of 1 to {LONGEST_ID} bytes")
    if not templates:
        raise SenderError("GALLERY_NO_FINGERS", "an enrolment needs at least one finger")
    for position, template in templates.items():
        check_position(position, template)
    return Operation(subject_id, {FingerPosition(p): template.to_bytes() for p, template in templates.items()})


def _ranked(found: list[tuple[str, Found]], limit: int) -> tuple[Candidate, ...]:
    """Return the best as candidates; equal scores are ordered by identifier."""
    best = sorted(found, key=lambda pair: (-pair[1].score, pair[0]))[:limit]
    return tuple(
        Candidate(subject_id, rank, hit.score, hit.fingers) for rank, (subject_id, hit) in enumerate(best, start=1)
    )
