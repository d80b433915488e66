"""The cards of the stories: rendered, compressed and extracted once, in worker processes, then kept.

A person's card is made in two halves, one a hand, so that two cores share the work and no finger is grown twice. What
is kept depends on the fingers and on the code that draws and reads them, and on nothing else: mending a sentence of a
story renders nothing anew.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Protocol

from tenprint.core.canonical import sha256_hex
from tenprint.core.errors import EngineError
from tenprint.core.fingers import FingerPosition
from tenprint.records import EncodedImage, read
from tenprint.records.itl.booking import Booking, build_car

STORY_SEED = 2010
"""Of the population whose fingers the people of the stories have."""
EXEMPLAR_OCCASION, BOOKING_OCCASION = 1, 2
"""Two occasions on which a person's prints were taken: no two impressions are alike."""
EXEMPLAR_FILE, BOOKING_FILE = "exemplar.an2", "booking.an2"


@dataclass(frozen=True)
class Hand:
    """Five fingers and the plain sets in which they stand."""

    fingers: tuple[int, ...]
    sets: tuple[int, ...]


HANDS = (Hand((1, 2, 3, 4, 5), (11, 13)), Hand((6, 7, 8, 9, 10), (12, 14)))


@dataclass(frozen=True)
class HandMade:
    """What a worker made of one hand: images of both occasions, templates by image digest, seconds by stage."""

    exemplar: tuple[EncodedImage, ...]
    booking: tuple[EncodedImage, ...]
    templates: Mapping[str, bytes]
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class StoryCards:
    """The prints of one person.

    Args:
        exemplar: ANSI/NIST file with ten rolled fingers, under which the person is enrolled where they are known.
        booking: the fourteen images of the booking, of another occasion.
        seconds: spent on them in workers now; empty when they were kept.
    """

    exemplar: bytes
    booking: tuple[EncodedImage, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)


class Keeping(Protocol):
    """Where cards and templates are kept."""

    def get(self, key: str, names: Iterable[str]) -> dict[str, bytes] | None:
        """Return the files of a key, or None unless all are there."""
        ...

    def put(self, key: str, files: Mapping[str, bytes]) -> None:
        """Keep files under a key, each whole or absent."""
        ...

    def put_template(self, digest: str, template: bytes) -> None:
        """Keep the template of the image with this digest."""
        ...


class Crew(Protocol):
    """Worker processes."""

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have a function of a module called in a worker."""
        ...


@dataclass(frozen=True)
class CardShop:
    """Makes and keeps cards. May be used from several threads; the same card made twice is the same.

    Args:
        keeping: folder.
        crew: workers.
        version: of the extractor, so that kept cards always have templates.
    """

    keeping: Keeping
    crew: Crew
    version: Callable[[], str]

    def kept(self, fingers: int) -> StoryCards | None:
        """Return the cards of the person with these fingers when they were made before; else None."""
        files = self.keeping.get(self._key(fingers), (EXEMPLAR_FILE, BOOKING_FILE))
        return None if files is None else _cards(files, {})

    def made(self, fingers: int, *, at_once: bool = True) -> StoryCards:
        """Return the cards, made now if need be.

        Args:
            fingers: number of the synthetic person.
            at_once: both hands at the same time; else one after the other, which leaves a core to others.

        Raises:
            EngineError: ``CARD_NOT_MADE`` when a worker ended; or what it raised.
        """
        kept = self.kept(fingers)
        if kept is not None:
            return kept
        started = [self.crew.submit(make_hand, fingers, hand) for hand in (HANDS if at_once else HANDS[:1])]
        hands = [_result(half) for half in started]
        hands += [_result(self.crew.submit(make_hand, fingers, hand)) for hand in HANDS[len(hands) :]]
        for hand in hands:
            for digest, template in hand.templates.items():
                self.keeping.put_template(digest, template)
        files = {
            EXEMPLAR_FILE: _file([image for hand in hands for image in hand.exemplar]),
            BOOKING_FILE: _file([image for hand in hands for image in hand.booking]),
        }
        self.keeping.put(self._key(fingers), files)
        stages = {stage: sum(hand.seconds[stage] for hand in hands) for stage in hands[0].seconds}
        return _cards(files, stages)

    def _key(self, fingers: int) -> str:
        return sha256_hex(f"{STORY_SEED}/{fingers}/{drawing_version()}/{self.version()}".encode())[:32]


def make_hand(fingers: int, hand: Hand) -> HandMade:
    """Render, compress and extract one hand on both occasions: what a worker does, about 12 s on one core."""
    from tenprint.engine.extract import extract  # noqa: PLC0415 - heavy: only the worker loads the engine
    from tenprint.records.images import CodecWorker, decode, encode  # noqa: PLC0415 - loads Pillow
    from tenprint.synth.cards import render_plain_set, render_rolled  # noqa: PLC0415 - compiled kernels
    from tenprint.synth.person import make_person  # noqa: PLC0415

    person = make_person(STORY_SEED, fingers)
    single = [FingerPosition(finger) for finger in hand.fingers]
    watch = _Watch()
    with CodecWorker() as codec:
        with watch.timed("render"):
            first = [render_rolled(person, STORY_SEED + EXEMPLAR_OCCASION, finger).image for finger in single]
            rolled = [render_rolled(person, STORY_SEED + BOOKING_OCCASION, finger).image for finger in single]
            occasion = STORY_SEED + BOOKING_OCCASION
            plain = [render_plain_set(person, occasion, FingerPosition(position)).image for position in hand.sets]
        with watch.timed("encode"):
            exemplar = tuple(encode(image, codec) for image in first)
            booking = tuple(encode(image, codec) for image in [*rolled, *plain])
        with watch.timed("extract"):
            read_again = [image for image in [*exemplar, *booking] if image.fgp in single]
            templates = {image.digest: extract(decode(image, codec)).to_bytes() for image in read_again}
    return HandMade(exemplar, booking, templates, watch.seconds)


@cache
def drawing_version() -> str:
    """Return a hash of the code that draws prints: another one draws others."""
    sources = sorted(resources.files("tenprint.synth").iterdir(), key=lambda entry: entry.name)
    hashed = hashlib.sha256()
    for entry in sources:
        if entry.name.endswith(".py"):
            hashed.update(entry.name.encode() + b"\0" + entry.read_bytes() + b"\0")
    return hashed.hexdigest()[:16]


class _Watch:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._started = "", 0.0

    def timed(self, stage: str) -> _Watch:
        self._stage = stage
        return self

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        spent = time.perf_counter() - self._started
        self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + spent


def _result(half: Future[Any]) -> HandMade:
    try:
        made: HandMade = half.result()
    except (RuntimeError, CancelledError) as problem:  # a broken pool, or one that was ended meanwhile
        raise EngineError("CARD_NOT_MADE", "the process that renders a card ended", hint="run it again") from problem
    return made


def _file(images: list[EncodedImage]) -> bytes:
    """Return images as an ANSI/NIST file that says nothing about anybody."""
    nobody = Booking(nam="NOBODY,NOBODY", tcn="STORY-CARD", ori="XX0000000", dai="XX0000000", dat="20101004")
    return build_car(nobody, sorted(images, key=lambda image: image.fgp), checked=False)


def _cards(files: Mapping[str, bytes], seconds: Mapping[str, float]) -> StoryCards:
    return StoryCards(files[EXEMPLAR_FILE], tuple(read(files[BOOKING_FILE]).images()), seconds)
