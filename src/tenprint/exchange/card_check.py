"""Whether the plain fingers of a card are its rolled ones, before it is booked.

Plain sets are segmented (or cut by boxes that a person gave), every finger is extracted, and `check_sequence` compares
them. What could not be compared is said beside what is wrong: silence would pass for a sound card.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tenprint.core.errors import SenderError, TenprintError
from tenprint.core.fingers import ALL_PLAIN_SETS, SINGLE_FINGERS, FingerPosition
from tenprint.core.image import FingerImage
from tenprint.core.template import Template
from tenprint.engine.compare.sequence import SequenceFault, SequenceFinding, check_sequence
from tenprint.exchange.capture import Decode, FingerBox, Segment, cut
from tenprint.records import EncodedImage, read
from tenprint.records.itl.booking import missing_fingers, read_booking

Extract = Callable[[FingerImage], Template]
DOUBTS = frozenset({SequenceFault.NOT_CONFIRMED})
"""Findings that ask for a better print; all others say that a finger stands in the wrong place."""


@dataclass(frozen=True)
class Tools:
    """What the check works with.

    Args:
        decode: an image of a record, to pixels.
        segment: a plain set, to its fingers.
        extract: one finger's pixels, to its template.
    """

    decode: Decode
    segment: Segment
    extract: Extract


@dataclass(frozen=True)
class NotCompared:
    """A finger that was not compared, and why, as a sentence."""

    finger: FingerPosition
    sentence: str


@dataclass(frozen=True)
class CardCheck:
    """What the check of a card found.

    Args:
        compared: positions that have a plain and a rolled print.
        not_compared: all other positions.
        contradictions: fingers that the card names as missing and a plain set shows, as sentences.
        findings: what is wrong with the order of the fingers.
    """

    compared: tuple[FingerPosition, ...]
    not_compared: tuple[NotCompared, ...]
    contradictions: tuple[str, ...]
    findings: tuple[SequenceFinding, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """Return what is wrong with the card, as sentences; a print that is only too poor is no fault."""
        return tuple(f.sentence for f in self.findings if f.fault not in DOUBTS) + self.contradictions

    @property
    def doubts(self) -> tuple[str, ...]:
        """Return what could not be confirmed, as sentences."""
        return tuple(f.sentence for f in self.findings if f.fault in DOUBTS)


def check_card(
    card: bytes,
    tools: Tools,
    boxes: Sequence[FingerBox] = (),
    missing: frozenset[FingerPosition] = frozenset(),
    *,
    on_progress: Callable[[int], None] = lambda done: None,
) -> CardCheck:
    """Return whether each plain finger of a card is the one that was rolled; about ten seconds for a whole card.

    Args:
        card: ANSI/NIST-ITL file with the card's images.
        tools: how images are decoded, segmented and extracted.
        boxes: when given, the plain fingers are cut by them and by nothing else.
        missing: fingers that are said not to be there, beside those that the card names.
        on_progress: called with the number of images that are done.

    Raises:
        SenderError: ``CARD_EMPTY`` when there are no images, ``BOXES_INVALID`` for a box outside its image, or of a
            finger that no plain set of the card shows.
    """
    transaction = read(card)
    images = transaction.images()
    if not images:
        raise SenderError("CARD_EMPTY", "the card has no finger images that can be read")
    there = {finger for image in images for finger in ALL_PLAIN_SETS.get(image.fgp, ())}
    for box in boxes:
        if box.fgp not in there:
            hint = "leave this box out, or add the image of the plain set to the card"
            raise SenderError("BOXES_INVALID", f"the card has no plain set with the {box.fgp.title}", hint=hint)
    desk = _Desk(tools, missing | missing_fingers(read_booking(transaction)), tuple(boxes))
    for done, image in enumerate(images, 1):
        desk.take(image)
        on_progress(done)
    return desk.result()


def refuse_faults(check: CardCheck) -> None:
    """Refuse a card whose fingers stand in the wrong places, and one of which nothing is known.

    Raises:
        SenderError: ``CARD_SEQUENCE`` with all faults; ``CARD_NOT_COMPARED`` when no finger could be compared.
    """
    if check.faults:
        hint = "look at the card and take these fingers again; without --strict it is booked, with a warning"
        raise SenderError("CARD_SEQUENCE", " ".join(check.faults), hint=hint)
    if not check.compared:
        hint = "see why with: tenprint card check; without --strict it is booked, with a warning"
        raise SenderError("CARD_NOT_COMPARED", "no finger of this card could be compared", hint=hint)


class _Desk:
    """Takes a card's images one by one: templates of rolled and plain fingers, and reasons for those that lack."""

    def __init__(self, tools: Tools, missing: frozenset[FingerPosition], boxes: tuple[FingerBox, ...]) -> None:
        self._tools, self._missing, self._boxes = tools, missing, boxes
        self._rolled: dict[FingerPosition, Template] = {}
        self._plain: dict[FingerPosition, Template] = {}
        self._why: dict[FingerPosition, str] = {}
        self._contradictions: list[str] = []

    def take(self, image: EncodedImage) -> None:
        """Take one image; one that cannot be read is a reason, no error."""
        try:
            if image.fgp in SINGLE_FINGERS and image.impression.is_rolled:
                self._rolled[image.fgp] = self._tools.extract(self._tools.decode(image))
            elif image.fgp in ALL_PLAIN_SETS:
                self._take_set(self._tools.decode(image))
        except SenderError:
            raise
        except TenprintError as problem:
            self._explain(
                ALL_PLAIN_SETS.get(image.fgp, (image.fgp,)), f"the {image.fgp.title} is unusable: {problem.message}"
            )

    def result(self) -> CardCheck:
        """Compare what was taken."""
        findings = check_sequence(self._rolled, self._plain)
        compared = tuple(finger for finger in SINGLE_FINGERS if finger in self._rolled and finger in self._plain)
        left = tuple(NotCompared(f, self._sentence(f)) for f in SINGLE_FINGERS if f not in compared)
        return CardCheck(compared, left, tuple(self._contradictions), findings)

    def _take_set(self, pixels: FingerImage) -> None:
        for finger, box in self._found(pixels).items():
            try:
                self._plain[finger] = self._tools.extract(cut(pixels, box))
            except SenderError:
                raise
            except TenprintError as problem:
                self._explain((finger,), f"its plain print is unusable: {problem.message}")

    def _found(self, pixels: FingerImage) -> dict[FingerPosition, FingerBox]:
        """Return the boxes of a plain set's fingers whose position is sure."""
        members = ALL_PLAIN_SETS[pixels.fgp]
        if self._boxes:
            return {box.fgp: box for box in self._boxes if box.fgp in members}
        slap = self._tools.segment(pixels, self._missing & frozenset(members))
        for finger in sorted(slap.unexpected):
            self._contradictions.append(
                f"The {finger.title} is named as missing, but the {pixels.fgp.title} shows as many "
                "fingers as if it were there."
            )
        self._explain(slap.absent, f"the {pixels.fgp.title} does not show it")
        self._explain(
            [finger.fgp for finger in slap.unsure], f"the {pixels.fgp.title} does not show surely which finger it is"
        )
        return {f.fgp: FingerBox(f.fgp, f.left, f.right, f.top, f.bottom) for f in slap.sure}

    def _explain(self, fingers: Iterable[FingerPosition], why: str) -> None:
        for finger in fingers:
            self._why.setdefault(finger, why)

    def _sentence(self, finger: FingerPosition) -> str:
        if finger in self._missing:
            return f"The {finger.title} was not compared: it is named as missing."
        usual = "no plain print of it was found" if finger in self._rolled else "the card has no rolled print of it"
        return f"The {finger.title} was not compared: {self._why.get(finger, usual)}."
