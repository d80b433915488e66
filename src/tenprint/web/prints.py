"""The prints of an examination: which images there are, their pictures, and how their minutiae pair.

Bytes are read under the desk's lock; reading files, decoding and comparing happen outside of it. What is made from
content is kept for a while, by content.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from tenprint.core.errors import TenprintError
from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.exchange.model.case import Task
from tenprint.exchange.ports import Node, Pairing
from tenprint.exchange.tasks.looks import note_look
from tenprint.policy.access import Action
from tenprint.records import EncodedImage, read
from tenprint.web import words
from tenprint.web.desk import EXAMINATIONS, Desk, Refusal, TaskView
from tenprint.web.sessions import Session
from tenprint.web.shelf import Shelf

if TYPE_CHECKING:
    from tenprint.core.image import FingerImage

Decode = Callable[["EncodedImage"], "FingerImage"]
Images = dict[FingerPosition, EncodedImage]
"""The image of each single finger."""

CARD_BYTES = 64 << 20
PICTURE_BYTES = 64 << 20
MAX_LOOKS = 10_000
MAX_EXEMPLARS = 8
"""Files of one subject that are read to find an image of each finger, the newest first."""
SMALL_BY = 4
"""A thumbnail has a quarter of the image's width."""
FAST = 1
"""Deflate level: ridges hardly compress any better at a higher one, and a person waits."""
NO_IMAGE = "There is no image on file for this finger."


@dataclass(frozen=True)
class Picture:
    """An image as PNG, and what it was made from.

    Args:
        png: the file.
        digest: of the image in its record; the picture shows that and nothing else.
    """

    png: bytes = field(repr=False)
    digest: str


@dataclass(frozen=True)
class Pair:
    """One finger of both sides; None where a side has no image of it.

    Args:
        finger: which.
        probe, candidate: the images.
        quality: 0 to 100, that of the worse image (how much there is to compare, from its own minutiae); -1 when
            unknown. Never made from a comparison.
    """

    finger: FingerPosition
    probe: EncodedImage | None
    candidate: EncodedImage | None
    quality: int

    @property
    def is_comparable(self) -> bool:
        """Tell whether both sides have an image."""
        return self.probe is not None and self.candidate is not None


@dataclass(frozen=True)
class Sheet:
    """A candidate's prints beside the probe's.

    Args:
        number: of the candidate, from 1, in an order that says nothing about likeness.
        subject_id: the record's number.
        pairs: all ten fingers, the best pair first by quality.
        problem: why prints could not be read, or ``""``.
    """

    number: int
    subject_id: str
    pairs: tuple[Pair, ...]
    problem: str = ""

    @property
    def comparable(self) -> tuple[FingerPosition, ...]:
        """Return the fingers of which both sides have an image, best first."""
        return tuple(pair.finger for pair in self.pairs if pair.is_comparable)


class Lightbox:
    """The prints that examiners look at.

    Args:
        desk: the network.
        decode: a record's image to pixels.
    """

    def __init__(self, desk: Desk, decode: Decode) -> None:
        self._desk, self._decode = desk, decode
        self._cards: Shelf[tuple[EncodedImage, ...]] = Shelf(CARD_BYTES, _card_size)
        self._pictures: Shelf[bytes] = Shelf(PICTURE_BYTES, len)
        self._looks: Shelf[bool] = Shelf(MAX_LOOKS, int)

    def sheets(self, seat: Session, view: TaskView) -> tuple[Sheet, ...]:
        """Return each candidate's prints beside the probe's; a look that is not on the ledger yet is written there."""
        self._note_first_look(seat, view)
        node = self._node(seat)
        probe, problem = self._try(lambda: self._probe(node, view.task))
        found = []
        for number, subject in enumerate(words.candidates(view.task), 1):
            images, trouble = self._try(partial(self._exemplar, node, subject))
            pairs = [_pair(node, finger, probe, images) for finger in SINGLE_FINGERS]
            pairs.sort(key=lambda pair: (not pair.is_comparable, -pair.quality, pair.finger))
            found.append(Sheet(number, subject, tuple(pairs), problem or trouble))
        return tuple(found)

    def picture(self, seat: Session, task_id: str, side: str, finger: int, *, is_small: bool) -> Picture:
        """Return an image of an examination as PNG.

        Args:
            seat: who looks.
            task_id: the examination.
            side: ``probe``, or a candidate's number.
            finger: 1 to 10.
            is_small: as a thumbnail.

        Raises:
            Refusal: 401 to 404 as `Desk.glance`, or when there is no such image; 422 when it is damaged.
        """
        view = self._looked_at(seat, task_id)
        image = self._image(seat, view.task, side, finger)
        try:
            png = self._pictures.get((image.digest, is_small), lambda: self._developed(image, is_small))
        except TenprintError as problem:
            raise _damaged(problem) from problem
        return Picture(png, image.digest)

    def pairing(self, seat: Session, task_id: str, side: str, finger: int) -> Pairing:
        """Return how the minutiae of both images of a finger pair.

        Raises:
            Refusal: as `picture`; 403 before this person's first finding.
        """
        view = self._looked_at(seat, task_id)
        if view.is_blind:
            said = "Minutiae, pairing and score are kept back until you have recorded your own first finding."
            raise Refusal(HTTPStatus.FORBIDDEN, said, "KEPT_BACK")
        if side == "probe":
            raise Refusal(HTTPStatus.NOT_FOUND, "There is no such candidate.")
        probe, candidate = (self._image(seat, view.task, each, finger) for each in ("probe", side))
        try:
            return self._node(seat).services.matcher.pairing(probe, candidate)
        except TenprintError as problem:
            raise _damaged(problem) from problem

    def _looked_at(self, seat: Session, task_id: str) -> TaskView:
        """Return the examination; a session that gets to its prints past its page is written to the ledger too."""
        view = self._desk.glance(seat, task_id, Action.READ_PRINTS)
        if view.task.kind not in EXAMINATIONS:
            raise Refusal(HTTPStatus.NOT_FOUND, "No prints are compared in this task.")
        self._note_first_look(seat, view)
        return view

    def is_noted(self, seat: Session, task_id: str) -> None:
        """Hear that a session's look at a task stands on the ledger: `Desk.task` has written it there."""
        self._looks.get((seat.token, task_id), lambda: True)

    def _note_first_look(self, seat: Session, view: TaskView) -> None:
        """Write a session's first look at an examination's prints to the ledger, before they are shown."""
        key = (seat.token, view.task.id)
        if key in self._looks:
            return
        allowed = self._desk.require(seat, Action.READ_PRINTS, seat.party, kind=str(view.task.kind))
        about = {"case_id": view.task.case_id, "task_id": view.task.id}
        with self._desk.at_work() as house:
            note_look(house.nodes[seat.party], person=seat.person, **about, **allowed.basis)
        self._looks.get(key, lambda: True)

    def _image(self, seat: Session, task: Task, side: str, finger: int) -> EncodedImage:
        node, subjects = self._node(seat), words.candidates(task)
        if side != "probe" and not (side.isdecimal() and 1 <= int(side) <= len(subjects)):
            raise Refusal(HTTPStatus.NOT_FOUND, "There is no such candidate.")
        try:
            images = self._probe(node, task) if side == "probe" else self._exemplar(node, subjects[int(side) - 1])
        except TenprintError as problem:
            raise _damaged(problem) from problem
        if finger not in images:
            raise Refusal(HTTPStatus.NOT_FOUND, NO_IMAGE)
        return images[FingerPosition(finger)]

    def _node(self, seat: Session) -> Node:
        with self._desk.reading(seat.party) as node:
            return node

    def _probe(self, node: Node, task: Task) -> Images:
        """Return the images of the card that the examined message carries."""
        message_id = str(task.shown.get("submission", ""))

        def carried() -> bytes:
            with self._desk.reading(node.party.id), node.store.transaction() as tx:
                for heading in tx.headings(task.case_id):
                    if heading.id == message_id and heading.recipient == node.party.id:
                        message = tx.message(heading.key)
                        return message.body if message else b""
            return b""

        card = self._cards.get((node.party.id, task.case_id, message_id), lambda: _singles(carried()))
        return _best_of(node, card)

    def _exemplar(self, node: Node, subject_id: str) -> Images:
        """Return each finger's image from the newest file that has it."""
        with self._desk.reading(node.party.id):
            digests = node.store.exemplars(subject_id)[:MAX_EXEMPLARS]

        def kept(digest: str) -> tuple[EncodedImage, ...]:
            with self._desk.reading(node.party.id):
                data = node.store.file(digest)
            return _singles(data)

        images: Images = {}
        for digest in digests:
            images = _best_of(node, self._cards.get(digest, partial(kept, digest))) | images
            if len(images) == len(SINGLE_FINGERS):
                break
        return images

    def _try(self, read_images: Callable[[], Images]) -> tuple[Images, str]:
        try:
            return read_images(), ""
        except TenprintError as problem:
            return {}, f"The prints cannot be read: {problem.message} ({problem.code})."

    def _developed(self, image: EncodedImage, is_small: bool) -> bytes:
        from PIL import Image  # noqa: PLC0415 - heavy

        pixels = self._decode(image)
        picture = Image.fromarray(pixels.pixels)
        out = io.BytesIO()
        if is_small:
            picture.reduce(SMALL_BY).save(out, "PNG", compress_level=FAST)
        else:
            picture.save(out, "PNG", compress_level=FAST, dpi=(pixels.ppi, pixels.ppi))
        return out.getvalue()


def _singles(data: bytes) -> tuple[EncodedImage, ...]:
    return tuple(image for image in read(data).images() if image.fgp in SINGLE_FINGERS) if data else ()


def _best_of(node: Node, images: tuple[EncodedImage, ...]) -> Images:
    """Return one image a finger: that with the most minutiae, as the matcher takes it; the first among equals."""
    best: Images = {}
    for image in images:
        if image.fgp not in best or _minutiae(node, image) > _minutiae(node, best[image.fgp]):
            best[image.fgp] = image
    return best


def _minutiae(node: Node, image: EncodedImage) -> int:
    template = node.services.matcher.remembered(image)
    return len(template) if template is not None else 0


def _pair(node: Node, finger: FingerPosition, probe: Images, candidate: Images) -> Pair:
    sides = (probe.get(finger), candidate.get(finger))
    templates = [node.services.matcher.remembered(image) for image in sides if image is not None]
    known = [template.overall_quality for template in templates if template is not None and len(template)]
    usable = [quality for quality in known if quality <= 100]
    return Pair(finger, *sides, min(usable) if len(usable) == len(sides) else -1)


def _card_size(images: tuple[EncodedImage, ...]) -> int:
    return sum(len(image.data) for image in images)


def _damaged(problem: TenprintError) -> Refusal:
    said = f"This image cannot be shown: {problem.message}."
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, said, problem.code)
