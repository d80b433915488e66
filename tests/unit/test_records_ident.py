"""The IDENT data response: canonical, strict, and unable to call an incomplete search a no."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tenprint.core.canonical import canonical_json
from tenprint.core.errors import RecordError
from tenprint.records import ExaminerFinding, IdentDataResponse, RepositoryState

MATCH = IdentDataResponse(
    tcn="IDR-1", tcr="SEARCH-1", result=RepositoryState.MATCH, subject_id="S-1", encounter_id="E-1", fin="1000001",
    a_number="A000000001", finding=ExaminerFinding.IDENTIFICATION, examiner="E EXAMINER",
    names=("SAMPLESON,PERSON", "ÉCHANTILLON,P"), candidates_considered=3, shards_answered=2, shards_total=2,
)  # fmt: skip
NO_MATCH = IdentDataResponse(tcn="IDR-2", tcr="SEARCH-1", result=RepositoryState.NO_MATCH, candidates_considered=1)


def test_every_result_survives_the_way_there_and_back() -> None:
    for response in (
        MATCH,
        NO_MATCH,
        *(replace(NO_MATCH, result=s) for s in (RepositoryState.PENDING, RepositoryState.ERROR)),
        replace(NO_MATCH, result=RepositoryState.PARTIAL, shards_answered=1, shards_total=4),
    ):
        again = IdentDataResponse.from_bytes(response.to_bytes())
        assert again == response
        assert again.result is response.result
        assert again.finding is response.finding


@pytest.mark.parametrize(
    ("base", "change", "code"),
    [
        (MATCH, {"subject_id": ""}, "E0006"), (NO_MATCH, {"subject_id": "S-1"}, "E0006"),
        (NO_MATCH, {"fin": "1"}, "E0006"), (NO_MATCH, {"names": ("X",)}, "E0006"),
        (MATCH, {"finding": ExaminerFinding.EXCLUSION}, "E0006"), (NO_MATCH, {"shards_total": 2}, "E0006"),
        (NO_MATCH, {"shards_answered": 2}, "E0006"), (NO_MATCH, {"result": RepositoryState.NOT_ASKED}, "E0002"),
        (NO_MATCH, {"result": "perhaps"}, "E0002"), (NO_MATCH, {"tcn": ""}, "E0002"),
        (NO_MATCH, {"candidates_considered": -1}, "E0002"), (NO_MATCH, {"candidates_considered": True}, "E0002"),
        (NO_MATCH, {"text": "a\nb"}, "E0002"), (MATCH, {"names": ("\ud800",)}, "E0002"),
    ],
)  # fmt: skip
def test_an_answer_that_contradicts_itself_cannot_exist(
    base: IdentDataResponse, change: dict[str, object], code: str
) -> None:
    with pytest.raises(RecordError) as refused:
        replace(base, **change)  # type: ignore[arg-type]
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "E0004"), (b"[]", "E0004"), (b"{}", "E0004"), (b"\xff", "E0004"), (b"[" * 60_000, "E0004"),
        (b"1" * 60_000, "E0004"), (b" " * 70_000, "E0004"), (MATCH.to_bytes() + b" ", "E0004"),
        (json.dumps(json.loads(MATCH.to_bytes()), indent=1).encode(), "E0004"),
        (MATCH.to_bytes().replace(b'"version":1', b'"version":2'), "E0004"),
        (MATCH.to_bytes().replace(b'"shards_total":2', b'"shards_total":2.0'), "E0005"),
        (MATCH.to_bytes().replace(b'"text":""', b'"text":null'), "E0002"),
        (canonical_json({**json.loads(MATCH.to_bytes()), "extra": 1}), "E0005"),
        (canonical_json({**json.loads(MATCH.to_bytes()), "names": "X"}), "E0005"),
        (canonical_json({**json.loads(MATCH.to_bytes()), "names": [1]}), "E0002"),
        (canonical_json({**json.loads(MATCH.to_bytes()), "result": ["match"]}), "E0002"),
    ],
)  # fmt: skip
def test_other_bytes_are_refused_with_a_code(data: bytes, code: str) -> None:
    with pytest.raises(RecordError) as refused:
        IdentDataResponse.from_bytes(data)
    assert refused.value.code == code


def test_the_record_says_that_it_is_not_the_real_schema_and_its_repr_shows_no_name() -> None:
    assert json.loads(MATCH.to_bytes())["like"] == "IXM-like; not the DHS IXM schema"
    assert "SAMPLESON" not in repr(MATCH)
