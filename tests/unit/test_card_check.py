"""The check of a card: each plain finger is held against its rolled one, and what was not compared is said."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tenprint.cli.app import app
from tenprint.cli.card import show_warnings
from tenprint.core.errors import EngineError, SenderError
from tenprint.core.fingers import PLAIN_SETS, SINGLE_FINGERS, FingerPosition, Impression
from tenprint.core.image import FingerImage
from tenprint.engine.compare.sequence import SequenceFault
from tenprint.engine.slaps import SegmentedFinger, Slap
from tenprint.exchange.capture import FingerBox
from tenprint.exchange.card_check import Tools, check_card, refuse_faults
from tenprint.records import EncodedImage
from tenprint.records.itl.booking import Booking, build_car
from tenprint.synth.cards import render_plain_set, render_rolled
from tenprint.synth.conditions import Condition
from tenprint.synth.person import make_person
from tenprint.synth.population import truth_templates

INDEX, MIDDLE, RING, LITTLE = (FingerPosition(n) for n in range(2, 6))
RIGHT_FOUR, BOTH_THUMBS = FingerPosition.PLAIN_RIGHT_FOUR, FingerPosition.PLAIN_BOTH_THUMBS
STRANGER = 100
ROOT = Path(__file__).resolve().parents[2]


def raw(image: FingerImage) -> EncodedImage:
    data = image.pixels.tobytes()
    return EncodedImage(0, 14, image.fgp, image.impression, image.width, image.height, 500, "NONE", data)


def decode(image: EncodedImage) -> FingerImage:
    pixels = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width)
    return FingerImage(pixels, image.ppi, image.fgp, image.impression)


@pytest.fixture(scope="module")
def extract():
    """A finger's number is its grey: templates are drawn for it, not found, so no network is needed."""
    people = {0: make_person(91, 0), STRANGER: make_person(91, 1)}
    drawn = {
        (kind, number): truth_templates(person, 1 + kind.is_rolled, kind)
        for kind in (Impression.LIVESCAN_ROLLED, Impression.LIVESCAN_PLAIN)
        for number, person in people.items()
    }

    def found(image: FingerImage):
        number = int(image.pixels[10, 10])
        if number == 0:
            raise EngineError("EXTRACT_NO_FOREGROUND", "the image shows no print")
        whose, finger = number // STRANGER * STRANGER, FingerPosition(number % STRANGER)
        return drawn[image.impression, whose][finger]

    return found


def rolled(finger: int, shows: int | None = None) -> EncodedImage:
    grey = np.full((90, 80), finger if shows is None else shows, np.uint8)
    return raw(FingerImage(grey, 500, FingerPosition(finger), Impression.LIVESCAN_ROLLED))


def plain_set(position: FingerPosition, fingers: tuple[int, ...]) -> EncodedImage:
    grey = np.full((400, 1000), 255, np.uint8)
    for place, finger in enumerate(fingers):
        grey[10:210, place * 240 : place * 240 + 200] = finger
    return raw(FingerImage(grey, 500, position, Impression.LIVESCAN_PLAIN))


def segment(image: FingerImage, missing) -> Slap:
    fingers = PLAIN_SETS.get(image.fgp, (FingerPosition.LEFT_THUMB, FingerPosition.RIGHT_THUMB))
    boxes = [(place * 240, f) for place, f in enumerate(fingers) if image.pixels[20, place * 240 + 20] != 255]
    found = tuple(SegmentedFinger(f, left, left + 199, 10, 209, 1.0) for left, f in boxes)
    there = {f.fgp for f in found}
    return Slap(found, 0.0, frozenset(fingers) - there, missing & there)


def card(singles, sets=None, amp=()) -> bytes:
    sets = [plain_set(p, tuple(map(int, members))) for p, members in PLAIN_SETS.items()] if sets is None else sets
    nobody = Booking(nam="NOBODY,NOBODY", tcn="CARD000001", ori="XX0000001", dai="XX0000001", dat="20261101", amp=amp)
    return build_car(nobody, [*singles, *sets], checked=False)


def sound():
    return [rolled(finger) for finger in SINGLE_FINGERS]


def with_rolled(**shows: int):
    return [
        rolled(f, shows.get(FingerPosition(f).name.split("_")[1].lower()) if f < 6 else None) for f in SINGLE_FINGERS
    ]


def checked(extract, *card_parts, boxes=(), segmenter=segment, **more):
    return check_card(card(*card_parts, **more), Tools(decode, segmenter, extract), boxes)


def named(found):
    return [(f.fault, f.finger, f.other) for f in found.findings]


def test_a_sound_card_has_no_fault_and_nothing_is_left_out(extract):
    found = checked(extract, sound())
    assert found.compared == SINGLE_FINGERS
    assert (found.findings, found.faults, found.not_compared) == ((), (), ())
    refuse_faults(found)


def test_two_rolled_fingers_in_each_others_place_are_named_as_swapped(extract):
    found = checked(extract, with_rolled(index=3, middle=2))
    assert set(named(found)) == {(SequenceFault.SWAPPED, INDEX, MIDDLE), (SequenceFault.SWAPPED, MIDDLE, INDEX)}


def test_a_finger_rolled_twice_is_named_as_duplicated(extract):
    assert (SequenceFault.DUPLICATED, INDEX, MIDDLE) in named(checked(extract, with_rolled(middle=2)))


def test_a_stranger_among_the_rolled_fingers_is_named(extract):
    found = checked(extract, with_rolled(ring=STRANGER + 4))
    assert [(f.finger, f.other) for f in found.findings] == [(RING, None)]
    assert found.findings[0].fault in (SequenceFault.FOREIGN, SequenceFault.NOT_CONFIRMED)


def test_an_amputated_finger_is_no_fault_and_is_said_not_to_be_compared(extract):
    singles = [image for image in sound() if image.fgp != RING]
    sets = [plain_set(p, tuple(255 if f == RING else int(f) for f in fs)) for p, fs in PLAIN_SETS.items()]
    found = checked(extract, singles, sets, amp=((4, "XX"),))
    assert found.findings == ()
    assert [n.sentence for n in found.not_compared] == ["The right ring was not compared: it is named as missing."]


def test_a_finger_that_is_named_as_missing_and_shows_is_a_fault(extract):
    found = checked(extract, [image for image in sound() if image.fgp != RING], amp=((4, "XX"),))
    (sentence,) = found.faults
    assert "right ring is named as missing" in sentence
    with pytest.raises(SenderError, match="right ring") as refused:
        refuse_faults(found)
    assert refused.value.code == "CARD_SEQUENCE"


def test_thumbs_laid_down_together_are_compared_too(extract):
    sets = [plain_set(BOTH_THUMBS, (6, 1))]
    assert checked(extract, sound(), sets).compared == (FingerPosition.RIGHT_THUMB, FingerPosition.LEFT_THUMB)


def test_a_plain_finger_in_a_rolled_place_is_compared_with_nothing(extract):
    singles = [replace(image, impression=Impression.LIVESCAN_PLAIN) for image in sound()]
    found = checked(extract, singles)
    assert found.compared == ()
    assert found.not_compared[0].sentence == "The right thumb was not compared: the card has no rolled print of it."


def test_a_position_that_the_segmentation_is_unsure_of_is_not_compared(extract):
    def unsure(image, missing):
        slap = segment(image, missing)
        return replace(slap, fingers=tuple(replace(f, confidence=0.5) for f in slap.fingers))

    found = checked(extract, sound(), segmenter=unsure)
    assert found.compared == ()
    assert "does not show surely which finger it is" in found.not_compared[1].sentence


def test_a_print_that_cannot_be_read_is_a_reason_and_no_error(extract):
    found = checked(extract, with_rolled(ring=0))
    assert found.findings == ()
    (left,) = found.not_compared
    assert left.finger == RING
    assert "shows no print" in left.sentence


def test_boxes_of_a_person_stand_instead_of_the_segmentation(extract):
    def never(image, missing):
        raise AssertionError

    found = checked(extract, sound(), boxes=(FingerBox(LITTLE, 720, 919, 10, 209),), segmenter=never)
    assert found.compared == (LITTLE,)


def test_a_box_that_reaches_beyond_its_image_is_refused(extract):
    with pytest.raises(SenderError, match="outside its image") as refused:
        checked(extract, sound(), boxes=(FingerBox(LITTLE, 720, 1919, 10, 209),))
    assert refused.value.code == "BOXES_INVALID"


def test_a_box_in_a_set_that_the_card_lacks_is_refused(extract):
    with pytest.raises(SenderError, match="no plain set with the left thumb") as refused:
        thumb = FingerBox(FingerPosition.LEFT_THUMB, 0, 199, 10, 209)
        checked(extract, sound(), [plain_set(RIGHT_FOUR, (2, 3, 4, 5))], boxes=(thumb,))
    assert refused.value.code == "BOXES_INVALID"


def test_a_card_of_which_nothing_was_compared_is_refused_and_said(extract, capsys):
    found = checked(extract, sound(), [])
    with pytest.raises(SenderError, match="no finger") as refused:
        refuse_faults(found)
    assert refused.value.code == "CARD_NOT_COMPARED"
    show_warnings(found)
    told = capsys.readouterr().out
    assert "No finger could be compared." in told
    assert "The right thumb was not compared: no plain print of it was found." in told


def test_it_is_always_said_how_many_of_ten_fingers_were_compared(extract, capsys):
    four = [plain_set(RIGHT_FOUR, (2, 3, 4, 5))]
    show_warnings(checked(extract, sound(), four))
    assert "4 of 10 fingers compared: each plain finger is its rolled one." in capsys.readouterr().out
    show_warnings(checked(extract, with_rolled(index=3, middle=2), four))
    told = capsys.readouterr().out
    assert "4 of 10 fingers compared: see the warnings." in told
    assert "The left thumb was not compared: no plain print of it was found." in told


def test_the_command_does_not_end_well_when_nothing_was_compared(tmp_path, extract):
    path = tmp_path / "plain.an2"
    path.write_bytes(card([], [plain_set(RIGHT_FOUR, (255, 255, 255, 255))]))
    done = CliRunner().invoke(app, ["card", "check", str(path)])
    assert done.exit_code == 1 and "No finger could be compared." in done.stdout
    told = ("--person", ROOT / "tests" / "data" / "person.toml", "--agency", "XX0000001", "--strict")
    out = tmp_path / "booking.eft"
    with pytest.raises(SenderError, match="CARD_NOT_COMPARED"):
        CliRunner().invoke(app, [*map(str, ("book", path, *told, "-o", out))], catch_exceptions=False)
    assert not out.exists()


def test_a_file_without_images_is_refused(extract):
    with pytest.raises(SenderError, match="no finger images"):
        check_card(b"garbage", Tools(decode, segment, extract))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two fingers and their hand as files: in their places, and swapped."""
    person, good = make_person(91, 0), Condition.GOOD
    singles = [raw(render_rolled(person, 1, f, good, good).image) for f in (INDEX, MIDDLE)]
    sets = [raw(render_plain_set(person, 1, RIGHT_FOUR, good).image)]
    swapped = [replace(image, fgp=other) for image, other in zip(singles, (MIDDLE, INDEX), strict=True)]
    folder = tmp_path_factory.mktemp("cards")
    for name, images in (("sound", singles), ("swapped", swapped)):
        (folder / f"{name}.an2").write_bytes(card(images, sets))
    return folder


def tenprint(*words):
    return subprocess.run(
        [sys.executable, "-m", "tenprint", *map(str, words)], capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_command_names_the_fault_and_ends_with_one(files):
    done = tenprint("card", "check", files / "swapped.an2")
    assert done.returncode == 1, done.stderr
    assert "The plain right index is the rolled right middle, and the other way round." in done.stdout
    assert "The right ring was not compared: the card has no rolled print of it." in done.stdout.replace("\n", " ")
    assert tenprint("card", "check", files / "sound.an2").returncode == 0


@pytest.mark.slow
def test_booking_warns_and_the_strict_one_writes_nothing(files, tmp_path):
    told = ("--person", ROOT / "tests" / "data" / "person.toml", "--agency", "XX0000001")
    out = tmp_path / "booking.eft"
    refused = tenprint("book", files / "swapped.an2", *told, "-o", out, "--strict")
    assert refused.returncode == 2
    assert "CARD_SEQUENCE" in refused.stderr
    assert not out.exists()
    warned = tenprint("book", files / "swapped.an2", *told, "-o", out, "--json")
    assert warned.returncode == 0, warned.stderr
    sequence = json.loads(warned.stdout)["sequence"]
    assert [(f["fault"], f["finger"], f["other"]) for f in sequence["findings"]] == [
        ("swapped", 2, 3),
        ("swapped", 3, 2),
    ]
    assert out.exists()
    unchecked = json.loads(tenprint("book", files / "sound.an2", *told, "-o", out, "--json", "--no-check").stdout)
    assert unchecked["sequence"] is None
