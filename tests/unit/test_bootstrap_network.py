"""The wiring: a network opened from its folder runs, is held by one process, and can be asked what it did."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tenprint import bootstrap
from tenprint.adapters.matcher import Extractor
from tenprint.adapters.network import save_network
from tenprint.adapters.pool import Failed
from tenprint.adapters.templates import TemplateCache
from tenprint.core.clock import ManualClock
from tenprint.core.errors import RecordError, SenderError, StorageError
from tenprint.core.fingers import FingerPosition
from tenprint.core.image import FingerImage
from tenprint.core.template import Template
from tenprint.exchange import dispatch
from tenprint.exchange.model.case import Timer
from tenprint.exchange.model.envelope import Envelope
from tenprint.exchange.model.words import Kind, Role
from tenprint.ledger.checkpoint import ledger_origin, verify_checkpoint
from tenprint.ledger.keys import PublicKey
from tenprint.records import templates
from tenprint.records.images import CodecWorker, encode, write_png

pytestmark = pytest.mark.slow

START = datetime(2010, 10, 4, 8, tzinfo=UTC)


class NoGallery:
    """Founding needs galleries only to be made."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)

    def enroll_many(self, people, progress=None) -> int:
        return len(list(people))

    def close(self) -> None:
        pass


class NoPool:
    def run(self, images):
        return [Failed("EXTRACT_NO_FOREGROUND", "nothing there") for _ in images]

    def close(self) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(bootstrap, "open_gallery", NoGallery)
    bootstrap.init_network(tmp_path / "net", seed=3)
    return tmp_path / "net"


def opened(folder: Path, **more):
    extractor = Extractor(TemplateCache(folder / "cache", "v1"), _undecodable, NoPool())
    return bootstrap.open_network(folder, extractor=extractor, **more)


def _undecodable(image):
    raise RecordError("IMAGE_DECODE", "cannot be decoded")


def iar(network, number: int = 1, **more) -> Envelope:
    """A signed message of the support center to the criminal repository about a case that this one never saw."""
    center = network.node(Role.SUPPORT_CENTER)
    envelope = Envelope(
        id=f"iar-{number}",
        kind=Kind.IAR,
        sender="support_center",
        recipient="criminal_repository",
        case_id="case-unheard-of",
        sent_at=network.clock.now(),
    )
    envelope = replace(envelope, **more)
    return envelope.signed(center.services.signer.sign(envelope.signed_bytes()))


def test_a_founded_network_opens_with_seven_nodes_found_by_id_and_role(folder: Path) -> None:
    with opened(folder) as network:
        assert len(network.nodes) == 7
        assert network.node("jail") is network.node(Role.JAIL)
        assert network.clock.now() == START
        assert network.run() == 0
        with pytest.raises(SenderError, match="UNKNOWN_PARTY"):
            network.node("prison")


def test_only_one_process_works_on_a_network_and_closing_frees_it(folder: Path) -> None:
    network = opened(folder)
    with pytest.raises(StorageError, match="STORE_LOCKED"):
        opened(folder)
    network.close()
    network.close()
    opened(folder).close()


def test_a_network_that_cannot_be_opened_is_not_left_locked(folder: Path) -> None:
    key = folder / "parties" / "jail" / "key"
    kept = key.read_bytes()
    key.unlink()
    with pytest.raises(StorageError, match="NETWORK_KEY_MISSING"):
        opened(folder)
    key.write_bytes(kept)
    key.chmod(0o600)
    opened(folder).close()


def test_a_missing_network_is_an_error_that_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SenderError, match="NETWORK_MISSING") as caught:
        bootstrap.open_network(tmp_path)
    assert "tenprint network init" in caught.value.hint


def test_an_unknown_programme_founds_nothing(tmp_path: Path) -> None:
    with pytest.raises(SenderError):
        bootstrap.init_network(tmp_path / "net", founding=bootstrap.Founding(tmp_path, programme="no-such-programme"))
    assert not list(tmp_path.iterdir())


def test_bytes_that_are_no_booking_are_answered_and_every_ledger_gets_a_signed_root(folder: Path) -> None:
    with opened(folder) as network:
        dispatch.submit(network.node("agency"), b"no card at all")
        network.run()
        assert network.message_counts() == {"CAR": 1, "ERRT": 1}
        for party, node in network.nodes.items():
            (note,) = network.checkpoints(party)[-1:]
            checkpoint = verify_checkpoint(note, PublicKey(node.party.public_key), ledger_origin(party))
            assert (checkpoint.size, checkpoint.root) == network.root(party)
        assert network.root("agency")[0] > 0


def test_the_post_refuses_what_the_receiver_refuses_and_says_who_cannot_be_reached(folder: Path) -> None:
    with opened(folder) as network:
        post = network.node("support_center").post
        with pytest.raises(StorageError, match="PARTY_UNREACHABLE"):
            post.deliver(b"", "nobody")
        with pytest.raises(SenderError, match="ENVELOPE_INVALID"):
            post.deliver(b"no envelope", "jail")
        forged = replace(iar(network), case_id="case-other")
        with pytest.raises(SenderError, match="SIGNATURE_INVALID"):
            post.deliver(forged.to_bytes(), "criminal_repository")
        receipt = post.deliver(iar(network).to_bytes(), "criminal_repository")
        assert post.deliver(iar(network).to_bytes(), "criminal_repository") == receipt


def test_a_simulated_clock_moves_over_waits_between_tries_but_not_to_timers(folder: Path) -> None:
    def broken(point: str) -> None:
        if point == "handle.prepared" and not failures:
            failures.append(point)
            raise StorageError("STORE_BUSY", "once")

    failures: list[str] = []
    with opened(folder, trigger=broken) as network:
        with network.node("jail").store.transaction() as tx:
            tx.set_timer(Timer("t", "case-1", "hold_end", START + timedelta(hours=48)))
        dispatch.submit(network.node("agency"), b"no card at all")
        network.run()
        assert failures
        assert START < network.clock.now() < START + timedelta(minutes=1)
        assert network.message_counts() == {"CAR": 1, "ERRT": 1}
        assert not network.jump_to_next_due(until=START + timedelta(hours=1))
        assert network.jump_to_next_due()
        assert network.clock.now() == START + timedelta(hours=48)
    with opened(folder) as resumed:
        assert resumed.clock.now() == START + timedelta(hours=48)


def test_a_message_that_nobody_can_handle_is_a_dead_letter_that_can_be_revived(folder: Path) -> None:
    with opened(folder) as network:
        network.node("support_center").post.deliver(iar(network, body=b"no IAR").to_bytes(), "criminal_repository")
        network.run()
        ((party, (letter,)),) = network.dead_letters().items()
        assert (party, letter.id, letter.queue) == ("criminal_repository", "iar-1", "inbox")
        with pytest.raises(SenderError, match="UNKNOWN_DEAD_LETTER"):
            network.dead_letters_of(party, name="iar-2")
        assert network.dead_letters_of(code="STORE_FULL") == network.dead_letters_of("jail") == {}
        assert network.dead_letters_of(party, letter.failure, "iar-1") == network.dead_letters_of() == {party: [letter]}
        assert network.revive(party, [letter]) == 1
        assert network.dead_letters() == {}
        assert network.run() > 0
        assert list(network.dead_letters()) == [party]


def test_a_network_on_the_systems_clock_does_not_jump(folder: Path) -> None:
    with opened(folder) as network:
        save_network(replace(network.file, clock_mode="system", clock_start=None))
    with opened(folder) as network:
        assert not isinstance(network.clock, ManualClock)
        with pytest.raises(SenderError, match="CLOCK_REAL"):
            network.jump_to_next_due()


def test_a_seeded_source_repeats_itself_but_never_after_something_was_written(folder: Path) -> None:
    file = bootstrap.load_network(folder)
    first, again, other = (bootstrap.seeded_random(file, seed).token(10) for seed in (7, 7, 8))
    assert first == again != other
    with opened(folder, random=bootstrap.seeded_random(file, 7)) as network:
        dispatch.submit(network.node("agency"), b"no card at all")
        assert network.clock.now() == START
    with opened(folder, random=bootstrap.seeded_random(file, 7)) as network:
        dispatch.submit(network.node("agency"), b"another one")
        with network.node("agency").store.transaction() as tx:
            assert len(tx.cases()) == 2


def test_opening_and_running_a_network_loads_no_engine(folder: Path) -> None:
    code = (
        "import sys, pathlib; from tenprint import bootstrap\n"
        "with bootstrap.open_network(pathlib.Path(sys.argv[1])) as network: network.run()\n"
        "print(*{'openvino', 'cv2', 'numba', 'alembic'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


def test_a_gallery_that_opens_after_its_network_is_closed_with_it(folder: Path, monkeypatch) -> None:
    said = []

    class Seen(NoGallery):
        def __init__(self, folder: Path) -> None:
            super().__init__(folder)
            said.append("opened")

        def close(self) -> None:
            said.append("closed")

    monkeypatch.setattr("tenprint.bootstrap.node.open_gallery", Seen)
    with opened(folder) as network:
        assert said == []  # nobody searches, so there is none
        assert network.node(Role.IMMIGRATION_REPOSITORY).services.matcher.gallery
        assert said == ["opened"]
    assert said == ["opened", "closed"]


def test_a_clock_can_be_handed_in(folder: Path) -> None:
    with opened(folder, clock=ManualClock(START + timedelta(days=1))) as network:
        assert network.clock.now() == START + timedelta(days=1)


def test_a_template_file_is_its_own_extraction(tmp_path: Path) -> None:
    column, kinds = np.arange(5, dtype=np.uint16), np.ones(5, np.uint8)
    kept = Template(column, column, column, kinds, kinds, 50, 50, FingerPosition.LEFT_RING)
    (tmp_path / "finger").write_bytes(kept.to_bytes())
    assert bootstrap.extract_file(tmp_path / "finger").to_bytes() == kept.to_bytes()


@pytest.mark.parametrize("form", ["iso", "ansi", "xyt"])
def test_templates_of_other_systems_are_taken_as_they_are(tmp_path: Path, form: str) -> None:
    column, kinds = np.arange(5, 10, dtype=np.uint16), np.ones(5, np.uint8)
    kept = Template(column, column, column, kinds, 50 * kinds, 50, 50, FingerPosition.LEFT_RING)
    written = {"iso": templates.write_iso, "ansi": templates.write_ansi, "xyt": templates.write_xyt}[form]
    (tmp_path / f"finger.{form}").write_bytes(written([kept]) if form != "xyt" else written(kept))
    assert bootstrap.extract_file(tmp_path / f"finger.{form}").x.tolist() == column.tolist()


def test_a_jpeg_2000_file_is_an_image_too_and_its_resolution_can_be_said(tmp_path: Path) -> None:
    pixels = np.tile(np.arange(64, dtype=np.uint8) * 3, (64, 1))
    with CodecWorker() as codec:
        (tmp_path / "a.jp2").write_bytes(encode(FingerImage(pixels, 1000), codec, compression="JP2L").data)
    image = bootstrap.read_image(tmp_path / "a.jp2", 1000)
    assert (image.ppi, image.pixels.tolist()) == (1000, pixels.tolist())


def test_images_are_told_apart_by_content_and_other_files_refused(tmp_path: Path) -> None:
    pixels = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    (tmp_path / "a.wsq").write_bytes(write_png(FingerImage(pixels, ppi=1000)))
    image = bootstrap.read_image(tmp_path / "a.wsq")
    assert (image.ppi, image.pixels.tolist()) == (1000, pixels.tolist())
    (tmp_path / "b.png").write_text("letter")
    with pytest.raises(SenderError, match="FILE_KIND"):
        bootstrap.read_image(tmp_path / "b.png")
    with pytest.raises(SenderError, match="FILE_MISSING"):
        bootstrap.extract_file(tmp_path / "c.png")


@pytest.mark.parametrize("name", ["e.xyt", "e.png", "e.iso"])
def test_an_empty_file_is_refused_and_never_scored(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    for read in (bootstrap.extract_file, bootstrap.read_image):
        with pytest.raises(SenderError, match="FILE_EMPTY"):
            read(tmp_path / name)
