"""Compressions beside WSQ, what data says of itself, and 1000 ppi: in the same disposable processes."""

from __future__ import annotations

import io
import os
import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tenprint import records
from tenprint.core.errors import RecordError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.image import FingerImage
from tenprint.records.images import Announced, CodecPool, CodecWorker, announced, contradictions, decode, encode
from tenprint.records.images import worker as worker_module

SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", Path(__file__).resolve().parents[2].parent / "shared/samples"))
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample files in {SAMPLES}")
needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def worker() -> Iterator[CodecWorker]:
    with CodecWorker() as shared:
        yield shared


def ridges(height: int = 240, width: int = 200, period: float = 9.0) -> npt.NDArray[np.uint8]:
    """Return rings, grey values 40 to 215: what ridges look like to a codec."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    return (128 + 87 * np.cos(np.hypot(y - height / 2, x - width / 3) * 2 * np.pi / period)).astype(np.uint8)


def finger(ppi: int = 500) -> FingerImage:
    return FingerImage(ridges(period=9.0 * ppi / 500), ppi, FingerPosition.LEFT_RING, Impression.LIVESCAN_ROLLED)


def saved(kind: str, pixels: npt.NDArray[np.uint8], **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, raw: bytes, *before: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", head), *before, chunk(b"IDAT", raw), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def jp2_of_size(width: int, height: int) -> bytes:
    """Return a good JP2 file whose codestream says another size."""
    data = bytearray(saved("JPEG2000", ridges(64, 64)))
    at = data.index(b"\xff\x4f\xff\x51") + 8
    data[at : at + 8] = struct.pack(">II", width, height)
    return bytes(data)


def jpeg_of_size(width: int, height: int) -> bytes:
    data = bytearray(saved("JPEG", ridges(64, 64)))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("PNG", saved("PNG", ridges())),
        ("JPEGB", saved("JPEG", ridges())),
        ("JPEGB", saved("JPEG", ridges(), progressive=True)),
        ("JP2", saved("JPEG2000", ridges(), irreversible=True)),
        ("JP2L", saved("JPEG2000", ridges())),
        ("JP2", saved("JPEG2000", ridges(), irreversible=True, no_jp2=True)),
    ],
)
def test_kind_and_size_are_read_without_decoding(kind: str, data: bytes, worker: CodecWorker) -> None:
    assert announced(data) == Announced(kind, 200, 240, 8, 1)
    assert worker.decode(data).shape == (240, 200)


def test_data_that_begins_like_no_image_announces_nothing_and_cut_headers_no_size(worker: CodecWorker) -> None:
    assert announced(b"") is None
    assert announced(bytes(500)) is None
    files = [saved(kind, ridges()) for kind in ("PNG", "JPEG", "JPEG2000")]
    for data in (*files, worker.encode(ridges())):
        for end in range(len(data[:120])):
            found = announced(data[:end])
            assert found is None or (found.width, found.height) in ((0, 0), (200, 240))


def test_boxes_and_segments_that_lead_nowhere_end_the_walk() -> None:
    signature = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
    for box in (struct.pack(">I4s", 0, b"free"), struct.pack(">I4sQ", 1, b"free", 0), struct.pack(">I4s", 8, b"free")):
        assert announced(signature + box * 100_000) == Announced("JP2")
    for segment in (b"\xff\xe0\x00\x00", b"\xff\xff\xff\xff", b"\xff\xe0\x00\x02"):
        assert announced(b"\xff\xd8" + segment * 100_000) == Announced("JPEGB")


@pytest.mark.parametrize(("compression", "least_ratio"), [("JP2", 9.5), ("JP2L", 1.2)])
def test_jpeg_2000_keeps_1000_ppi_and_says_so(worker: CodecWorker, compression: str, least_ratio: float) -> None:
    chance = np.random.default_rng(4)
    pixels = np.clip(ridges(750, 800, 18) + chance.normal(0, 12, (750, 800)), 0, 255).astype(np.uint8)
    encoded = encode(FingerImage(pixels, 1000), worker, compression=compression)
    assert (encoded.ppi, encoded.compression) == (1000, compression)
    assert pixels.size / len(encoded.data) >= least_ratio
    assert announced(encoded.data) == Announced(compression, 800, 750, 8, 1)
    assert Image.open(io.BytesIO(encoded.data)).info["dpi"] == pytest.approx((1000, 1000), abs=1e-6)
    again = decode(encoded, worker).pixels
    rms = np.sqrt(np.square(again.astype(float) - pixels).mean())
    assert rms == 0 if compression == "JP2L" else 0 < rms < 12


def test_baseline_jpeg_is_read_in_grey_and_in_the_luminance_of_its_colours(worker: CodecWorker) -> None:
    for picture in (Image.fromarray(ridges()), Image.fromarray(ridges()).convert("RGB")):
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=95)
        encoded = replace(encode(finger(), worker), compression="JPEGB", data=out.getvalue())
        off = decode(encoded, worker).pixels.astype(float) - ridges()
        assert np.sqrt(np.square(off).mean()) < 3


def test_an_image_in_colour_is_no_finger(worker: CodecWorker) -> None:
    for kind in ("PNG", "JPEG2000"):
        out = io.BytesIO()
        Image.fromarray(ridges()).convert("RGB").save(out, kind)
        with pytest.raises(RecordError, match="IMAGE_DECODE"):
            worker.decode(out.getvalue())


def test_what_contradicts_the_record_is_named_without_decoding(worker: CodecWorker) -> None:
    wsq = encode(finger(), worker)
    jpeg = saved("JPEG", ridges())
    cases = {
        "": wsq,
        "IMAGE_KIND: the record declares WSQ20, its data is a JPEG image": replace(wsq, data=jpeg),
        "IMAGE_KIND: the record declares PNG, its data is a WSQ image": replace(wsq, compression="PNG"),
        "IMAGE_KIND: the record declares NONE, its data is a WSQ image": replace(wsq, compression="NONE"),
        "IMAGE_KIND: the record declares JPEGL, its data is compressed with loss (JPEGB)": replace(
            wsq, compression="JPEGL", data=jpeg
        ),
        "IMAGE_SIZE: the record declares 201x240 pixels, the image has 200x240": replace(wsq, width=201),
        "IMAGE_SIZE: uncompressed data has 7 bytes, declared are 200x240 pixels": replace(
            wsq, compression="NONE", data=bytes(7)
        ),
    }
    for expected, image in cases.items():
        assert ", ".join(str(problem) for problem in contradictions(image)) == expected
    both = contradictions(replace(wsq, data=jpeg, width=201))
    assert [problem.code for problem in both] == ["IMAGE_KIND", "IMAGE_SIZE"]


def test_raw_pixels_may_begin_like_any_file(worker: CodecWorker) -> None:
    pixels = ridges().copy()
    pixels[0, :2] = (0xFF, 0xA0)
    raw = encode(FingerImage(pixels), worker, compression="NONE")
    assert contradictions(raw) == ()
    assert np.array_equal(decode(raw, worker).pixels, pixels)


def test_tolerant_decoding_believes_the_data(worker: CodecWorker) -> None:
    wrong = replace(encode(finger(), worker), data=saved("JPEG", ridges()), width=7)
    assert decode(wrong, worker, tolerant=True).pixels.shape == (240, 200)
    for code, image in {"IMAGE_KIND": wrong, "IMAGE_SIZE": replace(wrong, compression="JPEGB")}.items():
        with pytest.raises(RecordError, match=code):
            decode(image, worker)


def test_wsq_of_a_1000_ppi_image_is_written_at_500_ppi(worker: CodecWorker) -> None:
    encoded = encode(finger(1000), worker)
    assert (encoded.ppi, encoded.width, encoded.height) == (500, 100, 120)
    assert decode(encoded, worker).ppi == 500


def hostile_files() -> dict[str, bytes]:
    deflated = zlib.compress(bytes(256 * MEBIBYTE), 9)
    return {
        "png that inflates to far more than it announces": png(64, 64, deflated),
        "png of the most pixels, nothing in it": png(4900, 4890, zlib.compress(b"")),
        "png with a text that inflates": png(
            64, 64, zlib.compress(bytes(64 * 65)), chunk(b"zTXt", b"k\0\0" + deflated)
        ),
        "png with a profile that inflates": png(
            64, 64, zlib.compress(bytes(64 * 65)), chunk(b"iCCP", b"k\0\0" + deflated)
        ),
        "png cut short": saved("PNG", ridges())[:2000],
        "jpeg of the most pixels, 64 in it": jpeg_of_size(6000, 4000),
        "jpeg cut short": saved("JPEG", ridges())[:2000],
        "jp2 of the most pixels, 64 in it": jp2_of_size(6000, 4000),
        "jp2 cut short": saved("JPEG2000", ridges())[:2000],
    }


@needs_proc
@pytest.mark.slow
def test_bombs_and_cut_files_take_bounded_memory_and_end_with_a_code() -> None:
    with CodecWorker() as bounded:
        bounded.decode(saved("PNG", ridges()))
        at_rest = bounded.peak_bytes
        assert 0 < at_rest < 96 * MEBIBYTE
        wsq = bounded.encode(ridges())
        frame = wsq.index(b"\xff\xa2") + 6
        giant = wsq[:frame] + struct.pack(">HH", 4000, 6000) + wsq[frame + 4 :]
        for name, data in {"wsq of the most pixels": giant, "wsq cut": wsq[:900], **hostile_files()}.items():
            try:
                assert bounded.decode(data).dtype == np.uint8, name
            except RecordError as refused:
                assert refused.code == "IMAGE_DECODE", name
            assert bounded.peak_bytes < 384 * MEBIBYTE, name


@pytest.mark.parametrize("side", [2**32 - 1, 60_000])
def test_a_declared_size_of_gigabytes_never_reaches_a_process(side: int) -> None:
    files = [png(side, side, b""), jp2_of_size(side, side)]
    if side < 2**16:
        files.append(jpeg_of_size(side, side))
    with CodecWorker() as unused:
        for data in files:
            with pytest.raises(RecordError, match="IMAGE_TOO_LARGE"):
                unused.decode(data)
        assert unused.pid is None


@needs_proc
@pytest.mark.slow
def test_memory_follows_what_an_image_announces_not_the_whole_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that reads another size than we did cannot take the memory of that size."""
    with CodecWorker() as honest, CodecWorker() as lied_to:
        small, large = honest.encode(ridges(64, 64)), honest.encode(np.tile(ridges(), (17, 20)))
        assert honest.decode(large).shape == (4080, 4000)
        monkeypatch.setattr(worker_module, "announced", lambda data: Announced("WSQ20", 64, 64))
        assert lied_to.decode(small).shape == (64, 64)
        with pytest.raises(RecordError, match=r"IMAGE_DECODE: the image codec (refused|crashed)"):
            lied_to.decode(large)
        assert lied_to.peak_bytes < 128 * MEBIBYTE < honest.peak_bytes


@pytest.mark.slow
def test_mutated_pictures_raise_nothing_foreign() -> None:
    chance = random.Random(11)
    good = [saved(kind, ridges(96, 96)) for kind in ("PNG", "JPEG", "JPEG2000")]
    outcomes = []
    with CodecPool(2) as pool:
        mutated = []
        for turn in range(90):
            data = bytearray(good[turn % 3])
            for _ in range(chance.randint(1, 6)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            mutated.append(bytes(data))
        for found in pool.decode_all(mutated):
            outcomes.append(found.code if isinstance(found, RecordError) else "")
    assert set(outcomes) <= {"", "IMAGE_DECODE", "IMAGE_TOO_LARGE"}
    assert outcomes.count("") > 5
    assert outcomes.count("IMAGE_DECODE") > 5


@needs_samples
def test_jpeg_2000_and_jpeg_of_the_samples_decode_to_the_size_they_announce(worker: CodecWorker) -> None:
    files = {
        "nist_reference/type-15-palms.an2": ("JP2L", (2750, 2750)),
        "nbis/valid1.5.an2": ("JPEGB", (800, 800)),
        "nbis/valid1.7.an2": ("JPEGB", (336, 388)),
    }
    for name, (kind, shape) in files.items():
        data = records.read((SAMPLES / "transactions" / name).read_bytes()).records[-1].data
        found = announced(data)
        assert found is not None
        assert found.kind == kind
        assert worker.decode(data).shape == shape


@needs_samples
def test_lossless_jpeg_of_the_samples_is_decoded_to_its_last_bit(worker: CodecWorker) -> None:
    transaction = records.read((SAMPLES / "transactions/nist_reference/type-10-14-17-piv-index-iris.an2").read_bytes())
    shapes = []
    for image in transaction.images():
        assert contradictions(image) == ()
        pixels = decode(image, worker).pixels
        shapes.append(pixels.shape)
        # A lost bit anywhere would turn all that follows into noise: the last rows are still paper.
        assert np.abs(np.diff(pixels[-4:].astype(int), axis=1)).mean() < 12
    assert shapes == [(512, 288), (464, 288)]


@needs_samples
def test_a_finger_declared_lossless_that_is_baseline_in_colour_decodes_and_is_named(worker: CodecWorker) -> None:
    name = "nist4j/AN2011/pass/pass-type-10-14-17-piv-index-iris-replacedCorruptImages_fixedAspectRatio.an2"
    first, second = records.read((SAMPLES / "transactions" / name).read_bytes()).images()
    assert decode(first, worker).pixels.shape == (234, 250)
    assert [problem.code for problem in contradictions(second)] == ["IMAGE_KIND"]
