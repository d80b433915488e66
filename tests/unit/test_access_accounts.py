"""Accounts outside of a demo: the file, passwords, the door that makes guessing slow, and the commands."""

import io
import json
import logging
import os
import stat
import threading
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from console_rig import Time
from typer.testing import CliRunner

from tenprint import bootstrap
from tenprint.adapters.accounts import FILE_NAME, AccountFile
from tenprint.adapters.founders import FOUNDERS
from tenprint.cli.app import app
from tenprint.core.errors import RecordError, SenderError, StorageError, TenprintError
from tenprint.policy.access import house_tables
from tenprint.web.door import FREE_TRIES, LONGEST_WAIT_SECONDS, MAX_DEVICE_PEOPLE, MAX_NAMES, PLACES, Door

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse battery"


@pytest.fixture
def accounts(tmp_path: Path) -> AccountFile:
    made = AccountFile(tmp_path, QUICK)
    made.add("ANN EXAMINER", "immigration_repository", "examiner", PASSWORD)
    return made


def test_an_account_opens_with_its_password_only(accounts: AccountFile) -> None:
    found = accounts.check("ANN EXAMINER", PASSWORD)
    assert (found.name, found.party, found.role) == ("ANN EXAMINER", "immigration_repository", "examiner")
    assert accounts.check(" ann  examiner ", PASSWORD) == found
    for name, password in [
        ("ANN EXAMINER", PASSWORD + "x"), ("ANN EXAMINER", ""), ("ANN EXAMINER", PASSWORD.upper()),
        ("BEA OTHER", PASSWORD), ("", ""), ("ANN EXAMINER", "x" * 5000), ("ANN EXAMINER", "\x00"),
    ]:  # fmt: skip
        assert accounts.check(name, password) is None


def test_the_file_is_for_its_owner_only_and_holds_argon2id_hashes_and_no_password(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        AccountFile(tmp_path).add("ANN EXAMINER", "jail", "jail_clerk", PASSWORD)
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {FILE_NAME: 0o600, "accounts.lock": 0o600}
    text = (tmp_path / FILE_NAME).read_text()
    assert PASSWORD not in text
    assert json.loads(text)["accounts"][0]["password"].startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_file_that_others_may_read_is_not_used(accounts: AccountFile, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).chmod(0o640)
    with pytest.raises(StorageError, match="ACCOUNTS_OPEN"):
        AccountFile(tmp_path, QUICK).check("ANN EXAMINER", PASSWORD)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 2, "accounts": []}', '{"version": 1, "accounts": [{}]}'])
def test_a_damaged_file_is_named_and_nobody_comes_in(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    (tmp_path / FILE_NAME).chmod(0o600)
    with pytest.raises(RecordError, match="ACCOUNTS_INVALID"):
        AccountFile(tmp_path, QUICK).check("ANN EXAMINER", PASSWORD)


def test_a_damaged_hash_lets_nobody_in(accounts: AccountFile, tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    raw = json.loads(path.read_text())
    raw["accounts"][0]["password"] = "plain"
    path.write_text(json.dumps(raw))
    with pytest.raises(RecordError, match="ACCOUNTS_INVALID"):
        AccountFile(tmp_path, QUICK).check("ANN EXAMINER", "plain")


@pytest.mark.parametrize(
    "password", ["", "short", "x" * 11, "x" * 257, "tab\tin the password", "aaaaaaaaaaaaaaaa", "Ann  Examiner"]
)
def test_a_weak_password_is_refused_and_changes_nothing(accounts: AccountFile, password: str) -> None:
    with pytest.raises(SenderError, match="PASSWORD_WEAK"):
        accounts.set_password("ANN EXAMINER", password)
    accounts.remove("ANN EXAMINER")
    with pytest.raises(SenderError, match="PASSWORD_WEAK"):
        accounts.add("ANN EXAMINER", "jail", "jail_clerk", password)
    assert accounts.all() == ()


def test_names_are_compared_as_answers_compare_them(accounts: AccountFile) -> None:
    with pytest.raises(SenderError, match="ACCOUNT_EXISTS"):
        accounts.add("Ann  Examiner", "jail", "jail_clerk", PASSWORD)
    with pytest.raises(SenderError, match="PERSON_MISSING"):
        accounts.add("n/a", "jail", "jail_clerk", PASSWORD)
    assert len(accounts.all()) == 1


def test_a_removed_account_and_an_old_password_open_nothing(accounts: AccountFile, tmp_path: Path) -> None:
    other = AccountFile(tmp_path, QUICK)
    edition = other.edition_of("ANN EXAMINER")
    assert other.knows("ANN EXAMINER", "immigration_repository", "examiner", edition)
    assert not other.knows("ANN EXAMINER", "immigration_repository", "operator", edition)
    accounts.set_password("ANN EXAMINER", "another long password")
    assert other.check("ANN EXAMINER", PASSWORD) is None
    assert other.check("ANN EXAMINER", "another long password")
    accounts.remove("ann examiner")
    assert not other.knows("ANN EXAMINER", "immigration_repository", "examiner", edition)
    assert other.check("ANN EXAMINER", "another long password") is None
    with pytest.raises(SenderError, match="ACCOUNT_UNKNOWN"):
        accounts.remove("ANN EXAMINER")
    with pytest.raises(SenderError, match="ACCOUNT_UNKNOWN"):
        accounts.set_password("ANN EXAMINER", PASSWORD)


def test_a_new_password_and_an_account_made_anew_have_another_edition(accounts: AccountFile, tmp_path: Path) -> None:
    editions = [accounts.edition_of("ANN EXAMINER")]
    accounts.set_password("ANN EXAMINER", PASSWORD)  # the same one: whoever sets it wants the others out
    editions.append(AccountFile(tmp_path, QUICK).edition_of("ann examiner"))
    accounts.remove("ANN EXAMINER")
    assert accounts.edition_of("ANN EXAMINER") == ""
    editions.append(accounts.add("ANN EXAMINER", "immigration_repository", "examiner", PASSWORD).edition)
    assert len(set(editions)) == 3 and all(len(edition) >= 22 for edition in editions)
    assert editions[2] not in repr(accounts.all())


def test_a_file_of_before_editions_is_read_and_keeps_the_one_it_is_given(accounts: AccountFile, tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    raw = json.loads(path.read_text())
    for row in raw["accounts"]:
        del row["edition"]
    path.write_text(json.dumps(raw))
    made = AccountFile(tmp_path, QUICK).edition_of("ANN EXAMINER")
    assert made and AccountFile(tmp_path, QUICK).edition_of("ANN EXAMINER") == made
    accounts.add("BEA OTHER", "jail", "jail_clerk", PASSWORD)
    assert json.loads(path.read_text())["accounts"][0]["edition"] == made
    stronger = AccountFile(tmp_path, PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert stronger.check("ANN EXAMINER", PASSWORD).edition == made == stronger.edition_of("ANN EXAMINER")
    accounts.set_password("ANN EXAMINER", "another long password")
    assert accounts.edition_of("ANN EXAMINER") != made


def test_a_hash_of_other_parameters_is_made_anew_when_its_owner_comes_in(accounts: AccountFile, tmp_path: Path) -> None:
    before = (tmp_path / FILE_NAME).read_text()
    stronger = AccountFile(tmp_path, PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert stronger.check("ANN EXAMINER", "wrong password") is None
    assert (tmp_path / FILE_NAME).read_text() == before
    assert stronger.check("ANN EXAMINER", PASSWORD)
    assert "m=16,t=2,p=1" in (tmp_path / FILE_NAME).read_text()
    assert stronger.check("ANN EXAMINER", PASSWORD)


class CountingHasher(PasswordHasher):
    verified = 0

    def verify(self, *given):
        self.verified += 1
        return super().verify(*given)


def test_an_unknown_name_costs_as_many_hashes_as_a_wrong_password(accounts: AccountFile, tmp_path: Path) -> None:
    hasher = CountingHasher(time_cost=1, memory_cost=8, parallelism=1)
    counted = AccountFile(tmp_path, hasher)
    costs = []
    for name in ("ANN EXAMINER", "NOBODY KNOWN"):
        before = hasher.verified
        assert counted.check(name, "wrong password") is None
        costs.append(hasher.verified - before)
    assert costs == [1, 1]


def test_accounts_added_at_once_are_all_there(tmp_path: Path) -> None:
    def add(number: int) -> None:
        AccountFile(tmp_path, QUICK).add(f"PERSON {number}", "jail", "jail_clerk", PASSWORD)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(AccountFile(tmp_path, QUICK).all()) == 12


def knock(door: Door, name: str, password: str = "wrong password", device: str = "") -> str:
    try:
        return door.admit(name, password, device).name
    except TenprintError as problem:
        return problem.code


@pytest.mark.parametrize("name", ["ANN EXAMINER", "NOBODY KNOWN"])
def test_after_some_failures_one_must_wait_longer_and_longer_whether_the_name_is_known_or_not(
    accounts: AccountFile, name: str
) -> None:
    time = Time()
    door = Door(accounts, time)
    assert [knock(door, name) for _ in range(FREE_TRIES)] == ["SIGN_IN_REFUSED"] * FREE_TRIES
    assert knock(door, name.lower()) == "SIGN_IN_WAIT"
    time.now += 2.0
    assert knock(door, name) == "SIGN_IN_REFUSED"
    time.now += 3.9
    assert knock(door, name) == "SIGN_IN_WAIT"
    time.now += 0.2
    assert knock(door, name) == "SIGN_IN_REFUSED"


def test_many_guesses_at_once_are_counted_one_by_one(accounts: AccountFile) -> None:
    door, told = Door(accounts, Time()), []
    threads = [threading.Thread(target=lambda: told.append(knock(door, "ANN EXAMINER"))) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 24 and set(told) <= {"SIGN_IN_REFUSED", "SIGN_IN_WAIT", "SIGN_IN_BUSY"}
    told += [knock(door, "ANN EXAMINER") for _ in range(FREE_TRIES)]
    assert told.count("SIGN_IN_REFUSED") == FREE_TRIES and told[-1] == "SIGN_IN_WAIT"


def test_strangers_do_not_hold_up_a_device_that_has_signed_in_with_this_name(accounts: AccountFile) -> None:
    time = Time()
    door = Door(accounts, time)
    device = door.device_cookie(door.admit("ANN EXAMINER", PASSWORD))
    for _ in range(20):
        knock(door, "ANN EXAMINER")
        time.now += LONGEST_WAIT_SECONDS
    knock(door, "ANN EXAMINER")
    assert knock(door, "ANN EXAMINER", PASSWORD) == "SIGN_IN_WAIT"
    later = Door(accounts, time)  # a restart: the cookie still opens, here beside strangers who wait
    for now in (door, later):
        for _ in range(FREE_TRIES + 1):
            knock(now, "ANN EXAMINER")
        assert knock(now, "ANN EXAMINER", PASSWORD) == "SIGN_IN_WAIT"
        assert knock(now, "ANN EXAMINER", PASSWORD, device) == "ANN EXAMINER"
        assert knock(now, "ANN EXAMINER", PASSWORD) == "SIGN_IN_WAIT"  # and that helps no stranger


def test_a_known_device_may_not_guess_without_end_either(accounts: AccountFile) -> None:
    door = Door(accounts, Time())
    device = door.device_cookie(door.admit("ANN EXAMINER", PASSWORD))
    assert [knock(door, "ANN EXAMINER", device=device) for _ in range(FREE_TRIES)] == ["SIGN_IN_REFUSED"] * FREE_TRIES
    assert knock(door, "ANN EXAMINER", PASSWORD, device) == "SIGN_IN_WAIT"
    assert knock(door, "ANN EXAMINER", PASSWORD) == "ANN EXAMINER"


def test_a_device_is_known_for_its_own_people_only_and_no_cookie_can_be_made_up(accounts: AccountFile) -> None:
    accounts.add("BEA OTHER", "jail", "jail_clerk", PASSWORD)
    door = Door(accounts, Time())
    hers = door.device_cookie(door.admit("BEA OTHER", PASSWORD))
    shared = door.device_cookie(door.admit("ANN EXAMINER", PASSWORD), hers)
    for _ in range(FREE_TRIES):
        knock(door, "ANN EXAMINER")
        knock(door, "BEA OTHER")
    nonce, _, signature = hers.partition(".")
    forged = [hers, "", "~", "x" * 5000, "~".join([shared] * 5000), f"{'A' * 22}.{signature}", f"{nonce}.{'0' * 64}"]
    for device in [*forged, shared[:-1], shared + "0", "\u0661" * 22 + "." + signature]:
        assert knock(door, "ANN EXAMINER", PASSWORD, device) == "SIGN_IN_WAIT"
    for name in ("ANN EXAMINER", "BEA OTHER"):
        assert knock(door, name, PASSWORD, shared) == name
    assert "ANN" not in shared and "BEA" not in shared
    accounts.set_password("ANN EXAMINER", "another long password")
    assert knock(door, "ANN EXAMINER", "another long password", shared) == "SIGN_IN_WAIT"


def test_a_device_is_known_for_some_people_at_once_the_latest(accounts: AccountFile) -> None:
    door, device, people = Door(accounts, Time()), "", []
    for number in range(MAX_DEVICE_PEOPLE + 1):
        people.append(accounts.add(f"PERSON {number}", "jail", "jail_clerk", PASSWORD))
        device = door.device_cookie(people[-1], device)
    again = door.device_cookie(people[-1], device)
    assert device.count("~") == again.count("~") == MAX_DEVICE_PEOPLE - 1
    for person in people:
        for _ in range(FREE_TRIES):
            knock(door, person.name)
    assert [knock(door, person.name, PASSWORD, device) for person in people[:2]] == ["SIGN_IN_WAIT", "PERSON 1"]


class SlowAccounts:
    """Accounts whose look at a password takes until it is told to end."""

    def __init__(self, kept: AccountFile) -> None:
        self._kept, self.go_on = kept, threading.Event()
        self.some_are_inside = threading.Semaphore(0)

    def edition_of(self, name: str) -> str:
        return self._kept.edition_of(name)

    def check(self, name: str, password: str):
        self.some_are_inside.release()
        self.go_on.wait(30)
        return self._kept.check(name, password)


def test_many_guesses_at_once_take_no_more_than_some_places_and_leave_others_to_known_devices(
    accounts: AccountFile,
) -> None:
    device = Door(accounts).device_cookie(accounts.check("ANN EXAMINER", PASSWORD))
    slow, told = SlowAccounts(accounts), []
    door = Door(slow, Time())
    threads = [threading.Thread(target=lambda n=n: told.append(knock(door, f"NOBODY {n}"))) for n in range(PLACES)]
    owner = threading.Thread(target=lambda: told.append(knock(door, "ANN EXAMINER", PASSWORD, device)))
    for thread in threads:
        thread.start()
    for _ in threads:
        assert slow.some_are_inside.acquire(timeout=30)
    assert [knock(door, f"NOBODY {n}") for n in range(100, 140)] == ["SIGN_IN_BUSY"] * 40  # at once, without a place
    owner.start()
    assert slow.some_are_inside.acquire(timeout=30)
    slow.go_on.set()
    for thread in [*threads, owner]:
        thread.join()
    assert sorted(told) == ["ANN EXAMINER", *["SIGN_IN_REFUSED"] * PLACES]
    assert knock(door, "NOBODY 100") == "SIGN_IN_REFUSED"


def test_a_password_that_could_not_be_looked_at_counts_for_nothing(accounts: AccountFile, tmp_path: Path) -> None:
    door = Door(accounts, Time())
    text = (tmp_path / FILE_NAME).read_text()
    raw = json.loads(text)
    raw["accounts"][0]["password"] = "plain"
    (tmp_path / FILE_NAME).write_text(json.dumps(raw))
    assert {knock(door, "ANN EXAMINER", PASSWORD) for _ in range(FREE_TRIES + 2)} == {"ACCOUNTS_INVALID"}
    (tmp_path / FILE_NAME).write_text(text)
    assert knock(door, "ANN EXAMINER", PASSWORD) == "ANN EXAMINER"


def test_a_try_that_could_not_be_looked_at_takes_back_no_other_one(accounts: AccountFile) -> None:
    door, inside = Door(accounts, Time()), []

    class Breaking:
        edition_of, all, knows = accounts.edition_of, accounts.all, accounts.knows

        def check(self, name: str, password: str) -> object:
            if not inside:
                inside.append(name)
                told.extend(knock(door, name) for _ in range(FREE_TRIES - 1))
                raise RecordError("ACCOUNTS_INVALID", "broken")
            return accounts.check(name, password)

    told: list[str] = []
    door = Door(Breaking(), Time())
    assert knock(door, "ANN EXAMINER") == "ACCOUNTS_INVALID"
    assert told == ["SIGN_IN_REFUSED"] * (FREE_TRIES - 1)
    assert [knock(door, "ANN EXAMINER") for _ in range(2)] == ["SIGN_IN_REFUSED", "SIGN_IN_WAIT"]


def test_a_wait_ends_and_the_right_password_ends_the_count(accounts: AccountFile) -> None:
    time = Time()
    door = Door(accounts, time)
    for _ in range(60):
        knock(door, "ANN EXAMINER")
        time.now += LONGEST_WAIT_SECONDS
    assert knock(door, "ANN EXAMINER", PASSWORD) == "ANN EXAMINER"
    assert [knock(door, "ANN EXAMINER") for _ in range(FREE_TRIES)] == ["SIGN_IN_REFUSED"] * FREE_TRIES
    assert knock(door, "ANN EXAMINER", PASSWORD) == "SIGN_IN_WAIT"
    assert knock(door, "BEA OTHER") == "SIGN_IN_REFUSED"


def test_made_up_names_do_not_fill_the_memory(accounts: AccountFile) -> None:
    door = Door(accounts, Time())
    for number in range(MAX_NAMES + 50):
        door._count_try((str(number), ""))
    assert len(door._failures) == MAX_NAMES


def test_neither_names_nor_passwords_are_logged(accounts: AccountFile, caplog) -> None:
    door = Door(accounts, Time())
    with caplog.at_level(logging.DEBUG):
        for _ in range(FREE_TRIES + 1):
            knock(door, "ANN EXAMINER", "a wrong password")
    assert "sign-in refused" in caplog.text
    assert "ANN" not in caplog.text and "wrong password" not in caplog.text


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("network") / "data"
    bootstrap.init_network(directory, founding=bootstrap.Founding(directory, clock_mode="system"))
    return directory


def command(*words: str, typed: str = "") -> tuple[str, str]:
    ran = CliRunner().invoke(app, ["accounts", *words], input=typed)
    code = ran.exception.code if isinstance(ran.exception, TenprintError) else str(ran.exit_code)
    return code, ran.output


@pytest.mark.slow
def test_accounts_are_added_listed_changed_and_removed(folder: Path, tmp_path: Path) -> None:
    data = ("--data", str(folder))
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD + "\nmore\n")
    first = ("ANN EXAMINER", "--party", "immigration_repository", "--password-stdin")
    second = ("OLE AUDITOR", "--party", "jail", "--role", "auditor", "--password-file", str(secret))
    assert command("add", *first, *data, typed=PASSWORD)[0] == "0"
    assert command("add", *second, *data)[0] == "0"
    code, text = command("list", *data, "--json")
    assert code == "0" and json.loads(text) == [
        {"name": "ANN EXAMINER", "party": "immigration_repository", "role": "examiner"},
        {"name": "OLE AUDITOR", "party": "jail", "role": "auditor"},
    ]
    assert command("password", "ANN EXAMINER", *data, "--password-stdin", typed="another long password\n")[0] == "0"
    accounts = bootstrap.open_accounts(folder)
    assert accounts.check("ANN EXAMINER", "another long password") and accounts.check("OLE AUDITOR", PASSWORD)
    assert command("remove", "ANN EXAMINER", *data)[0] == "0"
    assert [account.name for account in accounts.all()] == ["OLE AUDITOR"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "typed", "code"),
    [
        (("--party", "prison", "--password-stdin"), PASSWORD, "UNKNOWN_PARTY"),
        (("--party", "jail", "--role", "examiner", "--password-stdin"), PASSWORD, "ROLE_UNFIT"),
        (("--party", "jail", "--role", "public", "--password-stdin"), PASSWORD, "ROLE_UNFIT"),
        (("--party", "jail", "--password-stdin"), "", "PASSWORD_MISSING"),
        (("--party", "jail", "--password-stdin"), "short", "PASSWORD_WEAK"),
        (("--party", "jail"), PASSWORD + "\n" + PASSWORD, "PASSWORD_MISSING"),
        (("--party", "jail", "--password-stdin", "--password-file", "x"), PASSWORD, "OPTION_CONFLICT"),
        (("--party", "jail", "--password-file", "/nowhere"), "", "FILE_MISSING"),
    ],
)
def test_an_account_that_cannot_be_is_refused(folder: Path, words: tuple, typed: str, code: str) -> None:
    before = bootstrap.open_accounts(folder).all()
    assert command("add", "BEA OTHER", *words, "--data", str(folder), typed=typed)[0] == code
    assert bootstrap.open_accounts(folder).all() == before


def test_no_command_takes_a_password_as_an_argument() -> None:
    for name in ("add", "password"):
        text = CliRunner().invoke(app, ["accounts", name, "--help"], env={"COLUMNS": "200"}).output
        assert "--password-stdin" in text and "--password " not in text


def test_two_passwords_that_differ_are_refused(monkeypatch) -> None:
    from tenprint.cli import accounts as commands

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(commands.sys, "stdin", Terminal())
    typed = iter(["correct horse", "correct house"])
    monkeypatch.setattr(commands.getpass, "getpass", lambda prompt: next(typed))
    with pytest.raises(SenderError, match="PASSWORD_DIFFERS"):
        commands._password(None, False)


@pytest.mark.parametrize("founders", ["small", "eleven"])
def test_every_party_of_a_network_can_have_an_operator_and_its_own_kind_of_official(founders: str) -> None:
    tables = house_tables()
    for founder in FOUNDERS[founders].parties:
        assert "operator" in tables.roles_at(founder.role)
        assert tables.own_work_at(founder.role) is not None
