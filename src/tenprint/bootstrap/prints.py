"""What turns pixels into templates and keeps them: extraction line, codecs, galleries, kept cards, warming."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenprint.adapters.card_cache import CardCache
from tenprint.adapters.image_files import read_image, read_template
from tenprint.adapters.matcher import Extractor
from tenprint.adapters.pool import Crew, InProcessPool, WorkerPool, default_workers
from tenprint.adapters.templates import TemplateCache
from tenprint.core.fingers import ENGINE_PPI
from tenprint.core.template import Template
from tenprint.records import EncodedImage

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tenprint.core.image import FingerImage
    from tenprint.engine.gallery import Gallery
    from tenprint.records.images import CodecPool
    from tenprint.studies.cards import CardShop


def open_gallery(folder: Path) -> Gallery:
    """Open a gallery, making an empty one if there is none."""
    from tenprint.engine.gallery import Gallery  # noqa: PLC0415 - loads the compiled kernels

    return Gallery(folder)


def make_extractor(cache: Path, *, workers: int | None = None, ending: ExitStack) -> Extractor:
    """Return the extraction line: cache, codec processes, workers. Nothing starts before the first new image.

    Args:
        cache: folder of templates of images seen before.
        workers: as for `open_network`.
        ending: gets what must be ended.
    """
    count = default_workers() if workers is None else workers
    pool = WorkerPool(count) if count else InProcessPool()
    ending.callback(pool.close)
    codecs = _Codecs()
    ending.callback(codecs.close)
    return Extractor(TemplateCache(cache, _extractor_version), codecs.decode, pool)


class _Codecs:
    """Codec processes of which nothing, Pillow and NumPy included, is loaded before there is an image."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = ExitStack()
        self._pool: CodecPool | None = None

    def decode(self, image: EncodedImage) -> FingerImage:
        """Return an image's pixels."""
        from tenprint.records.images import CodecPool, decode  # noqa: PLC0415 - loads Pillow

        with self._lock:
            if self._pool is None:
                self._pool = self._open.enter_context(CodecPool())
        return decode(image, self._pool)

    def close(self) -> None:
        """End the processes."""
        self._open.close()


@contextmanager
def image_codec() -> Iterator[tuple[Callable[[EncodedImage], FingerImage], Callable[[FingerImage], EncodedImage]]]:
    """Run codec processes; yields how to decode and how to encode (WSQ) an image of a record."""
    from tenprint.records.images import CodecPool, decode, encode  # noqa: PLC0415 - loads Pillow

    with CodecPool() as codec:
        yield lambda image: decode(image, codec), lambda image: encode(image, codec)


@contextmanager
def card_shop(folder: Path, workers: int | None = None) -> Iterator[CardShop]:
    """Open the folder in which the stories' cards and their templates are kept; its workers start when one is missing.

    Args:
        folder: created when the first card is made; the templates lie in `templates_of` it.
        workers: processes that make cards; None takes as many as there are cores, at most one a hand.
    """
    from tenprint.studies.cards import HANDS, CardShop  # noqa: PLC0415 - only who tells stories

    crew = Crew(min(len(HANDS), default_workers() + 1) if workers is None else workers)
    cache = CardCache(folder, TemplateCache(templates_of(folder), _extractor_version))
    try:
        yield CardShop(cache, crew, _extractor_version)
    finally:
        crew.close()


def templates_of(cards: Path) -> Path:
    """Return the folder of templates beside kept cards: `templates` of `open_network` for who uses them."""
    return cards / "templates"


def extract_file(path: Path, ppi: int | None = None) -> Template:
    """Return the template of an image file, or the one that a template file holds.

    Raises:
        as `read_image` and `read_template`; EngineError when the image cannot be used.
    """
    found = read_template(path)
    return found if found is not None else extract(read_image(path, ppi))


def extract(image: FingerImage | npt.NDArray[np.uint8], ppi: int = ENGINE_PPI) -> Template:
    """Return the template of one impression: `tenprint.extract`.

    Args:
        image: a `FingerImage`, or pixels of shape (height, width), uint8, ridges dark.
        ppi: resolution of bare pixels, 200 to 2000.

    Raises:
        EngineError: the image cannot be used, with a code that says why.
    """
    from tenprint.core.image import FingerImage  # noqa: PLC0415 - loads NumPy
    from tenprint.engine.extract import extract as engine_extract  # noqa: PLC0415 - loads the network

    return engine_extract(image if isinstance(image, FingerImage) else FingerImage(image, ppi))


def compare(probe: Template, candidate: Template) -> Any:
    """Return the comparison of two templates, a score with its named terms: `tenprint.compare`."""
    from tenprint.engine.compare import compare as engine_compare  # noqa: PLC0415 - loads the compiled kernels

    return engine_compare(probe, candidate)


def warm() -> Iterator[tuple[str, float]]:
    """Build what is built once a machine (compiled kernels, the network's graph); yield each one's name and seconds."""
    steps: Mapping[str, Callable[[], None]] = {
        "network": _warm_network,
        "comparison": warm_comparison,
        "synthetic prints": _warm_prints,
    }
    for name, step in steps.items():
        started = time.perf_counter()
        step()
        yield name, time.perf_counter() - started


def warm_comparison() -> None:
    """Load the compiled kernels of the comparison, so that the first pairing of a process does not wait for them."""
    from tenprint.engine import compare as comparison  # noqa: PLC0415 - compiles

    comparison.warm()


def _extractor_version() -> str:
    from tenprint.engine.extract import EXTRACTOR_VERSION  # noqa: PLC0415 - loads the engine

    return EXTRACTOR_VERSION


def _warm_network() -> None:
    from tenprint.engine import extract as extraction  # noqa: PLC0415 - loads the network

    extraction.warm()


def _warm_prints() -> None:
    from tenprint.synth import warming  # noqa: PLC0415 - compiles

    warming.warm()
