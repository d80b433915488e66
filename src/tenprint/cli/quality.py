"""`tenprint quality`: how well prints were taken, and which to take again. It judges prints, never persons."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenprint.cli.options import Json
from tenprint.cli.output import complain, console, print_json, print_table, progress, read_file
from tenprint.core.errors import RecordError, SenderError, TenprintError
from tenprint.core.fingers import SINGLE_FINGERS, FingerPosition, Impression

if TYPE_CHECKING:
    from tenprint.core.image import FingerImage
    from tenprint.engine.quality import FingerQuality
    from tenprint.records.images import CodecPool

PNG, WSQ = b"\x89PNG", b"\xff\xa0"
METRES_PER_INCH = 0.0254
PAPER_PX = 24
"""Put around a finger that was cut out of a plain set: its box is no edge of the glass."""


@dataclass(frozen=True)
class _Judged:
    """One print's quality; `failure` says why there is none. NFIQ 2 is -1 when it was not asked, 255 when it failed."""

    quality: FingerQuality | None = None
    nfiq2: int = -1
    failure: str = ""


def quality(
    files: Annotated[list[Path], typer.Argument(help="ANSI/NIST-ITL files (a card each), or PNG or WSQ images.")],
    position: Annotated[int, typer.Option("--fgp", min=0, max=10, help="Position of a bare image.")] = 0,
    rolled: Annotated[bool, typer.Option("--rolled", help="A bare image was rolled; else it is plain.")] = False,
    ppi: Annotated[int, typer.Option(min=0, help="Resolution of a bare image, instead of its own.")] = 0,
    nfiq2: Annotated[bool, typer.Option("--nfiq2", help="Ask NFIQ 2 too (the optional package nbis-py).")] = False,
    json: Json = False,
) -> None:
    """Say how well each finger was taken, and which to take again, the one that gains most first.

    Plain sets are segmented. Exit code 2 when a file cannot be read.
    """
    from tenprint.records.images import CodecPool

    if nfiq2:
        from tenprint.records.images import nfiq2 as measure

        measure.require()
    bare = (FingerPosition(position), Impression.LIVESCAN_ROLLED if rolled else Impression.LIVESCAN_PLAIN, ppi)
    reports: list[dict[str, Any]] = []
    unreadable = False
    with CodecPool() as codec:
        for file in files:
            try:
                data = read_file(file)
                with progress(file.name, None, quiet=json) as advance:
                    # One image at a time: a small file can announce very many pixels.
                    judged = _judged(_images(data, codec, bare), advance, nfiq2=nfiq2)
            except TenprintError as problem:
                # One file that cannot be read must not hide the others.
                complain(problem)
                unreadable = True
                continue
            reports.append(_report(file, judged))
            if not json:
                _show(file, judged)
    if json:
        print_json(reports)
    if unreadable:
        raise typer.Exit(2)


def _images(data: bytes, codec: CodecPool, bare: tuple[FingerPosition, Impression, int]) -> Iterator[FingerImage | str]:
    """Yield the single fingers in a file, and a sentence for each image that could not be read."""
    from tenprint import records
    from tenprint.core.image import ENGINE_PPI, FingerImage
    from tenprint.records.images import decode

    if data.startswith((PNG, WSQ)):
        fgp, impression, ppi = bare
        resolution = ppi or (_png_ppi(data) if data.startswith(PNG) else ENGINE_PPI)
        yield FingerImage(codec.decode(data), resolution, fgp, impression)
        return
    transaction = records.read(data)
    images = transaction.images()
    if not images:
        raise SenderError("NO_FINGER_IMAGE", "the file is no PNG, WSQ or ANSI/NIST-ITL file with finger images")
    for encoded in images:
        try:
            image = decode(encoded, codec)
            yield from [image] if encoded.fgp in (*SINGLE_FINGERS, FingerPosition.UNKNOWN) else _fingers(image)
        except TenprintError as problem:
            yield f"{encoded.fgp.title}: {problem.code}: {problem.message}"


def _fingers(image: FingerImage) -> Iterator[FingerImage]:
    """Yield the fingers of a plain set, each on paper of its own."""
    import numpy as np

    from tenprint.core.image import FingerImage
    from tenprint.engine.slaps import segment

    if image.fgp in (FingerPosition.PLAIN_RIGHT_THUMB, FingerPosition.PLAIN_LEFT_THUMB):
        thumb = (
            FingerPosition.RIGHT_THUMB if image.fgp == FingerPosition.PLAIN_RIGHT_THUMB else FingerPosition.LEFT_THUMB
        )
        yield replace(image, fgp=thumb)
        return
    paper = int(np.percentile(image.pixels, 95))
    for box in segment(image).fingers:
        part = image.pixels[box.top : box.bottom + 1, box.left : box.right + 1]
        pixels = np.pad(part, PAPER_PX, constant_values=paper)
        yield FingerImage(pixels, image.ppi, box.fgp, image.impression)


def _judged(images: Iterator[FingerImage | str], advance: Callable[[int], None], *, nfiq2: bool) -> list[_Judged]:
    from tenprint import bootstrap
    from tenprint.engine.quality import assess

    found: list[_Judged] = []
    for number, image in enumerate(images, 1):
        if isinstance(image, str):
            found.append(_Judged(failure=image))
            continue
        try:
            score = _nfiq2(image) if nfiq2 else -1
            found.append(_Judged(assess(image, bootstrap.extract(image)), score))
        except TenprintError as problem:
            found.append(_Judged(failure=f"{image.fgp.title}: {problem.code}: {problem.message}"))
        advance(number)
    return found


def _nfiq2(image: FingerImage) -> int:
    from tenprint.core.errors import EngineError
    from tenprint.records.images import nfiq2 as measure

    try:
        return measure.nfiq2(image).score
    except EngineError:
        return measure.FAILED


def _report(file: Path, judged: list[_Judged]) -> dict[str, Any]:
    from tenprint.engine.quality import retakes

    fingers = []
    for one in judged:
        if one.quality is None:
            continue
        row = asdict(one.quality) | {"position": one.quality.fgp.title, "sentence": one.quality.sentence}
        row |= {"retake": one.quality.retake, "nfiq2": None if one.nfiq2 < 0 else one.nfiq2}
        fingers.append(row)
    again = [quality.sentence for quality in retakes(one.quality for one in judged if one.quality)]
    return {
        "file": str(file),
        "fingers": fingers,
        "retakes": again,
        "failures": [one.failure for one in judged if one.failure],
    }


def _show(file: Path, judged: list[_Judged]) -> None:
    from tenprint.engine.quality import retakes

    asked = any(one.nfiq2 >= 0 for one in judged)
    columns = ("finger", "impression", "score", "grade", *(["NFIQ 2"] if asked else []), "causes")
    rows: list[tuple[object, ...]] = []
    for one in judged:
        if (found := one.quality) is not None:
            how = "rolled" if found.impression.is_rolled else "plain"
            causes = ", ".join(cause.replace("_", " ") for cause in found.causes)
            rows.append((found.fgp.title, how, found.score, found.grade, *([one.nfiq2] if asked else []), causes))
    print_table(file.name, columns, rows, whole=columns[:4])
    for one in judged:
        if one.failure:
            console.print(f"not judged: {one.failure}", markup=False)
    again = retakes(one.quality for one in judged if one.quality)
    for number, found in enumerate(again, 1):
        console.print(f"{number}. {found.sentence}", markup=False, soft_wrap=True)
    if rows and not again:
        console.print("Nothing to take again.")
    console.print("This says how prints were taken, and nothing about the person.", style="dim")


def _png_ppi(data: bytes) -> int:
    """Return the resolution that a PNG states before its pixels (pHYs).

    Raises:
        RecordError: ``IMAGE_DECODE`` when it states none.
    """
    at = 8
    while at + 21 <= len(data) and data[at + 4 : at + 8] != b"IDAT":
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"pHYs" and length == 9:
            across, _, unit = struct.unpack_from(">IIB", data, at + 8)
            if unit == 1:
                return round(int(across) * METRES_PER_INCH)
        at += length + 12
    raise RecordError("IMAGE_DECODE", "the PNG image does not say a usable resolution", hint="give it with --ppi")
