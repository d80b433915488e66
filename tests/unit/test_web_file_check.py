"""The validation desk: a file goes in without signing in, what is wrong comes out, and nothing of it stays."""

import asyncio
import io
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from console_rig import SITE, console, text_of
from exchange_rig import Rig, rigs
from PIL import Image
from starlette.responses import Response
from starlette.testclient import TestClient

from tenprint import records
from tenprint.records import TaggedRecord
from tenprint.records.itl.tables import packaged_tables
from tenprint.studies.example_file import BOOKING, example_file
from tenprint.web import file_check
from tenprint.web.guard import LARGE_BODY_BYTES, MAX_LARGE_BODIES, Guard
from tenprint.web.pages.file_check import PLACES

pytestmark = pytest.mark.slow

SAMPLES = Path(os.environ.get("TENPRINT_SAMPLES", Path(__file__).resolve().parents[2].parent / "shared/samples"))
HREF = re.compile(r'href="(/check/rules/[^"#]+)#([^"]+)"')
UPLOAD = {"content-type": "multipart/form-data; boundary=x"}


@pytest.fixture(scope="module")
def network() -> Iterator[Rig]:
    with rigs() as make:
        yield make()


@pytest.fixture
def client(network: Rig) -> TestClient:
    return TestClient(console(network), base_url=SITE, headers={"origin": SITE}, follow_redirects=False)


def drop(client: TestClient, data: bytes, status: int = 200, *, name: str = "card.an2", **fields: str):
    answer = client.post("/check", files={"file": (name, data)}, data={"do": "check"} | fields)
    assert answer.status_code == status, answer.text[:2000]
    return answer


def test_the_desk_says_what_it_covers_and_what_it_does_not_know(client: TestClient) -> None:
    said = text_of(client.get("/check").text)
    assert "Nothing is stored" in said and "EBTS 11.x and XML encodings are not covered" in said
    for name in packaged_tables():
        table = file_check.profile_named(name)
        assert all(sentence in said for sentence in (*table.covers, *table.unknown)), name


def test_the_examples_faults_stand_beside_their_fields_and_lead_to_their_rules(client: TestClient) -> None:
    page = unescape(client.get("/check/example").text)
    assert page.count('class="marked"') == 4
    for tag in ("2.022", "2.032", "2.084", "2.098"):
        assert f'id="record-1-{tag}" class="marked"' in page and f'href="#record-1-{tag}"' in page
    rules = set(HREF.findall(page))
    assert len(rules) == 4
    for path, anchor in rules:
        assert f'id="{anchor}"' in client.get(path).text
    assert client.get("/check/example.an2").content == example_file()


def test_every_rule_that_a_finding_names_has_an_address(client: TestClient) -> None:
    if not (SAMPLES / "transactions").is_dir():
        pytest.skip("the samples are not beside this checkout")
    files = [path for path in sorted((SAMPLES / "transactions").rglob("*")) if path.is_file()]
    pages: dict[str, str] = {}
    judged = 0
    for number, path in enumerate(files):
        data = path.read_bytes()
        if len(data) > LARGE_BODY_BYTES:
            continue
        page = unescape(drop(client, data, profile=packaged_tables()[number % len(packaged_tables())]).text)
        judged += 1
        for address, anchor in set(HREF.findall(page)):
            pages.setdefault(address, client.get(address).text)
            assert f'id="{anchor}"' in pages[address], (path.name, anchor)
        for anchor in set(re.findall(r'href="#(record-[^"]+)"', page)):
            assert f'id="{anchor}"' in page, (path.name, anchor)
    assert judged > 70


def test_a_file_is_held_in_memory_alone(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", lambda _: pytest.fail("the file goes to a disk"))
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda *_, **__: pytest.fail("the file goes to a disk"))
    large = example_file() + b"\0" * 3_000_000
    assert "3290665 bytes" in text_of(drop(client, large).text)


def test_a_file_comes_back_without_its_person(client: TestClient) -> None:
    answer = drop(client, example_file(), do="redact")
    assert answer.headers["content-disposition"] == 'attachment; filename="redacted.an2"'
    before, after = records.read(example_file()), records.read(answer.content, strict=True)
    assert [(r.type, r.idc) for r in after.records] == [(r.type, r.idc) for r in before.records]
    assert b"EXAMPLE PERSON" not in answer.content and BOOKING.nam not in answer.text
    images = zip(before.images(), after.images(), strict=True)
    assert all((a.fgp, a.width, a.height) == (b.fgp, b.width, b.height) and a.data != b.data for a, b in images)


def test_markup_in_a_file_is_text(client: TestClient) -> None:
    data = example_file().replace(b"SAMPLESON,EXAMPLE PERSON", b"<script>x</script>,<b>AAA")
    page = drop(client, data, name="<img src=x onerror=y>.an2").text
    assert "<script>x" not in page and "&lt;script&gt;x&lt;/script&gt;,&lt;b&gt;AAA" in page and "onerror" not in page


@pytest.mark.parametrize("data", [b"\0" * 100_000, b"\x1c" * 100_000, b"1.001:9\x1d" + b"\x1d1.9:" * 50_000, b"GIF89a"])
def test_any_bytes_get_a_page(client: TestClient, data: bytes) -> None:
    page = drop(client, data).text
    assert "What is wrong" in page and len(page) < 3_000_000


def test_a_page_of_a_hostile_file_stays_small_and_says_what_it_leaves_out(client: TestClient) -> None:
    fields = [TaggedRecord(2, dict.fromkeys(range(3, 900), "<" * 500)) for _ in range(30)]
    data = records.write({2: "0300", 4: "CAR", 9: "T"}, fields)
    assert len(data) < LARGE_BODY_BYTES
    page = drop(client, data).text
    assert len(page) < 6_000_000
    assert "more fields are not shown here" in text_of(page)
    anchors = set(re.findall(r' id="(record-[^"]+)"', page))
    assert set(re.findall(r'href="#(record-[^"]+)"', page)) <= anchors


def test_no_file_and_an_empty_one_are_told_what_to_do(client: TestClient) -> None:
    assert "FILE_EMPTY" in drop(client, b"", 422).text
    assert "FILE_EMPTY" in client.post("/check", files={"other": ("x", b"x")}).text
    assert "no Type-1 record" in text_of(drop(client, b"no such file", 422, do="redact").text)


def test_a_profile_is_a_name_and_no_path(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "mine"')
    for name in (str(tmp_path / "mine.toml"), "../profiles/ebts-8.001", "ebts-11.3"):
        assert "PROFILE_UNKNOWN" in drop(client, example_file(), 400, profile=name).text
    assert client.get("/check/rules/ebts-11.3").status_code == 404


def test_what_is_not_the_desks_form_is_refused(client: TestClient, network: Rig) -> None:
    assert client.post("/check", data={"do": "check"}).status_code == 415
    assert client.post("/check", content=b"no parts", headers=UPLOAD).status_code == 400
    assert client.post("/check", content=b"x", headers={"content-type": "multipart/form-data"}).status_code == 400
    many = client.post("/check", files={"file": ("x", b"x")}, data={f"n{n}": "x" for n in range(20)})
    assert many.status_code == 400
    sound = b"--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n1.001:9\x1d\r\n--x--\r\n"
    for cut in (sound[:-6], sound[:-60], sound + b"more"):
        assert client.post("/check", content=cut, headers=UPLOAD).status_code == 400
    in_capitals = {"content-type": "Multipart/Form-Data; boundary=x"}
    assert client.post("/check", content=sound, headers=in_capitals).status_code == 200
    two = client.post("/check", files=[("file", ("x", b"x")), ("file", ("y", b"y"))])
    assert two.status_code == 400
    stranger = TestClient(console(network), base_url=SITE, headers={"origin": "http://elsewhere.example"})
    assert stranger.post("/check", files={"file": ("x", example_file())}).status_code == 403


@pytest.mark.parametrize("charset", ["punycode", "undefined", "idna", "utf-16"])
def test_nobody_chooses_what_decodes_the_form(client: TestClient, charset: str) -> None:
    head = b"--x\r\nContent-Disposition: form-data; name=profile\r\n\r\nitl-2011"
    part = b"\r\n--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n" + example_file()
    headers = {"content-type": f"multipart/form-data; boundary=x; charset={charset}"}
    answer = client.post("/check", content=head + part + b"\r\n--x--\r\n", headers=headers)
    assert answer.status_code == 200 and "by itl-2011" in text_of(answer.text)
    long = head + b"a" * 2_000 + part + b"\r\n--x--\r\n"
    assert client.post("/check", content=long, headers=UPLOAD).status_code == 400


def test_images_that_would_be_too_large_together_are_not_decoded(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (4_000, 4_000)).save(out, "PNG")
    fields = {3: "1", 4: "X", 5: "20101004", 6: "4000", 7: "4000", 8: "1", 9: "500", 10: "500", 11: "PNG", 12: "24"}
    data = records.write({4: "CAR", 9: "T"}, [TaggedRecord(14, fields | {13: "1"}, out.getvalue())] * 8)
    decoded = []
    whole = file_check._thumbnail
    monkeypatch.setattr(file_check, "_thumbnail", lambda *given: decoded.append(given) or whole(*given))
    page = drop(client, data).text
    assert len(decoded) == file_check.MAX_DECODED_BYTES // (4_000 * 4_000 * 3) == page.count("<img src")
    assert page.count("not too large together") == 8 - len(decoded)


def test_requests_of_strangers_keep_no_place_while_they_are_thrown_away() -> None:
    taken, go_on = [], asyncio.Event()

    async def app(scope, receive, send) -> None:
        taken.append(scope["path"])
        await Response("taken")(scope, receive, send)

    async def slow() -> dict[str, object]:
        await go_on.wait()
        return {"type": "http.request", "body": b"x", "more_body": False}

    async def short() -> dict[str, object]:
        return {"type": "http.request", "body": b"x", "more_body": False}

    async def ask(guard: Guard, origin: str, receive) -> int:
        statuses = []

        async def send(message) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        headers = [(b"host", b"127.0.0.1:8765"), (b"origin", origin.encode()), (b"content-length", b"9000000")]
        scope = {"type": "http", "method": "POST", "path": "/check", "headers": headers}
        await guard(scope, receive, send)
        return statuses[0]

    async def all_of_it() -> list[int]:
        guard = Guard(app, lambda status, said: Response(said, status), large=frozenset({"/check"}))
        strangers = [asyncio.create_task(ask(guard, "http://elsewhere.example", slow)) for _ in range(8)]
        await asyncio.sleep(0)
        mine = await ask(guard, SITE, short)
        go_on.set()
        return [mine, *await asyncio.gather(*strangers)]

    assert asyncio.run(all_of_it()) == [200, *[403] * 8]
    assert taken == ["/check"]


def test_a_file_that_is_too_large_is_refused_and_one_that_just_fits_is_not(client: TestClient) -> None:
    assert drop(client, b"\0" * (LARGE_BODY_BYTES + 1), 413)
    drop(client, b"\0" * (LARGE_BODY_BYTES - 1_000))
    elsewhere = client.post("/sign-in", content=b"x" * 100_000)
    assert elsewhere.status_code == 413


def test_only_some_files_are_looked_at_at_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go_on = threading.Semaphore(0), threading.Event()
    whole = file_check.check

    def slow(*given):
        inside.release()
        assert go_on.wait(30)
        return whole(*given)

    monkeypatch.setattr(file_check, "check", slow)
    threads = [threading.Thread(target=drop, args=(client, example_file())) for _ in range(PLACES)]
    for thread in threads:
        thread.start()
    assert all(inside.acquire(timeout=30) for _ in threads)
    assert "DESK_BUSY" in drop(client, example_file(), 503).text
    assert client.get("/check").status_code == 200
    go_on.set()
    for thread in threads:
        thread.join()
    drop(client, example_file())
    assert PLACES < MAX_LARGE_BODIES


def test_nothing_of_a_file_is_logged(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    drop(client, example_file(), name="SAMPLESON.an2")
    drop(client, example_file(), 400, profile="SAMPLESON")
    drop(client, b"SAMPLESON", 422, do="redact")
    assert "SAMPLESON" not in caplog.text and BOOKING.tcn not in caplog.text
