"""The examiner's page: blind before the first finding, all of it after; prints for those with a right to them only."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from console_rig import Desktop, at, console, house_of, sizes, task_path, text_of
from exchange_rig import Rig, WordMatcher, rigs
from PIL import Image
from viewer_rig import ALL_IDENTIFIED, EXAMINERS, SIDE, examined, image_of, seen_card

from tenprint import records
from tenprint.adapters.matcher import Extractor, LocalMatcher
from tenprint.adapters.templates import TemplateCache
from tenprint.core.errors import EngineError, RecordError
from tenprint.core.fingers import FingerPosition
from tenprint.core.image import FingerImage
from tenprint.engine.compare import compare
from tenprint.exchange import dispatch
from tenprint.exchange.model.words import Role, TaskKind
from tenprint.synth.population import background
from tenprint.web.desk import Desk
from tenprint.web.prints import Lightbox
from tenprint.web.sessions import Session

pytestmark = pytest.mark.slow

BROKEN = 2
HINTS = ("likeness", "rank", "threshold", "pairing", "data-open", "Minutiae", "SAMPLESON", "1980", "72.0", "100.0")


def prints(path: str) -> str:
    return path.replace("/tasks/", "/prints/")


@pytest.fixture(scope="module")
def seen() -> Iterator[tuple[Rig, str]]:
    """A network in which an examination waits; for tests that change nothing but who looked."""
    with rigs() as make:
        rig = make()
        yield rig, examined(rig, broken=BROKEN)[1]


def test_before_the_first_finding_the_page_holds_prints_and_no_hint(seen: tuple[Rig, str]) -> None:
    rig, path = seen
    page = at(rig, EXAMINERS).get(path)
    assert page.count("-small.png") == 20 and 'id="viewer"' in page
    without_statement = re.sub(r'<p class="statement">.*?</p>', "", page)
    without_words = without_statement.replace("The order comes from the images alone, not from how alike they are.", "")
    assert [hint for hint in HINTS if hint.lower() in without_words.lower()] == []
    assert "checked" not in page


def test_overlay_and_score_are_refused_until_the_own_first_finding(rig: Rig) -> None:
    _, path = examined(rig)
    ann, bea = (at(rig, EXAMINERS, name) for name in ("ANN FIRST", "BEA OTHER"))
    ann.get(path)
    for address in ("pairing.json", "pairing"):
        refused = ann.get(f"{prints(path)}/1/3/{address}", 403)
        assert "kept back" in refused and "points" not in refused
    ann.get(path)
    ann.post(path, answer="identification", reason="ridges agree", **ALL_IDENTIFIED)
    said = ann.client.get(f"{prints(path)}/1/3/pairing.json").json()
    assert len(said["probe"]["minutiae"]) == len(said["candidate"]["minutiae"]) == len(said["pairs"]) == 12
    assert set(said["probe"]["minutiae"][0]) == {"x", "y", "angle", "kind", "quality"}
    assert said["probe"]["minutiae"][0]["kind"] == "ending"
    assert "120.0" in text_of(ann.get(f"{prints(path)}/1/3/pairing"))
    page = ann.get(path)
    assert "data-open" in page and "rank 1" in text_of(page) and "likeness 10.0" in text_of(page)
    assert "kept back" in bea.get(f"{prints(path)}/1/3/pairing.json", 403)


def test_a_picture_is_the_evidence_exactly_and_checked_at_every_use(seen: tuple[Rig, str]) -> None:
    rig, path = seen
    examiner = at(rig, EXAMINERS)
    examiner.get(path)
    address = f"{prints(path)}/probe/3.png"
    answer = examiner.client.get(address)
    assert answer.headers["content-type"] == "image/png" and answer.headers["cache-control"] == "private, no-cache"
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert np.asarray(picture).tobytes() == image_of("P7", 3).data
        assert picture.info["dpi"] == pytest.approx((500, 500), abs=0.1)
    tag = {"if-none-match": answer.headers["etag"]}
    assert examiner.client.get(address, headers=tag).status_code == 304
    small = examiner.client.get(f"{prints(path)}/1/3-small.png")
    with Image.open(io.BytesIO(small.content)) as picture:
        assert picture.size == (SIDE // 4, SIDE // 4)
    examiner.get("/queue")
    examiner.post("/sign-out")
    assert examiner.client.get(address, headers=tag).status_code == 401


@pytest.mark.parametrize("rest", ["probe/3.png", "1/3.png", "1/3/pairing.json", "1/3/pairing"])
def test_prints_are_for_examiners_of_the_own_party_with_a_session(seen: tuple[Rig, str], rest: str) -> None:
    rig, path = seen
    before = sizes(rig)
    at(rig, Role.FIELD_OFFICE).get(f"{prints(path)}/{rest}", 403)
    Desktop(console(rig)).get(f"{prints(path)}/{rest}", 401)
    assert sizes(rig) == before


@pytest.mark.parametrize(
    "rest",
    [
        "probe/0.png", "probe/11.png", "probe/3.jpg", "probe/03.png", "2/3.png", "0/3.png", "-1/3.png", "x/3.png",
        "²/3.png", "probe/..%2f3.png", "1/99/pairing.json", "1/x/pairing",
    ],
)  # fmt: skip
def test_what_is_no_print_of_this_task_is_not_found(seen: tuple[Rig, str], rest: str) -> None:
    rig, path = seen
    assert at(rig, EXAMINERS).client.get(f"{prints(path)}/{rest}").status_code in (404, 403)
    at(rig, EXAMINERS).get(f"/prints/task-unknown/{rest}", 404)


def test_a_task_of_another_kind_shows_no_prints(rig: Rig) -> None:
    rig.until_examined()
    (task,) = rig.tasks(Role.SUPPORT_CENTER)
    at(rig, Role.SUPPORT_CENTER).get(f"/prints/{task.id}/probe/1.png", 403)


def test_a_damaged_image_gets_a_sentence_and_the_others_are_shown(seen: tuple[Rig, str]) -> None:
    rig, path = seen
    examiner = at(rig, EXAMINERS)
    examiner.get(path)
    said = text_of(examiner.get(f"{prints(path)}/probe/{BROKEN}.png", 422))
    assert "This image cannot be shown" in said and "IMAGE_SIZE" in said
    assert examiner.client.get(f"{prints(path)}/1/{BROKEN}.png").status_code == 200


def test_a_candidate_without_files_is_said_to_have_none_and_nothing_is_asked_by_finger(rig: Rig) -> None:
    rig.known_to_immigration("P7")
    dispatch.enrol(rig.nodes[EXAMINERS], "FIN-OTHER", seen_card("P8", tcn="TCN-2009-OTHER"))
    rig.matcher(EXAMINERS).enroll(
        "FIN-P7", rig.matcher(EXAMINERS).extract([image_of("P7", n) for n in (1, 2)]).templates
    )
    path = task_path(rig, EXAMINERS, TaskKind.EXAMINE, rig.book(seen_card("P7")))
    examiner = at(rig, EXAMINERS)
    page = examiner.get(path)
    assert page.count("Candidate: no image on file for this finger") >= 10 and 'name="finger_' not in page
    assert "no image on file" in examiner.get(f"{prints(path)}/1/1.png", 404)
    examiner.get(path)
    examiner.post(path, answer="inconclusive", reason="no image to compare with")


def test_every_finger_with_two_images_is_asked_and_none_may_be_left_out(rig: Rig) -> None:
    _, path = examined(rig)
    examiner = at(rig, EXAMINERS)
    page = examiner.get(path)
    assert len(re.findall(r'name="finger_\d+" value="identification" required', page)) == 10
    before = sizes(rig)
    fingers = ALL_IDENTIFIED | {"finger_4": ""}
    said = text_of(examiner.post(path, 422, answer="identification", reason="x", **fingers))
    assert "FINGER_FINDING_MISSING" in said and "right ring" in said and "Next: Go through the fingers" in said
    assert "FINGER_FINDING_MISSING" in examiner.post(
        path, 422, answer="inconclusive", reason="x", **dict.fromkeys(ALL_IDENTIFIED, "not_compared")
    )
    contradicts = ALL_IDENTIFIED | {"finger_4": "exclusion"}
    page = examiner.post(path, 422, answer="identification", reason="x", **contradicts)
    assert "FINDING_CONTRADICTS" in page and page.count("checked") == 11
    assert "FINGER_FINDING_UNKNOWN" in examiner.post(
        path, 422, answer="identification", reason="x", **ALL_IDENTIFIED | {"finger_4": "likely"}
    )
    assert sizes(rig) == before
    examiner.post(path, answer="identification", reason="ridges agree", **ALL_IDENTIFIED | {"finger_4": "not_compared"})


def test_both_findings_stay_on_record_and_the_first_one_stands_beside_the_closing_form(rig: Rig) -> None:
    case_id, path = examined(rig)
    examiner = at(rig, EXAMINERS, "ANN FIRST")
    examiner.get(path)
    examiner.post(path, answer="identification", reason="ridges agree", **ALL_IDENTIFIED | {"finger_9": "not_compared"})
    page = examiner.get(path)
    said = text_of(page)
    assert "First finding: Identification By ANN FIRST, 4 October 2010" in said and "Reason: ridges agree" in said
    assert "Left ring (first finding: Not compared)" in said and "checked" not in page
    assert "FINDING_CONTRADICTS" in examiner.post(path, 422, answer="exclusion", reason="on a second look")
    changed = dict.fromkeys(ALL_IDENTIFIED, "exclusion")
    examiner.post(path, answer="exclusion", reason="on a second look", **changed)
    said = text_of(examiner.get(path))
    assert "First finding: Identification" in said and "Finding 2: Exclusion" in said and "on a second look" in said
    rows = rig.entries(EXAMINERS, "task_answered")
    assert [row["outcome"] for row in rows] == ["identification", "exclusion"]
    assert rig.task(EXAMINERS, TaskKind.EXAMINE, case_id).answer == "exclusion"


def test_a_kept_finding_needs_no_finger_again(rig: Rig) -> None:
    case_id, path = examined(rig)
    examiner = at(rig, EXAMINERS)
    examiner.get(path)
    examiner.post(path, answer="identification", reason="ridges agree", **ALL_IDENTIFIED)
    examiner.get(path)
    examiner.post(path, answer="identification", reason="kept", finger_1="")
    assert not rig.task(EXAMINERS, TaskKind.EXAMINE, case_id).is_open


def test_a_colleague_sees_no_finding_before_an_own_one_and_both_may_close_after(rig: Rig) -> None:
    case_id, path = examined(rig)
    ann, bea = (at(rig, EXAMINERS, name) for name in ("ANN FIRST", "BEA OTHER"))
    ann.get(path)
    ann.post(path, answer="identification", reason="ann saw ridges", **ALL_IDENTIFIED)
    assert "ann saw ridges" not in bea.get(path) and "ANN FIRST" not in bea.page
    bea.post(path, answer="inconclusive", reason="bea doubts", **dict.fromkeys(ALL_IDENTIFIED, "inconclusive"))
    assert "ann saw ridges" in bea.get(path) and "bea doubts" in ann.get(path)
    assert "Your closing finding" in ann.page
    ann.post(path, answer="identification", reason="still")
    assert not rig.task(EXAMINERS, TaskKind.EXAMINE, case_id).is_open


def test_a_second_examiner_gets_neither_pairing_nor_findings_of_the_first_ones_task(rig: Rig) -> None:
    case_id, first = examined(rig)
    dispatch.decide_task(
        rig.nodes[EXAMINERS], first.removeprefix("/tasks/"), answer="inconclusive", reason="cannot tell", by="ANN FIRST"
    )
    rig.run()
    second = task_path(rig, EXAMINERS, TaskKind.EXAMINE_SECOND, case_id)
    bea = at(rig, EXAMINERS, "BEA SECOND")
    for address in (first, f"{prints(first)}/1/3/pairing.json", f"{prints(first)}/probe/3.png"):
        assert "kept back" in bea.get(address, 403)
    page = bea.get(second)
    assert page.count("-small.png") == 20 and "cannot tell" not in page
    bea.get(f"{prints(second)}/1/3/pairing.json", 403)
    bea.get(second)
    bea.post(second, answer="identification", reason="ridges agree", **ALL_IDENTIFIED)
    assert "rank 1" in text_of(bea.get(second)) and "cannot tell" in bea.get(first)


def test_with_two_candidates_the_fingers_of_the_chosen_one_are_asked(rig: Rig) -> None:
    _, path = examined(rig, "FIN-B", "FIN-A")
    examiner = at(rig, EXAMINERS)
    page = examiner.get(path)
    assert page.index("Candidate 1 of 2: record FIN-A") < page.index("Candidate 2 of 2: record FIN-B")
    assert "FINGER_FINDING_MISSING" in examiner.post(path, 422, candidate="FIN-B", answer="identification", reason="x")
    assert "CANDIDATE_UNKNOWN" in examiner.post(path, 422, candidate="FIN-C", answer="identification", reason="x")
    examiner.post(path, candidate="FIN-B", answer="identification", reason="x", **ALL_IDENTIFIED)
    assert "about record FIN-B" in examiner.get(path)


def test_a_look_is_written_down_once_whether_at_the_page_or_at_the_prints_alone(seen: tuple[Rig, str]) -> None:
    rig, path = seen
    for name, first in (("LOU PAGE", path), ("LOU PRINTS", f"{prints(path)}/probe/1.png")):
        examiner = at(rig, EXAMINERS, name)
        for address in (first, f"{prints(path)}/probe/1.png", f"{prints(path)}/1/1.png"):
            assert examiner.client.get(address).status_code == 200
        looks = [row for row in rig.entries(EXAMINERS, "looked_at") if row["person"] == name]
        assert [(row["task"], row["person"]) for row in looks] == [(path.removeprefix("/tasks/"), name)]


def test_the_best_pair_stands_first_by_quality_whatever_its_score(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    known = WordMatcher.remembered
    worth = {3: 90, 7: 95, 1: 10}

    def remembered(self: WordMatcher, image: records.EncodedImage):
        template = known(self, image)
        return template and replace(template, overall_quality=worth.get(int(image.fgp), 50))

    monkeypatch.setattr(WordMatcher, "remembered", remembered)
    _, path = examined(rig)
    order = re.findall(r'<a href="#c1-f\d+" data-finger="(\d+)"', at(rig, EXAMINERS).get(path))
    assert order == ["7", "3", "2", "4", "5", "6", "8", "9", "10", "1"]


def test_nothing_is_decoded_while_the_network_is_held(seen: tuple[Rig, str]) -> None:
    rig, path = seen
    desk = Desk(house_of(rig), tells_whole_story=True)
    decoded = []

    def decode(image: records.EncodedImage) -> FingerImage:
        with desk.at_work():
            decoded.append(image.digest)
        return FingerImage(np.full((SIDE, SIDE), 200, np.uint8))

    seat = Session("token", "csrf", 0.0, 0.0, str(EXAMINERS), "SAM OFFICIAL", role="examiner")
    lightbox = Lightbox(desk, decode)
    task_id = path.removeprefix("/tasks/")
    pictures = [lightbox.picture(seat, task_id, "probe", 3, is_small=False) for _ in range(3)]
    assert len({picture.png for picture in pictures}) == 1 and decoded == [pictures[0].digest]


def test_a_file_that_cannot_be_read_any_more_is_said_on_the_page(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    _, path = examined(rig)

    def gone(self: object, digest: str) -> bytes:
        raise RecordError("STORE_BLOB_DAMAGED", "a file is damaged")

    monkeypatch.setattr(type(rig.nodes[EXAMINERS].store), "file", gone)
    examiner = at(rig, EXAMINERS)
    assert "a file is damaged (STORE_BLOB_DAMAGED)" in text_of(examiner.get(path))
    assert "STORE_BLOB_DAMAGED" in examiner.get(f"{prints(path)}/1/1.png", 422)


def test_a_matcher_pairs_as_the_engine_does_and_remembers_without_extracting(tmp_path) -> None:
    templates = [fingers[FingerPosition.RIGHT_INDEX] for _, fingers in background(2, 3)]
    images = [image_of("P1", 2), image_of("P2", 2)]
    runs = []

    class Known:
        def run(self, pixels: list[FingerImage]) -> list:
            runs.append(len(pixels))
            return [templates[0] if bytes(image.pixels[0, :2]) == b"P1" else templates[1] for image in pixels]

    def decode(image: records.EncodedImage) -> FingerImage:
        if image.compression != "NONE":
            raise RecordError("IMAGE_CODEC", "cannot be decoded")
        return FingerImage(np.frombuffer(image.data, np.uint8).reshape(SIDE, SIDE))

    matcher = LocalMatcher(Extractor(TemplateCache(tmp_path, "v"), decode, Known()), None)
    assert matcher.remembered(images[0]) is None and runs == []
    pairing = matcher.pairing(*images)
    expected = compare(*templates)
    assert (pairing.score, list(pairing.pairs)) == (expected.score, [tuple(pair) for pair in expected.pairs.tolist()])
    assert [row.name for row in pairing.rows] == [row.name for row in expected.rows()]
    assert matcher.remembered(images[0]).to_bytes() == templates[0].to_bytes() and sum(runs) == 2
    matcher.pairing(*images)
    assert sum(runs) == 2
    with pytest.raises(EngineError, match="IMAGE_CODEC"):
        matcher.pairing(images[0], replace(images[1], compression="JP2"))


def test_a_refused_form_shows_no_prints_without_a_look_on_the_ledger(rig: Rig) -> None:
    _, path = examined(rig)
    stranger = at(rig, EXAMINERS, "NEVER LOOKED")
    stranger.get("/queue")
    stranger.post(path, 422, form_id="bogus", answer="identification", reason="x")
    stranger.get("/queue")
    stranger.post(path, 422, form_id="bogus", answer="identification", reason="x")
    looks = rig.entries(EXAMINERS, "looked_at")
    assert [(row["task"], row["person"]) for row in looks] == [(path.removeprefix("/tasks/"), "NEVER LOOKED")]
