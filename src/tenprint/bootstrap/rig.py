"""Putting a rig together: its engine, its data directory, its folder, its certificate."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tenprint.adapters import certificates
from tenprint.adapters.rig_data import CERTIFICATE, KEY, RigData
from tenprint.adapters.rig_folder import RigFolder
from tenprint.core.chance import SystemRandomSource
from tenprint.core.errors import SenderError
from tenprint.records.itl.validation import load_profile
from tenprint.studies.rig_plays import read_plays
from tenprint.studies.rig_session import Rig, Settings


@dataclass(frozen=True)
class RigWanted:
    """What a rig is to be.

    Args:
        role: ``state_bureau`` or ``criminal_repository``. profile: name or path. scenarios: the file's bytes.
        ori, seed, plays_anyway: as in `studies.rig_session.Settings`.
    """

    role: str
    profile: str = "ebts-8.001"
    scenarios: bytes = b""
    ori: str = ""
    seed: int = 1
    plays_anyway: bool = False


@dataclass(frozen=True)
class RigSeat:
    """A rig that is ready to be served.

    Args:
        rig: the engine. data: its directory.
    """

    rig: Rig
    data: RigData

    def token(self) -> str:
        """Return what the client must say to be let in."""
        return self.data.token(SystemRandomSource().token(24).hex())

    def certificate(self) -> Path:
        """Return the certificate that a client is to trust; one is made for a new rig."""
        certificate = self.data.folder / CERTIFICATE
        if not certificate.exists():
            certificates.write_certificate("tenprint rig", certificate, self.data.folder / KEY)
        return certificate

    def tls(self) -> ssl.SSLContext:
        """Return the TLS settings of the rig's door."""
        return certificates.server_context(self.certificate(), self.data.folder / KEY)

    def folder(self, folder: Path) -> RigFolder:
        """Return the folder as a way in."""
        return RigFolder(folder, self.rig)


@contextmanager
def open_rig(folder: Path, wanted: RigWanted | None = None) -> Iterator[RigSeat]:
    """Open a rig with its data; one that was killed goes on.

    Args:
        folder: its data directory.
        wanted: what it is to be; None for what it was before.

    Raises:
        SenderError: ``RIG_NONE``, ``RIG_OTHER``, ``RIG_SCENARIOS``, or the profile cannot be used.
        StorageError: the data cannot be read or written, or another process holds them.
    """
    if wanted is None and not (folder / "rig.json").exists():
        raise SenderError("RIG_NONE", f"there is no rig in {folder}", hint="begin one with tenprint rig serve")
    plays = read_plays(wanted.scenarios) if wanted else None
    table = load_profile(wanted.profile) if wanted else None
    data = RigData(folder)
    try:
        if wanted is not None:
            data.begin({name: value for name, value in vars(wanted).items() if name != "scenarios"}, wanted.scenarios)
        told = data.told() or {}
        settings = Settings(
            told["role"], table or load_profile(told["profile"]), plays or read_plays(data.scenarios()), told["ori"],
            told["seed"], told["plays_anyway"],
        )  # fmt: skip
        yield RigSeat(Rig(settings, data), data)
    finally:
        data.close()
