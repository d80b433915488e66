"""Templates kept by what they were made from: a cache that may be deleted at any time, and is never trusted blindly."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from tenprint.adapters.faults import storage_faults
from tenprint.adapters.files import write_whole
from tenprint.core.errors import EngineError
from tenprint.core.template import Template

SUFFIX = ".tpt"


class TemplateCache:
    """Template v1 files under ``root/version/ab/abcd….tpt``.

    Extraction is a pure function of image and extractor, so one cache serves all parties of a process: only who holds
    an image's bytes can name its template. A new extractor version has a folder of its own.

    Args:
        root: folder; created at the first `put`.
        version: extractor version, a file name; or how to ask for it, when asking means loading the engine.
    """

    def __init__(self, root: Path, version: str | Callable[[], str]) -> None:
        self._root = root
        self._version = version

    def get(self, digest: str) -> Template | None:
        """Return the template of the image with this digest, or None; a damaged file counts as none."""
        try:
            return Template.from_bytes(self._path(digest).read_bytes())
        except (FileNotFoundError, EngineError):
            return None
        except OSError:
            with storage_faults("reading the template cache"):
                raise

    def put(self, digest: str, template: Template) -> None:
        """Keep the template of the image with this digest, replacing any other.

        Raises:
            StorageError: a code of `faults`.
        """
        path = self._path(digest)
        with storage_faults("writing the template cache"):
            path.parent.mkdir(parents=True, exist_ok=True)
            # What can be computed again need not wait for the disk.
            write_whole(path, template.to_bytes(), durable=False)

    def forget(self, digest: str) -> None:
        """Remove the template of the image with this digest, of every extractor version.

        Raises:
            StorageError: a code of `faults`.
        """
        with storage_faults("removing from the template cache"):
            for path in self._root.glob(f"*/{digest[:2]}/{digest}{SUFFIX}"):
                path.unlink(missing_ok=True)

    @cached_property
    def _folder(self) -> Path:
        return self._root / (self._version if isinstance(self._version, str) else self._version())

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest}{SUFFIX}"
