"""Every page about a case that was erased says so; none fails, and none still holds the person."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from console_rig import Desktop, console
from exchange_rig import Rig, rigs
from test_access_walk import pages
from test_retention import LIFETIME, TCN, handed_over, signed

from tenprint.exchange.model.words import Role

pytestmark = pytest.mark.slow

UNDER = "under rule keep-"


@pytest.fixture(scope="module")
def erased() -> Iterator[tuple[Rig, str]]:
    with rigs() as make:
        rig = make()
        case_id = handed_over(rig)
        before = list(pages(rig, case_id))
        rig.wait(LIFETIME)
        for role in rig.nodes:
            signed(rig, role)
        rig.paths = before
        yield rig, case_id


@pytest.mark.parametrize(
    "party", [str(role) for role in Role if role not in (Role.COURT, Role.JURISDICTION, Role.AUDITOR)]
)
def test_no_page_of_an_erased_case_fails_or_tells_of_the_person(erased: tuple[Rig, str], party: str) -> None:
    rig, case_id = erased
    client = Desktop(console(rig, is_demo=True)).take(party).client
    seen = 0
    for whose, path in {*rig.paths, ("", f"/cases/{case_id}"), ("", f"/cases/{case_id}.json")}:
        if whose not in ("", party):
            continue
        answer = client.get(path)
        assert answer.status_code < 500, f"{path}: {answer.status_code} {answer.text[-2000:]}"
        assert not [word for word in ("SAMPLESON", TCN, "as seen") if word in answer.text], path
        if path.startswith("/bodies"):
            assert answer.status_code in (403, 410)
        if path.startswith(("/messages", "/tasks")) and answer.status_code == 200 and not path.endswith(".json"):
            assert UNDER in answer.text, path
            seen += 1
    assert seen > 2


def test_a_print_of_an_erased_case_is_shown_to_nobody(erased: tuple[Rig, str]) -> None:
    rig, _ = erased
    client = Desktop(console(rig, is_demo=True)).take(Role.IMMIGRATION_REPOSITORY).client
    task = rig.tasks(Role.IMMIGRATION_REPOSITORY)[0]
    for side in ("probe", "1"):
        assert client.get(f"/prints/{task.id}/{side}/1").status_code in (403, 404)


@pytest.mark.parametrize("party", [Role.STATE_BUREAU, Role.CRIMINAL_REPOSITORY, Role.IMMIGRATION_REPOSITORY])
def test_no_page_fails_when_only_the_images_are_gone_and_the_case_is_still_told(party: Role) -> None:
    with rigs() as make:
        rig = make()
        case_id = handed_over(rig, ret="N")
        before = list(pages(rig, case_id))
        rig.wait(timedelta(days=32))
        client = Desktop(console(rig, is_demo=True)).take(party).client
        told = {path: client.get(path) for whose, path in before if whose in ("", str(party))}
        assert not [path for path, answer in told.items() if answer.status_code >= 500]
        assert [path for path, answer in told.items() if "rule keep-images-of-search-only" in answer.text]
        assert "was erased" not in client.get(f"/cases/{case_id}").text
