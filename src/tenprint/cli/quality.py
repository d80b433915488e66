"""`tenprint quality`: how well prints were taken, and which to take again. It judges prints, never persons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenprint.cli.options import EXIT_FOUND, EXIT_UNREADABLE, Json
from tenprint.cli.output import complain, console, print_json, print_table, progress, read_file
from tenprint.core.errors import SenderError, TenprintError
from tenprint.core.fingers import ALL_PLAIN_SETS, SINGLE_FINGERS, FingerPosition, Impression

if TYPE_CHECKING:
    from tenprint.core.image import FingerImage
    from tenprint.engine.quality import FingerQuality
    from tenprint.engine.slaps import Slap
    from tenprint.records import Transaction
    from tenprint.records.images import CodecPool

PAPER_PX = 24
"""Put around a finger that was cut out of a plain set: its box is no edge of the glass."""


@dataclass(frozen=True)
class _Judged:
    """What is said of one print. NFIQ 2 is -1 when it was not asked, 255 when it failed.

    Args:
        quality, nfiq2: its quality.
        failure: why there is none, though there should be.
        missing: that it is named as missing, so that there need be none.
    """

    quality: FingerQuality | None = None
    nfiq2: int = -1
    failure: str = ""
    missing: str = ""


def quality(
    files: Annotated[list[Path], typer.Argument(help="ANSI/NIST-ITL files (a card each), or images of one finger.")],
    position: Annotated[int, typer.Option("--fgp", min=0, max=10, help="Position of a bare image.")] = 0,
    rolled: Annotated[bool, typer.Option("--rolled", help="A bare image was rolled; else it is plain.")] = False,
    ppi: Annotated[int, typer.Option(min=0, help="Resolution of a bare image, instead of its own.")] = 0,
    nfiq2: Annotated[bool, typer.Option("--nfiq2", help="Ask NFIQ 2 too (the optional package nbis-py).")] = False,
    json: Json = False,
) -> None:
    """Say how well each finger was taken, and which to take again, the one that gains most first.

    Plain sets are segmented. Exit code 1: a finger or an image could not be judged. 2: a file cannot be read.
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
        raise typer.Exit(EXIT_UNREADABLE)
    if any(report["failures"] for report in reports):
        raise typer.Exit(EXIT_FOUND)


def _images(
    data: bytes, codec: CodecPool, bare: tuple[FingerPosition, Impression, int]
) -> Iterator[FingerImage | _Judged]:
    """Yield the single fingers in a file, and a sentence for each image or finger that cannot be judged."""
    from tenprint import records
    from tenprint.core.image import ENGINE_PPI, FingerImage
    from tenprint.records.image_headers import announced
    from tenprint.records.images import decode, read_png

    fgp, impression, ppi = bare
    kind = announced(data)
    if kind is not None and kind.kind == "PNG":
        yield read_png(data, ppi=ppi or None, fgp=fgp, impression=impression)
        return
    if kind is not None:
        yield FingerImage(codec.decode(data), ppi or ENGINE_PPI, fgp, impression)
        return
    transaction = records.read(data)
    images = transaction.images()
    if not images:
        raise SenderError("NO_FINGER_IMAGE", "the file is no image, and no ANSI/NIST-ITL file with finger images")
    missing = _missing(transaction)
    for encoded in images:
        fingers = ALL_PLAIN_SETS.get(encoded.fgp, (encoded.fgp,))
        if len(fingers) == 1 and fingers[0] in missing:
            yield _Judged(missing=f"{fingers[0].title}: named as missing; the image in its place is not judged")
            continue
        try:
            image = decode(encoded, codec)
            alone = encoded.fgp in (*SINGLE_FINGERS, FingerPosition.UNKNOWN)
            yield from [image] if alone else _fingers(image, missing)
        except TenprintError as problem:
            yield _Judged(failure=f"{encoded.fgp.title}: {problem.code}: {problem.message}")


def _missing(transaction: Transaction) -> frozenset[FingerPosition]:
    """Return the fingers that a card names as missing, for the whole card (2.084) or in an image's record (14.018)."""
    from tenprint import records
    from tenprint.records.itl.segments import read_missing

    told = {one.fgp for record in transaction.records if record.type == 14 for one in read_missing(record)}
    return records.missing_fingers(records.read_booking(transaction)) | told


def _fingers(image: FingerImage, missing: frozenset[FingerPosition]) -> Iterator[FingerImage | _Judged]:
    """Yield the fingers of a plain set whose position is sure, each on paper of its own, and why others lack."""
    import numpy as np

    from tenprint.core.image import FingerImage
    from tenprint.engine.slaps import segment

    members = ALL_PLAIN_SETS.get(image.fgp, ())
    if len(members) == 1:
        yield replace(image, fgp=members[0])
        return
    slap = segment(image, missing & frozenset(members))
    paper = int(np.percentile(image.pixels, 95))
    for box in slap.sure:
        part = image.pixels[box.top : box.bottom + 1, box.left : box.right + 1]
        pixels = np.pad(part, PAPER_PX, constant_values=paper)
        yield FingerImage(pixels, image.ppi, box.fgp, image.impression)
    yield from left_out(image.fgp.title, slap, missing)


def left_out(name: str, slap: Slap, missing: frozenset[FingerPosition]) -> Iterator[_Judged]:
    """Yield a sentence for each finger of a plain set that is not judged."""
    for finger in sorted(slap.absent & missing):
        yield _Judged(missing=f"{finger.title}: named as missing, and the {name} does not show it")
    if not slap.fingers and slap.absent - missing:
        yield _Judged(failure=f"{name}: SLAP_EMPTY: no finger was found in it; look at it, and take it again")
        return
    for finger in sorted(slap.absent - missing):
        yield _Judged(failure=f"{finger.title}: SLAP_ABSENT: the {name} does not show it")
    for finger in (box.fgp for box in slap.unsure):
        if finger in slap.unexpected:
            why = f"SLAP_UNEXPECTED: it is named as missing, but the {name} shows as many fingers as if it were there"
        else:
            why = f"SLAP_UNSURE: the {name} does not show surely which finger it is"
        yield _Judged(failure=f"{finger.title}: {why}")


def _judged(images: Iterator[FingerImage | _Judged], advance: Callable[[int], None], *, nfiq2: bool) -> list[_Judged]:
    from tenprint import bootstrap
    from tenprint.engine.quality import assess

    found: list[_Judged] = []
    for number, image in enumerate(images, 1):
        if isinstance(image, _Judged):
            found.append(image)
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
        "missing": [one.missing for one in judged if one.missing],
    }


def _show(file: Path, judged: list[_Judged]) -> None:
    from tenprint.engine.quality import Grade, retakes

    asked = any(one.nfiq2 >= 0 for one in judged)
    columns = ("finger", "impression", "score", "grade", *(["NFIQ 2"] if asked else []), "causes")
    rows: list[tuple[object, ...]] = []
    for one in judged:
        if (found := one.quality) is not None:
            how = "rolled" if found.impression.is_rolled else "plain"
            causes = ", ".join(cause.replace("_", " ") for cause in found.causes)
            rows.append((found.fgp.title, how, found.score, found.grade, *([one.nfiq2] if asked else []), causes))
    if rows:
        print_table(file.name, columns, rows, whole=columns[:4])
    else:
        console.print(f"{file.name}: no finger could be judged.", markup=False)
    for one in judged:
        if one.failure or one.missing:
            console.print(f"not judged: {one.failure or one.missing}", markup=False, soft_wrap=True)
    again = retakes(one.quality for one in judged if one.quality)
    for number, found in enumerate(again, 1):
        console.print(f"{number}. {found.sentence}", markup=False, soft_wrap=True)
    poor = [q.sentence for one in judged if (q := one.quality) and q.grade is Grade.POOR and not q.retake]
    for sentence in poor:
        console.print(sentence, markup=False, soft_wrap=True)
    if rows and not again and not poor and not any(one.failure for one in judged):
        console.print("Nothing to take again.")
    console.print("This says how prints were taken, and nothing about the person.", style="dim")
