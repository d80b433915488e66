"""How often the check of a card is wrong: false faults on sound synthetic cards, misses on faulty ones.

Every card is a file with compressed images that goes the whole way: read, segmented, extracted, compared. A faulty card
is a sound one with something done to it that happens at a booking; `Fault` lists what.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.core.image import FingerImage
from tenprint.core.template import Template
from tenprint.engine.compare.sequence import SequenceFault
from tenprint.exchange.card_check import CardCheck, Tools, check_card
from tenprint.records import EncodedImage
from tenprint.records.itl.booking import Booking, build_car
from tenprint.stats.errors import Interval, wilson_interval
from tenprint.synth.cards import SETS_OF_FINGERS, Card, SlapLayout, render_card, render_plain_set, render_rolled
from tenprint.synth.person import SyntheticPerson, make_person

Codec = tuple[Callable[[EncodedImage], FingerImage], Callable[[FingerImage], EncodedImage]]
Named = tuple[SequenceFault, FingerPosition, FingerPosition | None]
TEST_POPULATION = 7602
"""Numbers of the sequence check were chosen on population 502 alone."""
OCCASION = 1
RIGHT_FOUR, LEFT_FOUR = FingerPosition.PLAIN_RIGHT_FOUR, FingerPosition.PLAIN_LEFT_FOUR


class Fault(StrEnum):
    """What is done to a card; the first two leave it sound."""

    NONE = "sound"
    AMPUTATION = "sound, a finger amputated"
    SWAPPED = "two rolled fingers swapped"
    DUPLICATED = "one finger rolled twice"
    FOREIGN = "a rolled finger of somebody else"
    HANDS = "plain hands exchanged"


SOUND = (Fault.NONE, Fault.AMPUTATION)


@dataclass
class FaultFigures:
    """Counts of one kind of card.

    Args:
        cards: how many.
        expected: findings that such cards should give, in all.
        named: of these, given with the right fault and the right fingers.
        doubted: of these, the finger is only said not to be confirmed.
        false_faults: faults that nobody put there, by finger.
        false_cards: cards with at least one of them.
        unconfirmed: sound fingers said not to be confirmed.
        compared: fingers compared.
    """

    cards: int = 0
    expected: int = 0
    named: int = 0
    doubted: int = 0
    false_faults: int = 0
    false_cards: int = 0
    unconfirmed: int = 0
    compared: int = 0

    @property
    def miss_interval(self) -> Interval:
        """Return the 95 % interval of the share of faults that were not named."""
        return wilson_interval(self.expected - self.named, self.expected)

    @property
    def false_card_interval(self) -> Interval:
        """Return the 95 % interval of the share of cards with a false fault."""
        return wilson_interval(self.false_cards, self.cards)


@dataclass
class CheckFigures:
    """All figures of a run: population of the synthetic people, counts by kind of card."""

    population: int
    kinds: dict[Fault, FaultFigures] = field(default_factory=lambda: {fault: FaultFigures() for fault in Fault})


def measure(
    people: int,
    tools: Tools,
    codec: Codec,
    on_progress: Callable[[int], None] = lambda done: None,
    *,
    population: int = TEST_POPULATION,
) -> CheckFigures:
    """Return the figures over so many people, one card of each kind a person; half a minute a person on one core."""
    figures = CheckFigures(population)
    for done, (fault, found, expected) in enumerate(checked_cards(people, tools, codec, population), 1):
        count(figures.kinds[fault], found, expected)
        on_progress(done)
    return figures


def checked_cards(
    people: int, tools: Tools, codec: Codec, population: int = TEST_POPULATION
) -> Iterator[tuple[Fault, CardCheck, frozenset[Named]]]:
    """Yield kind, check and expected findings of each card."""
    stranger = make_person(population, people)
    for index in range(people):
        person = make_person(population, index)
        remembering = _Memory(tools, codec)
        made = _Maker(person, stranger, index, render_card(person, OCCASION, skin=None))
        for fault in Fault:
            images, missing, expected = made.card(fault)
            yield fault, check_card(remembering.file(images, missing), remembering.tools), expected
        stranger = person


def count(figures: FaultFigures, found: CardCheck, expected: frozenset[Named]) -> None:
    """Count one card in place."""
    given = {(f.fault, f.finger, f.other) for f in found.findings}
    at_fault = {finger for _, finger, other in expected} | {other for _, _, other in expected}
    doubted = {f.finger for f in found.findings if f.fault is SequenceFault.NOT_CONFIRMED}
    wrong = [f for f in given - expected if f[0] is not SequenceFault.NOT_CONFIRMED and f[1] not in at_fault]
    figures.cards += 1
    figures.expected += len(expected)
    figures.named += len(given & expected)
    figures.doubted += sum(finger in doubted for fault, finger, _ in expected - given)
    figures.false_faults += len(wrong) + len(found.contradictions)
    figures.false_cards += bool(wrong or found.contradictions)
    figures.unconfirmed += len(doubted - at_fault)
    figures.compared += len(found.compared)


def report(figures: CheckFigures) -> dict[str, Any]:
    """Return the figures as plain values, shares with their intervals."""
    rows = {
        str(fault): asdict(kind)
        | {"false_card_interval": asdict(kind.false_card_interval)}
        | ({"miss_interval": asdict(kind.miss_interval)} if kind.expected else {})
        for fault, kind in figures.kinds.items()
    }
    return {"population": figures.population, "kinds": rows}


@dataclass(frozen=True)
class _Maker:
    """Does to a person's sound card what a fault says; which fingers it befalls goes round with the person's number."""

    person: SyntheticPerson
    stranger: SyntheticPerson
    index: int
    sound: Card

    def card(self, fault: Fault) -> tuple[list[FingerImage], frozenset[FingerPosition], frozenset[Named]]:
        """Return images, fingers named as missing, and the findings that the card should give."""
        images = {image.fgp: image for image in self.sound.images()}
        one = SINGLE_FINGERS[self.index % len(SINGLE_FINGERS)]
        other = SINGLE_FINGERS[(self.index + 1 + self.index // len(SINGLE_FINGERS)) % len(SINGLE_FINGERS)]
        missing: frozenset[FingerPosition] = frozenset()
        expected: frozenset[Named] = frozenset()
        if fault is Fault.AMPUTATION:
            missing = frozenset({one})
            del images[one]
            home = next(p for p in images if p > SINGLE_FINGERS[-1] and one in SETS_OF_FINGERS[p])
            if len(SETS_OF_FINGERS[home]) == 1:
                del images[home]
            else:
                layout = SlapLayout(missing=missing)
                images[home] = render_plain_set(self.person, OCCASION, home, layout=layout).image
        elif fault is Fault.SWAPPED:
            images[one], images[other] = replace(images[other], fgp=one), replace(images[one], fgp=other)
            expected = frozenset({(SequenceFault.SWAPPED, one, other), (SequenceFault.SWAPPED, other, one)})
        elif fault is Fault.DUPLICATED:
            again = render_rolled(self.person, OCCASION + 1, one).image
            images[other] = replace(again, fgp=other)
            expected = frozenset({(SequenceFault.DUPLICATED, min(one, other), max(one, other))})
        elif fault is Fault.FOREIGN:
            images[one] = render_rolled(self.stranger, OCCASION, one).image
            expected = frozenset({(SequenceFault.FOREIGN, one, None)})
        elif fault is Fault.HANDS:
            left, right = images[LEFT_FOUR], images[RIGHT_FOUR]
            images[LEFT_FOUR], images[RIGHT_FOUR] = replace(right, fgp=LEFT_FOUR), replace(left, fgp=RIGHT_FOUR)
            # a left hand lies from little to index, so what stands where its little finger would is the right index
            pairs = zip(SETS_OF_FINGERS[LEFT_FOUR], SETS_OF_FINGERS[RIGHT_FOUR][::-1], strict=True)
            expected = frozenset((SequenceFault.SWAPPED, *pair) for both in pairs for pair in (both, both[::-1]))
        return list(images.values()), missing, expected


class _Memory:
    """Compresses, opens and extracts each image once, however many cards it lies in."""

    def __init__(self, tools: Tools, codec: Codec) -> None:
        self._decode, self._encode = codec
        self._extract = tools.extract
        self._encoded: dict[bytes, EncodedImage] = {}
        self._opened: dict[str, FingerImage] = {}
        self._templates: dict[bytes, Template] = {}
        self.tools = Tools(self.decode, tools.segment, self.extract)

    def file(self, images: list[FingerImage], missing: frozenset[FingerPosition]) -> bytes:
        """Return a card as a file that says nothing about anybody."""
        amp = tuple((int(finger), "XX") for finger in sorted(missing))
        nobody = Booking(
            nam="NOBODY,NOBODY", tcn="CARD-CHECK", ori="XX0000000", dai="XX0000000", dat="20101004", amp=amp
        )
        return build_car(nobody, [self._encoded_once(image) for image in images], checked=False)

    def decode(self, image: EncodedImage) -> FingerImage:
        """Return the pixels of an image."""
        if image.digest not in self._opened:
            self._opened[image.digest] = self._decode(image)
        return self._opened[image.digest]

    def extract(self, image: FingerImage) -> Template:
        """Return the template of an image; its position is that of the first card in which it lay."""
        key = _key(image)
        if key not in self._templates:
            self._templates[key] = self._extract(image)
        return self._templates[key]

    def _encoded_once(self, image: FingerImage) -> EncodedImage:
        key = _key(image)
        if key not in self._encoded:
            self._encoded[key] = self._encode(image)
        return replace(self._encoded[key], fgp=image.fgp)


def _key(image: FingerImage) -> bytes:
    return hashlib.sha256(repr(image.pixels.shape).encode() + image.pixels.tobytes()).digest()
