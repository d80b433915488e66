"""The `Matcher` port: images to templates through cache, codec and workers; templates to candidates in a gallery."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from tenprint.adapters.pool import Failed, Pool
from tenprint.adapters.templates import TemplateCache
from tenprint.core.candidate import SearchResult
from tenprint.core.errors import EngineError, SenderError, TenprintError
from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition
from tenprint.core.template import Template
from tenprint.exchange.ports import Extraction, Pairing, ScoreRow
from tenprint.records import EncodedImage

if TYPE_CHECKING:
    from tenprint.core.image import FingerImage

Decode = Callable[[EncodedImage], "FingerImage"]


class GalleryLike(Protocol):
    """What a matcher needs of `engine.gallery.Gallery`."""

    def __contains__(self, subject_id: object) -> bool: ...

    def templates(self, subject_id: str) -> Mapping[FingerPosition, Template]:
        """Return an enrolled subject's templates."""
        ...

    def enroll(self, subject_id: str, templates: Mapping[FingerPosition, Template]) -> None:
        """Put a subject in, replacing what it had."""
        ...

    def delete(self, subject_id: str) -> bool:
        """Take a subject out; tell whether there was one."""
        ...

    def compact(self) -> None:
        """Make deleted subjects' bytes leave the disk."""
        ...

    def search(self, probe: Mapping[FingerPosition, Template], limit: int) -> SearchResult:
        """Return the most similar subjects."""
        ...


class Extractor:
    """Encoded images to templates, each image at most once per extractor version.

    Args:
        cache: templates of images seen before.
        decode: image bytes to pixels, in a process that may crash.
        pool: what extracts.
    """

    def __init__(self, cache: TemplateCache, decode: Decode, pool: Pool) -> None:
        self._cache = cache
        self._decode = decode
        self._pool = pool
        self._turn = threading.Lock()  # examiners look at prints beside the loop; a pool serves one at a time

    def extract(self, images: Iterable[EncodedImage]) -> Extraction:
        """Return templates of the single-finger images (FGP 1 to 10); others are passed over.

        Of several images of one finger the one with the most minutiae counts, the first among equals.
        A position fails only when none of its images gives a minutia; its reason is that of the last one tried.
        """
        singles = [image for image in images if image.fgp in SINGLE_FINGERS]
        templates: dict[FingerPosition, Template] = {}
        failures: dict[FingerPosition, str] = {}
        for image, outcome in zip(singles, self._outcomes(singles), strict=True):
            if isinstance(outcome, Failed):
                failures[image.fgp] = f"{outcome.code}: {outcome.message}"
            elif not len(outcome):
                failures[image.fgp] = "EXTRACT_NO_MINUTIAE: the image shows no sure minutia"
            elif len(outcome) > len(templates.get(image.fgp, ())):
                templates[image.fgp] = outcome
        missed = {fgp: why for fgp, why in failures.items() if fgp not in templates}
        return Extraction(
            {fgp: templates[fgp] for fgp in sorted(templates)}, {fgp: missed[fgp] for fgp in sorted(missed)}
        )

    def remembered(self, image: EncodedImage) -> Template | None:
        """Return the template of an image that was extracted before, or None."""
        return self._cache.get(image.digest)

    def forget(self, digest: str) -> None:
        """Remove the template of the image with this digest, whichever extractor made it."""
        self._cache.forget(digest)

    def template(self, image: EncodedImage) -> Template:
        """Return the template of one image, extracted if it was not before.

        Raises:
            EngineError: with the code of what went wrong.
        """
        (outcome,) = self._outcomes([image])
        if isinstance(outcome, Failed):
            raise EngineError(outcome.code, outcome.message)
        return outcome

    def _outcomes(self, images: list[EncodedImage]) -> list[Template | Failed]:
        """Return a template or failure per image: from the cache, else decoded here and extracted in the pool."""
        found: dict[int, Template | Failed] = {}
        pending: dict[int, FingerImage] = {}
        for index, image in enumerate(images):
            known = self._cache.get(image.digest)
            if known is not None:
                found[index] = known
                continue
            try:
                pending[index] = self._decode(image)
            except TenprintError as problem:
                found[index] = Failed(problem.code, problem.message)
        if not pending:
            return [found[index] for index in range(len(images))]
        with self._turn:
            outcomes = self._pool.run(list(pending.values()))
        for index, outcome in zip(pending, outcomes, strict=True):
            found[index] = outcome
            if isinstance(outcome, Template):
                self._cache.put(images[index].digest, outcome)
        return [found[index] for index in range(len(images))]


class LocalMatcher:
    """One party's `Matcher`: the process's extractor and the party's own gallery.

    Args:
        extractor: shared by the parties of a process; it keeps nothing of whom an image was.
        gallery: opens the party's gallery, called at the first search; None for a party without one.
    """

    def __init__(self, extractor: Extractor, gallery: Callable[[], GalleryLike] | None) -> None:
        self._extractor = extractor
        self._open = gallery
        self._gallery: GalleryLike | None = None

    @property
    def gallery(self) -> GalleryLike:
        """Return the party's gallery, opened.

        Raises:
            SenderError: ``NO_GALLERY`` when the party has none.
        """
        if self._gallery is None:
            if self._open is None:
                raise SenderError("NO_GALLERY", "this party keeps no fingerprints")
            self._gallery = self._open()
        return self._gallery

    def extract(self, images: Iterable[EncodedImage]) -> Extraction:
        """Return templates of the single-finger images, memoised by image digest and extractor version."""
        return self._extractor.extract(images)

    def search(self, probe: Mapping[FingerPosition, Template], limit: int) -> SearchResult:
        """Return the most similar enrolled subjects of this party's gallery, best first; no threshold is applied."""
        return self.gallery.search(probe, limit)

    def enroll(self, subject_id: str, templates: Mapping[FingerPosition, Template]) -> None:
        """Put a subject into the gallery; enrolling the same again changes nothing."""
        gallery = self.gallery
        if subject_id in gallery and _as_bytes(gallery.templates(subject_id)) == _as_bytes(templates):
            return
        gallery.enroll(subject_id, templates)

    def delete(self, subject_id: str) -> None:
        """Take a subject out of the gallery; removing one who is not there changes nothing."""
        self.gallery.delete(subject_id)

    def compact(self) -> None:
        """Make the bytes of deleted subjects leave the gallery's files."""
        self.gallery.compact()

    def forget(self, image_digest: str) -> None:
        """Remove the remembered template of the image with this digest; one that is not there changes nothing."""
        self._extractor.forget(image_digest)

    def remembered(self, image: EncodedImage) -> Template | None:
        """Return the template of an image that was extracted before, or None; never extracts."""
        return self._extractor.remembered(image)

    def pairing(self, probe: EncodedImage, candidate: EncodedImage) -> Pairing:
        """Return which minutiae of two images belong together, and what their score is made of.

        Raises:
            EngineError: an image cannot be decoded, or gives no template.
        """
        return _compared(self._extractor.template(probe), self._extractor.template(candidate))


def _compared(probe: Template, candidate: Template) -> Pairing:
    from tenprint.engine.compare import compare  # noqa: PLC0415 - loads the compiled kernels

    found = compare(probe, candidate)
    pairs = tuple((int(of_probe), int(of_candidate)) for of_probe, of_candidate in found.pairs)
    return Pairing(probe, candidate, pairs, found.score, tuple(ScoreRow(*row) for row in found.rows()))


def _as_bytes(templates: Mapping[FingerPosition, Template]) -> dict[FingerPosition, bytes]:
    return {finger: template.to_bytes() for finger, template in templates.items()}
