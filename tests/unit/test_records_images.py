"""Image codecs: against NIST's reference decoder, and against files and processes that misbehave."""

from __future__ import annotations

import csv
import os
import random
import re
import signal
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tenprint import records
from tenprint.core.errors import EngineError, RecordError
from tenprint.core.fingers import FingerPosition, Impression
from tenprint.core.image import FingerImage
from tenprint.records.images import CodecWorker, decode, encode, read_png, write_png
from tenprint.records.images import worker as worker_module

SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", Path(__file__).resolve().parents[2].parent / "shared/samples"))
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample files in {SAMPLES}")


@pytest.fixture(scope="module")
def worker() -> Iterator[CodecWorker]:
    with CodecWorker() as shared:
        yield shared


def ridges(height: int = 240, width: int = 200) -> npt.NDArray[np.uint8]:
    """Return rings of a period of nine pixels, grey values 40 to 215: what ridges look like to a codec."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    return (128 + 87 * np.cos(np.hypot(y - height / 2, x - width / 3) * 2 * np.pi / 9)).astype(np.uint8)


def finger() -> FingerImage:
    return FingerImage(ridges(), fgp=FingerPosition.LEFT_RING, impression=Impression.LIVESCAN_ROLLED)


@needs_samples
@pytest.mark.parametrize("rate", ["075", "225", "_other_taps"])
def test_wsq_decodes_like_nists_reference_decoder_to_one_grey_level(worker: CodecWorker, rate: str) -> None:
    with (SAMPLES / "wsq/dimensions.csv").open(newline="") as source:
        sizes = {Path(row["file"]).stem: (int(row["height"]), int(row["width"])) for row in csv.DictReader(source)}
    files = sorted((SAMPLES / f"wsq/wsq{rate}").iterdir())
    assert len(files) == (2 if rate == "_other_taps" else 8)
    for path in files:
        pixels = worker.decode(path.read_bytes())
        (reference,) = (SAMPLES / f"wsq/decoded{rate}").glob(f"{path.stem}.*")
        expected = np.frombuffer(reference.read_bytes(), np.uint8).reshape(pixels.shape)
        assert np.abs(pixels.astype(int) - expected).max() <= 1
        assert sizes.get(path.stem, pixels.shape) == pixels.shape


@needs_samples
def test_wsq_encodes_nists_raw_images_as_well_as_the_reference_does(worker: CodecWorker) -> None:
    for path in sorted((SAMPLES / "wsq/wsq075").iterdir())[:3]:
        reference = worker.decode(path.read_bytes()).astype(float)
        (raw_file,) = (SAMPLES / "wsq/raw").glob(f"{path.stem}.*")
        raw = np.frombuffer(raw_file.read_bytes(), np.uint8).reshape(reference.shape)
        ours = worker.decode(worker.encode(raw)).astype(float)
        assert np.square(ours - raw).mean() <= 1.02 * np.square(reference - raw).mean()


@needs_samples
def test_every_image_of_the_card_decodes_to_its_declared_size(worker: CodecWorker) -> None:
    card = records.read((SAMPLES / "tenprint_card/type-4-tpcard.an2").read_bytes())
    images = [decode(i, worker) for i in card.images()]
    assert [(i.width, i.height) for i in images] == [(i.width, i.height) for i in card.images()]
    assert {i.ppi for i in images} == {500}
    assert images[13].fgp is FingerPosition.PLAIN_RIGHT_FOUR


@pytest.mark.parametrize(
    ("compression", "worst_rms"), [("WSQ20", 15), ("PNG", 0), ("NONE", 0), ("JP2", 8), ("JP2L", 0)]
)
def test_an_image_survives_the_way_into_a_record_and_back(
    worker: CodecWorker, compression: str, worst_rms: float
) -> None:
    original = finger()
    encoded = encode(original, worker, compression=compression)
    data = records.write({2: "0300", 4: "CAR"}, [records.finger_record(encoded, "CO0010000", "20101004")])
    (received,) = records.read(data, strict=True).images()
    again = decode(received, worker)
    assert (again.fgp, again.impression, again.ppi) == (original.fgp, original.impression, 500)
    assert np.sqrt(np.square(again.pixels.astype(float) - original.pixels).mean()) <= worst_rms
    assert received.digest == encoded.digest


def test_a_resolution_is_passed_on_as_declared(worker: CodecWorker) -> None:
    double = replace(encode(finger(), worker, compression="PNG"), ppi=1000)
    assert decode(double, worker).ppi == 1000
    with pytest.raises(RecordError, match="IMAGE_ENCODE"):
        worker.encode(ridges(), ppi=1000)


def test_an_image_of_another_size_or_kind_than_declared_is_refused(worker: CodecWorker) -> None:
    for compression in ("WSQ20", "PNG", "NONE"):
        encoded = encode(finger(), worker, compression=compression)
        with pytest.raises(RecordError) as refused:
            decode(replace(encoded, width=199), worker)
        assert refused.value.code == "IMAGE_SIZE"
    jpeg_in_wsq = replace(encode(finger(), worker), data=b"\xff\xd8\xff\xe0" + bytes(100))
    with pytest.raises(RecordError, match="IMAGE_KIND: the record declares WSQ20, its data is a JPEG image"):
        decode(jpeg_in_wsq, worker)
    with pytest.raises(RecordError, match="IMAGE_CODEC"):
        decode(replace(jpeg_in_wsq, compression="FAX"), worker)


def test_the_process_stays_warm_between_images_and_is_replaced_after_a_refusal(worker: CodecWorker) -> None:
    good = worker.encode(ridges())
    warm = worker.pid
    worker.decode(good)
    assert worker.pid == warm
    with pytest.raises(RecordError, match=r"IMAGE_DECODE: .* refused"):
        worker.decode(good[: len(good) // 2])
    assert worker.pid != warm
    assert worker.decode(good).shape == (240, 200)


def test_a_process_killed_between_images_is_replaced_unnoticed(worker: CodecWorker) -> None:
    good = worker.encode(ridges())
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
    assert worker.decode(good).shape == (240, 200)


def test_a_process_that_hangs_is_killed_at_the_time_limit() -> None:
    with CodecWorker(time_limit=0.5) as impatient:
        good = impatient.encode(ridges())
        stopped = impatient.pid
        assert stopped is not None
        os.kill(stopped, signal.SIGSTOP)
        with pytest.raises(RecordError, match="too long"):
            impatient.decode(good)
        with pytest.raises(ProcessLookupError):
            os.kill(stopped, 0)
        assert impatient.decode(good).shape == (240, 200)


def test_a_process_that_dies_over_an_image_fails_this_image_only() -> None:
    with CodecWorker() as mortal:
        good = mortal.encode(ridges())
        dying = mortal.pid
        assert dying is not None
        os.kill(dying, signal.SIGSTOP)
        killer = threading.Timer(0.1, os.kill, (dying, signal.SIGKILL))
        killer.start()
        with pytest.raises(RecordError, match="crashed"):
            mortal.decode(good)
        killer.join()
        assert mortal.decode(good).shape == (240, 200)


def test_a_process_over_its_memory_limit_fails_this_image_only(worker: CodecWorker) -> None:
    large = worker.encode(np.tile(ridges(), (10, 10)))
    with CodecWorker(memory_bytes=48 << 20) as small, pytest.raises(RecordError) as refused:
        small.decode(large)
    assert refused.value.code == "IMAGE_DECODE"
    assert worker.decode(large).shape == (2400, 2000)


def test_a_codec_that_cannot_start_is_our_failure_not_the_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module.sys, "executable", "/bin/false")
    with CodecWorker() as broken, pytest.raises(EngineError, match="CODEC_UNAVAILABLE"):
        broken.encode(ridges())


def test_a_header_that_announces_a_giant_image_never_reaches_the_codec() -> None:
    frame = b"\xff\xa0\xff\xa2\x00\x11\x00\xff" + struct.pack(">HH", 60_000, 60_000) + bytes(20)
    with CodecWorker() as unused:
        with pytest.raises(RecordError, match="IMAGE_TOO_LARGE"):
            unused.decode(frame)
        for data in (b"", b"\xff\xa0", b"\xff\xa0\xff\xa8\x00\x00" * 1000, b"\xff\xa0" + b"\xff\xa4\x00\x02" * 1000):
            with pytest.raises(RecordError, match="IMAGE_DECODE"):
                unused.decode(data)
        assert unused.pid is None


@pytest.mark.parametrize(("width", "height"), [(6000, 6000), (6001, 64), (64, 6001)])
def test_an_announced_image_over_one_limit_alone_never_reaches_the_codec(width: int, height: int) -> None:
    frame = b"\xff\xa0\xff\xa2\x00\x11\x00\xff" + struct.pack(">HH", height, width) + bytes(20)
    with CodecWorker() as unused:
        with pytest.raises(RecordError, match="IMAGE_TOO_LARGE"):
            unused.decode(frame)
        with pytest.raises(RecordError, match="IMAGE_TOO_LARGE"):
            unused.encode(np.zeros((height, width), np.uint8))
        assert unused.pid is None


def test_a_file_of_more_bytes_than_any_finger_never_reaches_the_codec(
    worker: CodecWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = worker.encode(ridges())
    monkeypatch.setattr(worker_module, "MAX_ENCODED_BYTES", len(good) - 1)
    with CodecWorker() as unused:
        with pytest.raises(RecordError, match="IMAGE_TOO_LARGE"):
            unused.decode(good)
        assert unused.pid is None


def test_a_codec_that_answers_another_size_than_the_file_announces_is_not_believed(
    worker: CodecWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = worker.encode(ridges())
    for answer in ((240, 200, bytes(240 * 200)), (200, 240, bytes(240 * 200 - 1)), (200, 240, bytes(240 * 200 + 1))):
        monkeypatch.setattr(CodecWorker, "_ask", lambda *_, given=answer: given)
        with pytest.raises(RecordError, match="IMAGE_DECODE"):
            worker.decode(good)
        assert worker.pid is None


@pytest.mark.parametrize(("length", "most"), [(2**32 - 1, worker_module.MAX_ENCODED_BYTES), (1_001, 1_000)])
def test_an_answer_that_announces_more_than_its_image_may_have_is_not_waited_for(length: int, most: int) -> None:
    head = worker_module.ANSWER.pack(0, 1, 1, length)
    script = f"import os, time; os.write(1, {head!r}); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-S", "-E", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as liar:
        with pytest.raises(EOFError):
            worker_module._converse(liar, b"", 5.0, most)
        liar.kill()


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="no /proc")
def test_the_codec_process_may_write_no_file_leave_no_core_and_open_little(worker: CodecWorker) -> None:
    worker.encode(ridges())
    limits = dict(
        re.split(r"\s{2,}", line)[:2] for line in Path(f"/proc/{worker.pid}/limits").read_text().splitlines()[1:]
    )
    assert (limits["Max file size"], limits["Max core file size"]) == ("0", "0")
    assert limits["Max open files"] == "64"
    assert {str(Path(f"/proc/{worker.pid}/fd/{number}").readlink()) for number in (1, 2)} == {os.devnull}
    assert limits["Max address space"] == str(worker_module.MEMORY_BYTES)


def test_a_process_is_replaced_after_its_share_of_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "IMAGES_PER_PROCESS", 2)
    with CodecWorker() as tired:
        good = tired.encode(ridges())
        first = tired.pid
        tired.decode(good)
        assert tired.pid == first
        tired.decode(good)
        assert tired.pid != first


def test_a_process_that_computes_too_long_ends_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "CPU_LIMIT_SECONDS", 0.01)
    with CodecWorker() as hasty, pytest.raises(RecordError, match=r"IMAGE_ENCODE: .* crashed"):
        hasty.encode(np.tile(ridges(), (12, 12)))


def test_images_too_small_or_of_another_type_are_not_encoded(worker: CodecWorker) -> None:
    for pixels in (ridges(20, 200), ridges().astype(np.uint16), ridges()[None]):
        with pytest.raises(RecordError, match="IMAGE_ENCODE"):
            worker.encode(pixels)  # type: ignore[arg-type]


def test_png_keeps_pixels_and_resolution() -> None:
    for ppi in (500, 569, 1000):
        original = FingerImage(ridges(), ppi=ppi)
        again = read_png(write_png(original))
        assert again.ppi == ppi
        assert np.array_equal(again.pixels, original.pixels)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_hostile_png_is_refused_with_a_code() -> None:
    good = write_png(finger())
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0))
    with pytest.raises(RecordError, match="IMAGE_TOO_LARGE"):
        read_png(bomb + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b""))
    colour = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0))
    for data in (b"", b"GIF89a", good[:60], colour + chunk(b"IDAT", zlib.compress(bytes(64 * 193)))):
        with pytest.raises(RecordError, match="IMAGE_DECODE"):
            read_png(data, ppi=500)


@needs_samples
def test_the_resolution_of_a_published_png_is_read_as_the_samples_say() -> None:
    assert read_png((SAMPLES / "fingerprints/fvc2002_db2_b/101_1.png").read_bytes()).ppi == 569


def test_mutated_png_never_raises_anything_foreign() -> None:
    chance = random.Random(5)
    good = write_png(FingerImage(ridges(64, 64)))
    for _ in range(300):
        data = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(8, len(data))] = chance.randrange(256)
        try:
            assert read_png(bytes(data), ppi=500).pixels.dtype == np.uint8
        except RecordError as refused:
            assert refused.code in ("IMAGE_DECODE", "IMAGE_TOO_LARGE")
