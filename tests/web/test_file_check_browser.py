"""The validation desk in a real browser: dropped, read, followed to the field, and taken away without its person."""

from pathlib import Path

import pytest
from browser import assert_readable

from tenprint import records
from tenprint.studies.example_file import example_file

pytestmark = [pytest.mark.web, pytest.mark.slow]


@pytest.mark.parametrize("path", ["/check", "/check/example", "/check/rules/ebts-8.001", "/check/rules/itl-2011"])
def test_the_desks_pages_can_be_read_by_all(desk, path: str) -> None:
    desk.open(path)
    assert_readable(desk.page)


def test_a_file_is_checked_and_a_finding_leads_to_its_field(desk, tmp_path: Path) -> None:
    file = tmp_path / "card.an2"
    file.write_bytes(example_file())
    desk.open("/")
    desk.page.get_by_role("link", name="Check a file").click()
    desk.page.get_by_label("The file").set_input_files(file)
    desk.page.get_by_role("button", name="Check the file").click()
    assert "2 errors" in desk.page.locator("#result").inner_text()
    assert desk.page.locator("figure img").count() == 14
    assert desk.page.locator("figure img").first.evaluate("one => one.naturalWidth") == 120
    desk.page.get_by_role("link", name="record 1, 2.022 DOB").click()
    row = desk.page.locator("[id='record-1-2.022']")
    assert row.evaluate("one => one.matches(':target')") and row.is_visible()
    row.get_by_role("link", name="the rule").click()
    assert desk.page.locator("[id='field-2.022']").is_visible()


def test_a_file_is_taken_away_without_its_person(desk, tmp_path: Path) -> None:
    file = tmp_path / "card.an2"
    file.write_bytes(example_file())
    desk.open("/check")
    desk.page.get_by_label("The file").set_input_files(file)
    with desk.page.expect_download() as waiting:
        desk.page.get_by_role("button", name="Download it without its person").click()
    data = Path(waiting.value.path()).read_bytes()
    assert waiting.value.suggested_filename == "redacted.an2"
    assert len(records.read(data, strict=True).records) == 16 and b"SAMPLESON,EXAMPLE" not in data
