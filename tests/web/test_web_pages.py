"""Every page of the console in a real browser: readable by all, at every size, and quiet."""

import pytest
from browser import assert_readable

from tenprint.exchange.model.words import Role, TaskKind

pytestmark = [pytest.mark.web, pytest.mark.slow]


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nowhere"])
def test_pages_before_signing_in_can_be_read_by_all(desk, path: str) -> None:
    desk.open(path)
    assert_readable(desk.page)


def test_an_officers_pages_can_be_read_by_all(rig, desk) -> None:
    case_id = rig.until_status()
    desk.sign_in(Role.FIELD_OFFICE)
    assert_readable(desk.page)
    desk.open_task(rig, Role.FIELD_OFFICE, TaskKind.DECIDE, case_id)
    assert_readable(desk.page)
    desk.open(f"/cases/{case_id}")
    assert_readable(desk.page)
