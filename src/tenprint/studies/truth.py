"""A matcher that knows the truth: cards say whose they are and where that person is known. No pixels, no comparison.

For studies of everything but matching: throughput, chaos. What a card says stands in front of each image's data; the
"templates" carry it on, in the angles of their first minutiae, so that they are of a real one's size and form. So the
answer depends on the card alone, in whatever process it is asked. Who is enrolled during a run is kept as one link per
person, to the subject's id, in a folder that processes share: whole or absent, and nothing to open. Without a folder
nobody is found who was not known before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from tenprint.core.candidate import Candidate, SearchResult
from tenprint.core.errors import EngineError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.template import Template
from tenprint.exchange.model.words import Role
from tenprint.exchange.ports import Extraction, Pairing, ScoreRow
from tenprint.records import Booking, EncodedImage, build_car

SCORE_PER_FINGER = 9_000
"""Milli-units. Ten fingers stand far above every threshold, as a mate of good quality does."""
MINUTIAE = 40
POPULATION = 1_000
"""How many subjects a search says it went through."""
KEEPERS = (Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY)
"""Who can know a person; the place in this order is the bit in a template."""
_TRUTH = re.compile(rb"TRUTH ([0-9]{1,9}) ([0-7]);")
_SIDE = 480


@dataclass(frozen=True)
class Truth:
    """What a card says of itself.

    Args:
        person: number, below 1e9.
        known_to: roles of the repositories whose galleries hold the person from the start.
    """

    person: int
    known_to: frozenset[Role] = frozenset()

    @property
    def mask(self) -> int:
        """Return `known_to` as bits."""
        return sum(1 << place for place, role in enumerate(KEEPERS) if role in self.known_to)

    def stamp(self) -> bytes:
        """Return what stands in front of an image's data."""
        return b"TRUTH %d %d;" % (self.person, self.mask)


class TruthMatcher:
    """The `Matcher` port of one party.

    Args:
        role: the party's; decides who is known from the start.
        folder: where enrolments are kept, made at the first one; None keeps none.
    """

    def __init__(self, role: Role, folder: Path | None = None) -> None:
        self._bit = 1 << KEEPERS.index(role) if role in KEEPERS else 0
        self._folder = folder

    def extract(self, images: Iterable[EncodedImage]) -> Extraction:
        """Return a template per image that says whose it is; another image fails as one that cannot be decoded."""
        templates, failures = {}, {}
        for image in images:
            said = _TRUTH.match(image.data)
            if said is None:
                failures[image.fgp] = "L0009: the image does not say whose it is"
            else:
                templates[image.fgp] = _template(int(said[1]), int(said[2]), image.fgp)
        return Extraction(templates, failures)

    def search(self, probe: Mapping[FingerPosition, Template], limit: int) -> SearchResult:
        """Return the one subject who is the probe's person, if this party knows that person; nobody else is alike."""
        first = next(iter(probe.values()), None)
        subject = self._subject(*_said(first)) if first is not None and limit > 0 else ""
        if not subject:
            return SearchResult((), POPULATION)
        fingers = dict.fromkeys(probe, SCORE_PER_FINGER)
        return SearchResult((Candidate(subject, 1, SCORE_PER_FINGER * len(fingers), fingers),), POPULATION)

    def enroll(self, subject_id: str, templates: Mapping[FingerPosition, Template]) -> None:
        """Know the templates' person under this subject id from now on; the first id stays."""
        if self._folder is None or not templates:
            return
        person, _ = _said(next(iter(templates.values())))
        self._folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # two workers of a party may enrol the same one: the first one's id stays
            self._place(person).symlink_to(subject_id)

    def delete(self, subject_id: str) -> None:
        """Forget whom an enrolment under this subject id made known; nobody is there twice, so nothing else goes."""
        for place in self._folder.glob("*") if self._folder is not None else ():
            if str(place.readlink()) == subject_id:
                place.unlink(missing_ok=True)

    def compact(self) -> None:
        """Do nothing: `delete` removes the file of whom it forgets."""

    def forget(self, image_digest: str) -> None:
        """Do nothing: no template is remembered."""

    def remembered(self, image: EncodedImage) -> Template | None:
        """Return the template of an image."""
        return self.extract([image]).templates.get(image.fgp)

    def pairing(self, probe: EncodedImage, candidate: EncodedImage) -> Pairing:
        """Pair all minutiae of one person's images, and none of two people's.

        Raises:
            EngineError: ``TRUTH_MISSING`` for an image that says nothing.
        """
        one, other = self.remembered(probe), self.remembered(candidate)
        if one is None or other is None:
            raise EngineError("TRUTH_MISSING", "the image does not say whose it is")
        alike = _said(one)[0] == _said(other)[0]
        pairs = tuple((n, n) for n in range(MINUTIAE)) if alike else ()
        score = SCORE_PER_FINGER if alike else 0
        return Pairing(one, other, pairs, score, (ScoreRow("truth", float(alike), score),))

    def _subject(self, person: int, mask: int) -> str:
        if mask & self._bit:
            return f"known-{person}"
        if self._folder is None:
            return ""
        try:
            return str(self._place(person).readlink())
        except FileNotFoundError:
            return ""

    def _place(self, person: int) -> Path:
        return self._folder / f"{person}" if self._folder else Path()


def truth_card(truth: Truth, booking: Booking, body_bytes: int, filler: bytes) -> bytes:
    """Return a CAR of about `body_bytes` (not below some 4,000) whose fourteen images say whose they are.

    Args:
        truth, booking: what it says.
        body_bytes: size; the images share it.
        filler: bytes that no compression makes smaller, at least a fourteenth of the size.
    """
    stamp = truth.stamp()
    size = max(body_bytes // 14 - 210, len(stamp))
    data = stamp + filler[: size - len(stamp)]
    return build_car(booking, [_image(number, data) for number in range(1, 15)])


def known_every(numbers: Sequence[int], each: int) -> list[Truth]:
    """Return people, every `each`-th of whom the immigration repository knows."""
    known = frozenset({Role.IMMIGRATION_REPOSITORY})
    return [Truth(number, known if number % each == 0 else frozenset()) for number in numbers]


def _image(number: int, data: bytes) -> EncodedImage:
    impression = Impression.LIVESCAN_ROLLED if number <= 10 else Impression.LIVESCAN_PLAIN
    return EncodedImage(0, 14, FingerPosition(number), impression, 8, 8, 500, "NONE", data)


@lru_cache(maxsize=4096)  # several parties ask for the same one, and matching is to cost nothing
def _template(person: int, mask: int, finger: FingerPosition) -> Template:
    angle = _BASE.angle.copy()
    angle[:3] = person >> 16, person & 0xFFFF, mask
    return replace(_BASE, angle=angle, fgp=finger)


def _said(template: Template) -> tuple[int, int]:
    high, low, mask = (int(value) for value in template.angle[:3])
    return high << 16 | low, mask


_random = np.random.default_rng(1)
_x, _y, _angle = _random.integers(0, _SIDE, (3, MINUTIAE), dtype=np.uint16)
_BASE = Template(
    _x,
    _y,
    _angle,
    np.ones(MINUTIAE, np.uint8),
    np.full(MINUTIAE, 60, np.uint8),
    _SIDE,
    _SIDE,
    impression=Impression.LIVESCAN_ROLLED,
    overall_quality=80,
)
