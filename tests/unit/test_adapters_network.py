"""The party file: founded whole or not at all, read strictly, and every refusal says what to do next."""

import stat
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tenprint.adapters.founding import Founding, found_network
from tenprint.adapters.lock import DirectoryLock
from tenprint.adapters.network import load_network, save_network, save_private_key
from tenprint.adapters.network_rules import FILE_NAME
from tenprint.core.chance import SeededRandomSource
from tenprint.core.errors import RecordError, SenderError, StorageError
from tenprint.core.fingers import FingerPosition
from tenprint.core.template import Template
from tenprint.exchange.model.directory import Term
from tenprint.exchange.model.words import Kind, Role
from tenprint.ledger.keys import generate_key

pytestmark = pytest.mark.slow


class SpyGallery:
    """Remembers, per folder, who was put in."""

    subjects: dict[str, list[str]]
    closed: set[str]

    def __init__(self) -> None:
        self.subjects, self.closed = {}, set()

    def __call__(self, folder: Path):
        gallery, name = self, folder.parent.name
        gallery.subjects[name] = []
        folder.mkdir(parents=True)

        class Opened:
            def enroll_many(self, people, progress=None) -> int:
                for subject_id, _ in people:
                    gallery.subjects[name].append(subject_id)
                    if progress:
                        progress(len(gallery.subjects[name]))
                return len(gallery.subjects[name])

            def close(self) -> None:
                gallery.closed.add(name)

        return Opened()


def found(directory: Path, **more):
    values = {"random": SeededRandomSource(1), "open_gallery": SpyGallery()}
    return found_network(Founding(directory, seed=7), **(values | more))


def people(count: int):
    column = np.arange(3, dtype=np.uint16)
    kinds = np.ones(3, np.uint8)
    template = Template(column, column, column, kinds, kinds, 9, 9, FingerPosition.RIGHT_THUMB)
    return ((f"B{number}", {FingerPosition.RIGHT_THUMB: template}) for number in range(count))


def test_a_founded_network_is_read_back_as_it_was_described(tmp_path: Path) -> None:
    made = found(tmp_path / "net")
    assert load_network(tmp_path / "net") == made
    assert made.seed == 7
    assert made.clock_start == datetime(2010, 10, 4, 8, tzinfo=UTC)
    roles = [place.party.role for place in made.places]
    assert len(set(roles)) == len(roles) == 7
    agency = made.directory.with_role(Role.AGENCY)[0]
    assert made.directory.activated_oris == {agency.ori}
    assert all(len(place.party.ori) == 9 and place.party.ori.startswith("XX") for place in made.places)


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """Return the folder of a founded network whose party file was edited by hand."""
    found(tmp_path / "net")
    path = tmp_path / "net" / FILE_NAME
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return tmp_path / "net"


def test_activation_may_have_a_day_for_each_agency_and_settings_may_be_dated(tmp_path: Path) -> None:
    folder = changed(
        tmp_path, 'activated_oris = [\n    "XX0000001",\n]', 'activated_oris = { XX0000001 = "2009-06-01" }'
    )
    path = folder / FILE_NAME
    dated = "[party.state_bureau.settings]\n" + 'nff_state = [{ since = "2008-01-01", value = true }]'
    path.write_text(path.read_text().replace("[party.state_bureau.settings]", dated, 1))
    read = load_network(folder)
    assert read.directory.activated_oris == {"XX0000001"}
    assert read.directory.activated_since == {"XX0000001": "2009-06-01"}
    state = read.directory.with_role(Role.STATE_BUREAU)[0]
    assert [state.setting("nff_state", False, date(year, 12, 31)) for year in (2007, 2008)] == [False, True]
    save_network(read)
    assert load_network(folder) == read


def with_city(folder: Path, own: tuple[str, ...] = ()) -> Path:
    founding = Founding(folder, founders="eleven", jurisdiction="city-1", own=own)
    found_network(founding, random=SeededRandomSource(1), open_gallery=SpyGallery())
    return folder / FILE_NAME


def test_the_demos_founders_are_the_small_network_and_its_agencys_court(tmp_path: Path) -> None:
    found(tmp_path / "small")
    found_network(Founding(tmp_path / "net", founders="demo"), random=SeededRandomSource(1), open_gallery=SpyGallery())
    read = load_network(tmp_path / "net").directory
    small = [party.id for party in load_network(tmp_path / "small").directory.parties]
    assert [party.id for party in read.parties] == [*small, "court"]
    assert read.party("agency").peers == {Role.STATE_BUREAU: "state_bureau", Role.COURT: "court"}
    assert read.party("court").peers == {Role.AGENCY: "agency", Role.STATE_BUREAU: "state_bureau"}


def test_a_citys_own_agencies_and_jails_may_be_several_and_are_read_back(tmp_path: Path) -> None:
    path = with_city(tmp_path / "net", ("agency-2", "agency-1", "jail-1"))
    read = load_network(tmp_path / "net")
    city = read.directory.party("city-1")
    assert (city.peers_of(Role.AGENCY), city.peers_of(Role.JAIL)) == (("agency-2", "agency-1"), ("jail-1",))
    assert (city.peers[Role.AGENCY], city.peers[Role.STATE_BUREAU]) == ("agency-2", "state-2")
    save_network(read)
    assert load_network(tmp_path / "net") == read
    assert 'jail = "jail-1"' in path.read_text()


def test_a_file_that_names_one_agency_and_one_jail_is_read_as_before(tmp_path: Path) -> None:
    path = with_city(tmp_path / "net")
    text = path.read_text()
    assert text.count('agency = "agency-1"') > 1
    city = load_network(tmp_path / "net").directory.party("city-1")
    assert (city.peers_of(Role.AGENCY), city.peers_of(Role.JAIL), city.more_peers) == (("agency-1",), ("jail-1",), {})
    assert city.peers_of(Role.COURT) == ()


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('jail = "jail-1"', "jail = []", "party.city-1.peers.jail"),
        ('jail = "jail-1"', 'jail = ["jail-1", "jail-1"]', "party.city-1.peers.jail"),
        ('jail = "jail-1"', 'jail = ["jail-1", "gaol"]', "party.city-1.peers.jail"),
        ('jail = "jail-1"', 'jail = ["jail-1", "agency-1"]', "party.city-1.peers.jail"),
        ('jail = "jail-1"', "jail = [1]", "party.city-1.peers.jail"),
        ('state_bureau = "state-1"', 'state_bureau = ["state-1", "state-2"]', "party.city-1.peers.state_bureau"),
    ],
)
def test_a_list_of_peers_that_cannot_be_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, field: str
) -> None:
    path = with_city(tmp_path / "net")
    head, city, tail = path.read_text().partition("[party.city-1]")
    assert old in tail
    path.write_text(head + city + tail.replace(old, new))
    with pytest.raises(RecordError) as refused:
        load_network(tmp_path / "net")
    assert (refused.value.code, refused.value.field) == ("NETWORK_INVALID", field)


def test_a_list_of_peers_is_for_a_city_and_for_nobody_else(tmp_path: Path) -> None:
    path = with_city(tmp_path / "net")
    old = 'jail = "jail-1"'
    text = path.read_text()
    path.write_text(text.replace(old, 'jail = ["jail-1"]', 1))  # an agency's
    with pytest.raises(RecordError) as refused:
        load_network(tmp_path / "net")
    assert refused.value.field == "party.agency-1.peers.jail"


@pytest.mark.parametrize(
    ("city", "own", "code"),
    [
        ("city-1", ("agency-1", "gaol"), "OWN_PLACE_UNKNOWN"),
        ("city-1", ("court-1",), "OWN_PLACE_UNKNOWN"),
        ("", ("agency-1",), "JURISDICTION_MISSING"),
    ],
)
def test_places_that_cannot_be_a_citys_own_are_refused_and_nothing_is_made(
    tmp_path: Path, city: str, own: tuple[str, ...], code: str
) -> None:
    founding = Founding(tmp_path / "net", founders="eleven", jurisdiction=city, own=own)
    with pytest.raises(SenderError) as refused:
        found_network(founding, random=SeededRandomSource(1), open_gallery=SpyGallery())
    assert (refused.value.code, (tmp_path / "net").exists()) == (code, False)


@pytest.mark.parametrize(
    "wrong",
    ['{ XX0000001 = "June 2009" }', '"XX0000001"', "[1]", "{ XX0000001 = 2009 }"],
)
def test_an_activation_that_is_no_day_is_refused_with_its_place(tmp_path: Path, wrong: str) -> None:
    folder = changed(tmp_path, 'activated_oris = [\n    "XX0000001",\n]', f"activated_oris = {wrong}")
    with pytest.raises(RecordError) as refused:
        load_network(folder)
    assert refused.value.field == "network.activated_oris"


@pytest.mark.parametrize(
    "wrong",
    ['nff_state_since = "soon"', 'nff_state = [{ since = "2008-01-01" }]', "nff_state = [1]", "nff_state = 1.5"],
)
def test_a_dated_setting_that_has_no_day_is_refused(tmp_path: Path, wrong: str) -> None:
    folder = changed(tmp_path, "[party.state_bureau.settings]", f"[party.state_bureau.settings]\n{wrong}")
    with pytest.raises(RecordError) as refused:
        load_network(folder)
    assert refused.value.field == "party.state_bureau.settings"


def test_every_party_can_reach_whom_the_routes_let_it_speak_to(tmp_path: Path) -> None:
    from tenprint.exchange.model.routes import LINKS, ROUTES

    made = found(tmp_path / "net")
    peers = {(place.party.role, role) for place in made.places for role in place.party.peers}
    here = {place.party.role for place in made.places}
    # News goes to whoever was told, rules to whoever is bound, and whom an audit asks stands in the directory.
    found_otherwise = (Kind.AUDIT_QUERY, Kind.AUDIT_ANSWER, Kind.RULE_NOTICE, Kind.DISPOSITION, Kind.CORRECTION)
    spoken = (pairs for kind, pairs in ROUTES.items() if kind not in found_otherwise)
    missing = {pair for pairs in spoken for pair in pairs if here.issuperset(pair)} - peers
    # A correction is acknowledged along the way it came.
    assert missing <= {(told, teller) for teller, told in LINKS}


def test_background_subjects_enter_the_immigration_gallery_only(tmp_path: Path) -> None:
    spy, seen = SpyGallery(), []
    found(tmp_path / "net", open_gallery=spy, background=people(3), on_progress=lambda *said: seen.append(said))
    assert {name: len(subjects) for name, subjects in spy.subjects.items()} == {
        "state_bureau": 0,
        "criminal_repository": 0,
        "immigration_repository": 3,
    }
    assert spy.closed == set(spy.subjects)
    assert seen == [("parties", 1)] * 7 + [("subjects", 1)] * 3


def test_a_network_is_never_overwritten(tmp_path: Path) -> None:
    found(tmp_path / "net")
    before = (tmp_path / "net" / FILE_NAME).read_bytes()
    with pytest.raises(SenderError, match="NETWORK_EXISTS") as caught:
        found(tmp_path / "net")
    assert caught.value.hint
    assert (tmp_path / "net" / FILE_NAME).read_bytes() == before


def test_a_folder_with_other_files_is_refused_and_an_empty_one_taken(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "letter.txt").write_text("mine")
    with pytest.raises(SenderError, match="NETWORK_FOLDER_TAKEN"):
        found(tmp_path / "taken")
    (tmp_path / "empty").mkdir()
    found(tmp_path / "empty")
    assert load_network(tmp_path / "empty").places


def test_a_founding_that_fails_leaves_no_network_and_the_next_one_succeeds(tmp_path: Path) -> None:
    def broken():
        yield from people(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        found(tmp_path / "net", background=broken())
    assert not (tmp_path / "net").exists()
    found(tmp_path / "net", background=people(3))
    assert [entry.name for entry in tmp_path.iterdir()] == ["net"]


def test_two_foundings_of_one_network_exclude_each_other(tmp_path: Path) -> None:
    (tmp_path / ".net.making").mkdir()
    with DirectoryLock(tmp_path / ".net.making"), pytest.raises(StorageError, match="STORE_LOCKED"):
        found(tmp_path / "net")


def test_private_keys_are_for_their_owner_only_and_belong_to_the_public_keys(tmp_path: Path) -> None:
    made = found(tmp_path / "net")
    assert stat.S_IMODE((tmp_path / "net").stat().st_mode) == 0o700
    for place in made.places:
        path = tmp_path / "net" / place.key
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert made.private_key(place).public.raw == place.party.public_key


def test_a_key_that_is_open_missing_or_anothers_is_refused(tmp_path: Path) -> None:
    made = found(tmp_path / "net")
    place = made.places[0]
    path = tmp_path / "net" / place.key
    path.chmod(0o644)
    with pytest.raises(StorageError, match="NETWORK_KEY_OPEN") as caught:
        made.private_key(place)
    assert "chmod 600" in caught.value.hint
    save_private_key(path, generate_key(SeededRandomSource(99)))
    with pytest.raises(StorageError, match="NETWORK_KEY_DIFFERS"):
        made.private_key(place)
    path.unlink()
    with pytest.raises(StorageError, match="NETWORK_KEY_MISSING"):
        made.private_key(place)


def test_a_party_file_says_when_keys_hold_and_which_ones_a_party_had_before(tmp_path: Path) -> None:
    made = found(tmp_path / "net")
    first, *others = made.places
    start, day = datetime(2010, 10, 4, tzinfo=UTC), timedelta(days=1)
    before = (generate_key(SeededRandomSource(5)).public.raw, Term(None, start))
    party = replace(first.party, key_term=Term(start, start + day), earlier_keys=(before,))
    places = (replace(first, party=party), *others)
    directory = replace(made.directory, parties=tuple(place.party for place in places))
    save_network(replace(made, places=places, directory=directory))
    again = load_network(tmp_path / "net").directory
    assert again == directory
    assert again.party(party.id).verifier.earlier == (before[0],)


def test_a_missing_network_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SenderError, match="NETWORK_MISSING") as caught:
        load_network(tmp_path / "nowhere")
    assert caught.value.hint == f"run: tenprint network init {tmp_path / 'nowhere'}"


FAULTS = {
    "no TOML": ("[network]", "[network", ""),
    "an unknown role": ('role = "jail"', 'role = "prison"', "party.jail.role"),
    "an unknown clock": ('mode = "simulated"', 'mode = "sundial"', "network.clock.mode"),
    "a time without a zone": ("08:00:00.000Z", "08:00:00.000", "network.clock.start"),
    "a missing programme": ("programme =", "program =", "network.programme"),
    "a peer that is not there": ('jail = "jail"', 'jail = "gaol"', "party.field_office.peers.jail"),
    "a key that is no base64": ('public_key = "', 'public_key = "*', "party.agency.public_key"),
    "a key that ends before it begins": (
        'public_key = "', 'key_valid_from = "2011-01-01T00:00:00.000Z"\nkey_valid_until = "2010-01-01T00:00:00.000Z"\n'
        'public_key = "', "party.agency.key_valid_until",
    ),
    "a key's end that is no time": (
        'public_key = "', 'key_valid_until = "soon"\npublic_key = "', "party.agency.key_valid_until",
    ),
    "an earlier key without an end": (
        'public_key = "', 'earlier_keys = [{ public_key = "AA==" }]\npublic_key = "', "party.agency.earlier_keys",
    ),
    "a seed that is no number": ("seed = 7", 'seed = "7"', "network.seed"),
    "a seed that is a truth value": ("seed = 7", "seed = true", "network.seed"),
    "tables in tables without end": ("seed = 7", "seed = " + "[" * 5000 + "]" * 5000, ""),
    "a misspelt entry of the network": ("seed = 7", "sead = 7", "network.sead"),
    "a misspelt entry of a party": ("witnesses = []", "witneses = []", "party.agency.witneses"),
    "an id that leads out of the folder": ("[party.jail]", '[party."../jail"]', "party.../jail"),
    "a key that is too short": ('public_key = "', 'public_key = "AAAA"\n# "', "party.agency.public_key"),
    "a key under which anybody could sign": (
        'public_key = "', f'public_key = "{"A" * 43}="\n# "', "party.agency.public_key",
    ),
    "an ORI that is none": ('ori = "XX0000007"', 'ori = "jail"', "party.jail.ori"),
    "an activated ORI that is none": ('    "XX0000001",\n]', '    "sheriff",\n]', "network.activated_oris"),
    "a port that is none": ('url = "inproc:"', 'url = "https://127.0.0.1:99999"', "party.agency.url"),
    "an address without protection": ('url = "inproc:"', 'url = "http://127.0.0.1:8801"', "party.agency.url"),
    "an address with a password": ('url = "inproc:"', 'url = "https://me:secret@127.0.0.1"', "party.agency.url"),
    "a database that is no address": (
        'database = "parties/jail/tenprint.db"', 'database = "://"', "party.jail.database",
    ),
    "a database of another party": ("parties/jail/tenprint.db", "parties/agency/tenprint.db", "party.jail.database"),
    "a truth value in quotes": (
        "[party.state_bureau.settings]", '[party.state_bureau.settings]\nnff_state = "false"',
        "party.state_bureau.settings",
    ),
    "a word that a setting does not know": (
        "[party.state_bureau.settings]", '[party.state_bureau.settings]\ndelivery = "later"',
        "party.state_bureau.settings",
    ),
    "a dated word that a setting does not know": (
        "[party.state_bureau.settings]",
        '[party.state_bureau.settings]\ndelivery = [{ since = "2009-01-01", value = "later" }]',
        "party.state_bureau.settings",
    ),
    "a threshold that is no number": (
        "[party.state_bureau.settings]", '[party.state_bureau.settings]\nthreshold = "high"',
        "party.state_bureau.settings",
    ),
    "days for a setting that has none": (
        "[party.state_bureau.settings]",
        '[party.state_bureau.settings]\ndesk = [{ since = "2009-01-01", value = "A" }]',
        "party.state_bureau.settings",
    ),
    "a day that no calendar has": (
        "[party.state_bureau.settings]", '[party.state_bureau.settings]\nnff_state_since = "2010-02-30"',
        "party.state_bureau.settings",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "field"), FAULTS.values(), ids=FAULTS.keys())
def test_a_party_file_with_a_fault_names_the_field(tmp_path: Path, old: str, new: str, field: str) -> None:
    found(tmp_path / "net")
    path = tmp_path / "net" / FILE_NAME
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(RecordError, match="NETWORK_INVALID") as caught:
        load_network(tmp_path / "net")
    assert caught.value.field == field


def test_a_network_on_the_systems_clock_has_no_start(tmp_path: Path) -> None:
    made = found(tmp_path / "net")
    save_network(replace(made, clock_mode="system", clock_start=None, seed=None))
    again = load_network(tmp_path / "net")
    assert (again.clock_mode, again.clock_start, again.seed) == ("system", None, None)
