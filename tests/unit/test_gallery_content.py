"""What a gallery holds, through enrolment, replacement, deletion, compaction, reopening and damage."""

import json
import os
from dataclasses import replace
from itertools import accumulate

import numpy as np
import pytest
from test_compare_fingers import drawn_finger

from tenprint.core.errors import SenderError, StorageError
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.engine.gallery import Gallery, segment
from tenprint.engine.gallery.files import exclusive
from tenprint.engine.gallery.frames import Operation, decode_payload, encode_frame, read_frames
from tenprint.engine.parameters.comparison import GalleryParameters

THUMB, INDEX = FingerPosition.RIGHT_THUMB, FingerPosition.LEFT_INDEX


def person(seed, positions=(THUMB, INDEX)):
    generator = np.random.default_rng(seed)
    return {position: drawn_finger(generator, count=12) for position in positions}


def bytes_of(templates):
    return {position: template.to_bytes() for position, template in templates.items()}


def content(gallery):
    return {subject_id: bytes_of(gallery.templates(subject_id)) for subject_id in gallery.ids()}


@pytest.fixture
def gallery(tmp_path):
    with Gallery(tmp_path / "gallery") as opened:
        yield opened


def test_an_enrolled_person_is_there_with_the_same_bytes(gallery):
    gallery.enroll("a", person(1))
    assert "a" in gallery
    assert "b" not in gallery
    assert len(gallery) == 1
    assert bytes_of(gallery.templates("a")) == bytes_of(person(1))


def test_enrolling_again_replaces(gallery):
    gallery.enroll("a", person(1))
    gallery.compact()
    gallery.enroll("a", person(2, (THUMB,)))
    assert len(gallery) == 1
    assert bytes_of(gallery.templates("a")) == bytes_of(person(2, (THUMB,)))


def test_enrolling_the_same_again_changes_nothing(gallery):
    gallery.enroll_many([("a", person(1)), ("b", person(2))])
    epoch = gallery.epoch
    gallery.enroll("a", person(1))
    assert (gallery.epoch, gallery.ids()) == (epoch, ("a", "b"))
    gallery.compact()
    gallery.enroll_many([("b", person(2)), ("a", person(1))])
    assert (gallery.epoch, gallery.ids()) == (epoch, ("a", "b"))
    gallery.enroll_many([("a", person(3)), ("a", person(1))])
    assert bytes_of(gallery.templates("a")) == bytes_of(person(1))


def test_a_deleted_person_is_gone_and_after_compaction_from_the_disk(gallery, tmp_path):
    gallery.enroll_many([("a", person(1)), ("b", person(2))])
    assert gallery.delete("a")
    assert not gallery.delete("a")
    assert gallery.ids() == ("b",)
    with pytest.raises(SenderError, match="SUBJECT_UNKNOWN"):
        gallery.templates("a")
    needle = person(1)[THUMB].to_bytes()
    assert any(needle in path.read_bytes() for path in (tmp_path / "gallery").iterdir())
    gallery.compact()
    assert not any(needle in path.read_bytes() for path in (tmp_path / "gallery").iterdir())


def test_reopening_and_compaction_change_neither_content_nor_epoch(gallery, tmp_path):
    gallery.enroll_many([(str(seed), person(seed)) for seed in range(6)])
    gallery.delete("3")
    before, epoch = content(gallery), gallery.epoch
    gallery.compact()
    gallery.compact()
    assert (content(gallery), gallery.epoch) == (before, epoch)
    gallery.verify()
    with Gallery(tmp_path / "gallery", read_only=True) as again:
        assert (content(again), again.epoch) == (before, epoch)


def test_the_epoch_changes_with_every_change(gallery):
    epochs = [gallery.epoch]
    for change in (
        lambda: gallery.enroll("a", person(1)),
        lambda: gallery.enroll("b", person(2)),
        lambda: gallery.enroll("a", person(3)),
        lambda: gallery.delete("b"),
    ):
        change()
        epochs.append(gallery.epoch)
    assert len(set(epochs)) == len(epochs)


def test_a_long_log_is_folded_by_itself_and_old_files_go(tmp_path):
    folder = tmp_path / "gallery"
    with Gallery(folder, rule=GalleryParameters(log_subjects=3)) as gallery:
        gallery.enroll_many([(str(seed), person(seed)) for seed in range(5)])
        assert {path.name for path in folder.iterdir()} == {"CURRENT", "lock", "segment-1", "log-1"}
        assert len(gallery) == 5


def test_progress_tells_how_many_are_enrolled(gallery):
    seen = []
    assert gallery.enroll_many(((str(n), person(n % 3, (THUMB,))) for n in range(300)), seen.append) == 300
    assert seen == [256, 300]


def test_a_torn_tail_is_dropped_at_every_length(tmp_path):
    folder = tmp_path / "gallery"
    frames = [encode_frame([Operation(str(n), bytes_of(person(n, (THUMB,))))]) for n in range(3)]
    ends = list(accumulate(len(frame) for frame in frames))
    Gallery(folder).close()
    for length in range(0, ends[-1] + 1, 7):
        (folder / "log-0").write_bytes(b"".join(frames)[:length])
        whole = sum(end <= length for end in ends)
        with Gallery(folder) as gallery:
            assert gallery.ids() == tuple(str(n) for n in range(whole))


def test_what_comes_after_a_torn_tail_is_kept(tmp_path):
    folder = tmp_path / "gallery"
    with Gallery(folder) as gallery:
        gallery.enroll("a", person(1))
    with (folder / "log-0").open("ab") as log:
        log.write(encode_frame([Operation("b", bytes_of(person(2)))])[:-5])
    with Gallery(folder) as gallery:
        gallery.enroll("c", person(3))
    with Gallery(folder) as gallery:
        assert gallery.ids() == ("a", "c")


def test_damage_before_a_whole_frame_is_reported_not_dropped(tmp_path):
    folder = tmp_path / "gallery"
    with Gallery(folder) as gallery:
        gallery.enroll("a", person(1))
        gallery.enroll("b", person(2))
    log = folder / "log-0"
    data = bytearray(log.read_bytes())
    data[40] ^= 1
    log.write_bytes(data)
    with pytest.raises(StorageError, match="GALLERY_LOG_DAMAGED"):
        Gallery(folder)


def test_a_damaged_column_is_found_by_verify_and_a_damaged_index_at_once(gallery, tmp_path):
    gallery.enroll("a", person(1))
    gallery.compact()
    path = tmp_path / "gallery" / "segment-1"
    data = bytearray(path.read_bytes())
    data[-70] ^= 1
    path.write_bytes(data)
    with Gallery(tmp_path / "gallery") as again, pytest.raises(StorageError, match="GALLERY_SEGMENT_DAMAGED"):
        again.verify()
    data[80] ^= 1
    path.write_bytes(data)
    with pytest.raises(StorageError, match="GALLERY_SEGMENT_DAMAGED"):
        Gallery(tmp_path / "gallery")
    for length in (0, 30):
        path.write_bytes(data[:length])
        with pytest.raises(StorageError, match="GALLERY_SEGMENT_DAMAGED"):
            Gallery(tmp_path / "gallery")


@pytest.mark.parametrize(
    ("column", "byte", "value"),
    [
        ("ids", 0, 0xFF),
        ("1.starts", 15, 0xC8),
        ("1.starts", 9, 0x7F),
        ("1.starts", 16, 1),
        ("1.starts", 16, 23),
        ("1.template_starts", 17, 1),
        ("1.template_starts", 9, 0x7F),
    ],
)
def test_a_segment_whose_bounds_or_names_are_damaged_is_not_opened(gallery, tmp_path, column, byte, value):
    """Kernels trust the bounds: with a damaged one they would read where nothing is."""
    gallery.enroll_many([("a", person(1)), ("b", person(2))])
    gallery.compact()
    path = tmp_path / "gallery" / "segment-1"
    data = bytearray(path.read_bytes())
    index = json.loads(data[64 : 64 + int.from_bytes(data[8:16], "little")])
    data[index["arrays"][column][1] + byte] = value
    path.write_bytes(data)
    with pytest.raises(StorageError, match="GALLERY_SEGMENT_DAMAGED"):
        Gallery(tmp_path / "gallery")


def test_damage_is_not_copied_under_a_fresh_checksum(gallery, tmp_path):
    gallery.enroll_many([("a", person(1)), ("b", person(2))])
    gallery.compact()
    path = tmp_path / "gallery" / "segment-1"
    data = bytearray(path.read_bytes())
    data[-70] ^= 1
    path.write_bytes(data)
    with Gallery(tmp_path / "gallery") as again:
        with pytest.raises(StorageError, match="GALLERY_SEGMENT_DAMAGED"):
            again.compact()
        with pytest.raises(StorageError, match="GALLERY_SEGMENT_DAMAGED"):
            again.verify()
    assert path.exists()


@pytest.mark.parametrize("content", [b"", b"x", b"\xff", "²".encode(), b"-1"])
def test_a_damaged_generation_number_is_a_coded_error(tmp_path, content):
    Gallery(tmp_path / "gallery").close()
    (tmp_path / "gallery" / "CURRENT").write_bytes(content)
    with pytest.raises(StorageError, match="GALLERY_CURRENT_DAMAGED"):
        Gallery(tmp_path / "gallery")


def test_codes_of_older_parameters_are_made_anew(gallery, tmp_path, monkeypatch):
    gallery.enroll_many([("a", person(1)), ("b", person(2, (INDEX,)))])
    monkeypatch.setattr(segment, "features_id", lambda: "0" * 16)
    gallery.compact()
    monkeypatch.undo()
    path = tmp_path / "gallery" / "segment-1"
    assert not segment.read_segment(path).is_current
    with Gallery(tmp_path / "gallery") as again:
        assert content(again) == content(gallery)
        assert again.search(person(1), limit=1).candidates[0].subject_id == "a"


def test_codes_of_older_parameters_are_not_searched_with(gallery, tmp_path, monkeypatch):
    gallery.enroll_many([("a", person(1)), ("b", person(2))])
    gallery.compact()
    expected = gallery.search(person(1)).candidates
    path = tmp_path / "gallery" / "segment-1"
    old = segment.read_segment(path)
    stale = {
        position: replace(one, columns=one.columns._replace(codes=np.zeros_like(one.columns.codes)))
        for position, one in old.block.fingers.items()
    }
    monkeypatch.setattr(segment, "features_id", lambda: "0" * 16)
    segment.write_segment(path, replace(old.block, fingers=stale), old.epoch)
    monkeypatch.undo()
    with Gallery(tmp_path / "gallery") as again:
        assert again.search(person(1)).candidates == expected


def test_a_deletion_leaves_the_mask_of_a_running_search_alone(gallery):
    gallery.enroll_many([("a", person(1)), ("b", person(2))])
    gallery.compact()
    [(_, before)] = gallery._state.blocks()
    gallery.delete("a")
    assert before.tolist() == [True, True]
    assert gallery._state.alive.tolist() == [False, True]


def test_a_long_torn_tail_is_gone_after_the_next_change(tmp_path):
    log = tmp_path / "gallery" / "log-0"
    with Gallery(tmp_path / "gallery") as gallery:
        gallery.enroll("a", person(1))
        whole = log.stat().st_size
        with log.open("ab") as file:
            file.write(b"TPLF" + bytes(range(256)) * 40)
        gallery.delete("a")
    assert whole < log.stat().st_size < whole + 100


def test_a_reader_sees_what_a_writer_commits_even_across_a_compaction(gallery, tmp_path):
    gallery.enroll("a", person(1))
    with Gallery(tmp_path / "gallery", read_only=True) as reader:
        gallery.enroll("b", person(2))
        reader.refresh()
        assert reader.ids() == ("a", "b")
        gallery.compact()
        gallery.delete("a")
        assert [c.subject_id for c in reader.search(person(2)).candidates][:1] == ["b"]
        assert reader.ids() == ("b",)
        assert reader.epoch == gallery.epoch
        with pytest.raises(StorageError, match="GALLERY_READ_ONLY"):
            reader.enroll("c", person(3))


def test_two_writers_take_turns(gallery, tmp_path):
    with Gallery(tmp_path / "gallery") as other:
        gallery.enroll("a", person(1))
        other.enroll("b", person(2))
        gallery.enroll("c", person(3))
        other.compact()
        gallery.delete("b")
        other.refresh()
        assert gallery.ids() == other.ids() == ("a", "c")


def test_a_lock_held_too_long_is_a_coded_error(tmp_path):
    folder = tmp_path / "gallery"
    with Gallery(folder, wait_s=0.05) as gallery:
        with exclusive(folder / "lock", 1.0), pytest.raises(StorageError, match="GALLERY_LOCKED"):
            gallery.enroll("a", person(1))
        gallery.enroll("a", person(1))


def test_a_full_disk_leaves_the_gallery_as_it_was(gallery, tmp_path, monkeypatch):
    gallery.enroll("a", person(1))

    def refuse(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError, match="GALLERY_WRITE"):
        gallery.enroll("b", person(2))
    with pytest.raises(StorageError, match="GALLERY_WRITE"):
        gallery.compact()
    monkeypatch.undo()
    assert gallery.ids() == ("a",)
    gallery.enroll("c", person(3))
    with Gallery(tmp_path / "gallery") as again:
        assert again.ids() == ("a", "c")


def test_opening_what_is_not_there_for_reading_is_a_coded_error(tmp_path):
    with pytest.raises(StorageError, match="GALLERY_MISSING"):
        Gallery(tmp_path / "nowhere", read_only=True)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("subject_id", ["", "a\nb", "x" * 256, "\udcff"])
def test_an_impossible_identifier_is_refused(gallery, subject_id):
    with pytest.raises(SenderError, match="SUBJECT_ID"):
        gallery.enroll(subject_id, person(1))


def test_an_enrolment_without_fingers_or_with_a_contradicting_position_is_refused(gallery):
    with pytest.raises(SenderError, match="GALLERY_NO_FINGERS"):
        gallery.enroll("a", {})
    finger = person(1)[THUMB]
    columns = {name: getattr(finger, name) for name in ("x", "y", "angle", "kind", "quality")}
    thumb = Template(**columns, width=finger.width, height=finger.height, fgp=THUMB)
    with pytest.raises(SenderError, match="FINGER_POSITION"):
        gallery.enroll("a", {INDEX: thumb})
    assert len(gallery) == 0


def test_frames_read_back_what_was_written():
    operations = [Operation("å", bytes_of(person(1))), Operation("b", {})]
    frame = encode_frame(operations)
    [(end, payload)] = read_frames(frame)
    assert end == len(frame)
    assert decode_payload(payload) == operations


@pytest.mark.parametrize(
    "payload", [b"\x01", b"\x03\x01a\x00", b"\x01\x01a\x01\x01\xff\xff", b"\x02\x01a\x01\x01\x00\x00"]
)
def test_a_malformed_payload_is_a_coded_error(payload):
    with pytest.raises(StorageError, match="GALLERY_LOG_DAMAGED"):
        decode_payload(payload)
