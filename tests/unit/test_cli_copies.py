"""A booking whose answers are copied to another agency, from the command line: made, sent, told."""

import json
from pathlib import Path

import pytest
from test_cli_refusals import EXIT_REFUSED, tenprint

from tenprint.exchange.capture import with_copies

pytestmark = pytest.mark.slow
PERSON = Path(__file__).parent.parent / "data" / "person.toml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Found a network of eleven parties beside submissions of an invented person with rings for prints."""
    folder = tmp_path_factory.mktemp("copies")
    assert tenprint("network", "init", folder / "net").returncode == 0
    assert tenprint("rig", "examples", folder / "cards").returncode == 0
    return folder


def booked(folder: Path, *copy_to: str, agency: str = "XX0000001") -> tuple[int, str]:
    card = sorted((folder / "cards").glob("*.eft"))[0]
    told = [word for ori in copy_to for word in ("--copy-to", ori)]
    plain = ("--person", PERSON, "--agency", agency, "--no-check", "-o", folder / "booking.eft")
    done = tenprint("book", card, *plain, *told)
    return done.returncode, done.stderr


def test_a_booking_made_to_be_copied_is_told_by_the_story_of_its_case(folder: Path) -> None:
    assert booked(folder, "XX0000011/JAIL", "XX0990000")[0] == 0
    data = ("--data", folder / "net")
    sent = tenprint("submit", folder / "booking.eft", "--agency", "agency-1", "--json", *data)
    case_id = json.loads(sent.stdout)["case"]
    told = tenprint("case", "show", case_id, *data).stdout
    whole = " ".join(told.replace("│", " ").split())
    assert "agency-2 has copies of the answers to a booking of XX0000001, from state-1." in whole
    said = json.loads(tenprint("case", "show", case_id, "--json", *data).stdout)
    assert said["copies"] == [{"party": "agency-2", "copied_by": "state-1", "ori": "XX0000001"}]
    lines = [(line["party"], line["message_kind"], line["sentence"]) for line in said["story"]]
    copied = "a copy of an answer to another agency's booking"
    assert ("state-1", "COPY", f"sends {copied} to agency-2") in lines
    assert ("agency-2", "COPY", f"receives {copied} from state-1") in lines
    assert any("copy not sent: XX0990000 is no agency of this network" in sentence for _, _, sentence in lines)
    trail = tenprint("ledger", "trail", case_id, *data)
    assert "COPY" in trail.stdout
    assert tenprint("ledger", "reconcile", *data).returncode == 0


def test_a_command_about_a_case_is_that_of_the_agency_that_booked_and_not_of_one_with_copies(folder: Path) -> None:
    assert booked(folder, "XX0000001", agency="XX0000011")[0] == 0
    data = ("--data", folder / "net")
    sent = tenprint("submit", folder / "booking.eft", "--agency", "agency-2", "--json", *data)
    case_id = json.loads(sent.stdout)["case"]
    assert json.loads(tenprint("case", "show", case_id, "--json", *data).stdout)["copies"][0]["party"] == "agency-1"
    taken_back = tenprint("case", "withdraw", case_id, "--by", "OFFICER SAMPLE", "--reason", "a mistake", *data)
    assert "OTHER_BOOKING" not in taken_back.stderr
    trail = tenprint("ledger", "trail", case_id, *data)
    assert "COPY" in trail.stdout, trail.stdout + trail.stderr


def test_an_entry_that_is_no_ori_is_refused_where_the_booking_is_made(folder: Path) -> None:
    (folder / "booking.eft").unlink(missing_ok=True)
    code, said = booked(folder, "SHORT")
    assert (code, "COPY_TO_INVALID" in said) == (EXIT_REFUSED, True), said
    assert not (folder / "booking.eft").exists()


def test_agencies_named_twice_are_named_once() -> None:
    assert with_copies({"nam": "X", "sco": ("XX0000011",)}, ["XX0000011", "XX0000012"])["sco"] == (
        "XX0000011", "XX0000012",
    )  # fmt: skip
    assert with_copies({"nam": "X"}, []) == {"nam": "X"}
