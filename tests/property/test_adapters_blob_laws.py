"""Laws of the blob folder and the body column."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tenprint.adapters.blobs import FileBlobs


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=2000), max_size=8))
def test_every_blob_put_is_got_back_by_another_reader(contents: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        digests = [FileBlobs(Path(folder)).put(data) for data in contents]
        assert [FileBlobs(Path(folder)).get(digest) for digest in digests] == contents
        assert len(set(digests)) == len(set(contents))
        assert not list(Path(folder).rglob("*.part"))
