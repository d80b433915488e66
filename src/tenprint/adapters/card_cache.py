"""A folder of rendered cards, kept by what they were made from; like the template cache it may be deleted any time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import make_folders, write_whole
from tenprint.adapters.templates import TemplateCache
from tenprint.core.template import Template


class CardCache:
    """Files under ``root/KEY/NAME``, and the templates of their images.

    Args:
        root: folder; created at the first `put`.
        templates: where templates go, shared with the networks that use the cards.
    """

    def __init__(self, root: Path, templates: TemplateCache) -> None:
        self._root, self._templates = root, templates

    def get(self, key: str, names: Iterable[str]) -> dict[str, bytes] | None:
        """Return the files of a key, or None unless all are there.

        Raises:
            StorageError: a code of `faults`.
        """
        paths = {name: self._root / key / name for name in names}
        with storage_faults("reading the card cache"):
            if not all(path.is_file() for path in paths.values()):
                return None
            return {name: path.read_bytes() for name, path in paths.items()}

    def put(self, key: str, files: Mapping[str, bytes]) -> None:
        """Keep files under a key, each whole or absent.

        Raises:
            StorageError: a code of `faults`.
        """
        folder = self._root / key
        with storage_faults("writing the card cache"):
            make_folders(folder)
            for name, data in files.items():
                # What can be made again need not wait for the disk.
                write_whole(folder / name, data, durable=False)

    def put_template(self, digest: str, template: bytes) -> None:
        """Keep the template of the image with this digest.

        Raises:
            StorageError: a code of `faults`.
        """
        self._templates.put(digest, Template.from_bytes(template))
