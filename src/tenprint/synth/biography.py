"""The invented life behind a synthetic booking, in the fields and codes of EBTS 8.001 Appendix C."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tenprint.synth import tables

BOOKING_EPOCH = date(2010, 10, 4)
"""Ages are counted on this day: the demo's first."""
MAX_NAME_CHARS = 30


@dataclass(frozen=True)
class Charge:
    """One arrest charge.

    Args:
        code: NCIC offence code, four digits.
        literal: its words, for AOL.
        offense_date: YYYYMMDD.
    """

    code: str
    literal: str
    offense_date: str

    @property
    def is_traffic(self) -> bool:
        """Tell whether the code is of the traffic group (54xx)."""
        return self.code.startswith("54")


@dataclass(frozen=True)
class ImmigrationRecord:
    """What the immigration side's records truly say about a person it knows.

    Args:
        a_number: ``A`` and nine digits, from a range that is not given out (A000…).
        fin: fingerprint identification number, ten digits, likewise.
        status: one of the statuses of ARCHITECTURE section 7.
        legal_ground: why, in words.
    """

    a_number: str
    fin: str
    status: str
    legal_ground: str


@dataclass(frozen=True)
class Biography:
    """Descriptors of a person who does not exist. All text is upper case, within the lengths of EBTS 8.001.

    Args:
        name: NAM, ``SURNAME,GIVEN MIDDLE``, 3 to 30 characters.
        dob: YYYYMMDD.
        sex, race: SEX (M, F), RAC (A, B, I, U, W).
        height: HGT, feet and two digits of inches, 400 to 711.
        weight: WGT, pounds, three digits, 050 to 499.
        eyes, hair: EYE, HAI.
        birthplace: POB, state or country code.
        citizenship: CTZ, country code.
        charges: one or two.
        immigration: what the immigration repository has, or None when it does not know the person.
    """

    name: str
    dob: str
    sex: str
    race: str
    height: str
    weight: str
    eyes: str
    hair: str
    birthplace: str
    citizenship: str
    charges: tuple[Charge, ...]
    immigration: ImmigrationRecord | None

    @property
    def is_known(self) -> bool:
        """Tell whether the immigration repository knows the person."""
        return self.immigration is not None


def draw_biography(rng: np.random.Generator, known_share: float) -> Biography:
    """Return an invented person; `known_share` is the probability of being known to the immigration repository."""
    sex = "F" if rng.random() < 0.24 else "M"
    immigration = _draw_immigration(rng) if rng.random() < known_share else None
    birthplace, citizenship = _draw_origin(rng, immigration)
    inches = round(float(rng.normal(64.0 if sex == "F" else 69.3, 2.8)))
    pounds = float(np.clip(rng.normal(25.8, 3.8), 18, 42)) * inches**2 / 703
    age_days = int(np.clip(18 + rng.gamma(2.2, 6.5), 18, 75) * 365.25) + 3
    return Biography(
        name=_draw_name(rng, sex),
        dob=_wire_date(BOOKING_EPOCH - timedelta(days=age_days)),
        sex=sex,
        race=_pick(rng, tables.RACES),
        height=f"{inches // 12}{inches % 12:02d}",
        weight=f"{round(pounds):03d}",
        eyes=_pick(rng, tables.EYES),
        hair=_pick(rng, tables.HAIR),
        birthplace=birthplace,
        citizenship=citizenship,
        charges=_draw_charges(rng),
        immigration=immigration,
    )


def _draw_name(rng: np.random.Generator, sex: str) -> str:
    given = str(rng.choice(tables.GIVEN_NAMES_F if sex == "F" else tables.GIVEN_NAMES_M))
    name = f"{rng.choice(tables.SURNAMES)},{given} {rng.choice(tables.MIDDLE_NAMES)}"
    return name[:MAX_NAME_CHARS].rstrip()


def _draw_origin(rng: np.random.Generator, immigration: ImmigrationRecord | None) -> tuple[str, str]:
    """Return POB and CTZ. People whom the repository does not know are mostly, but not all, born in the country."""
    abroad = immigration is not None or rng.random() < 0.1
    if not abroad:
        return str(rng.choice(tables.US_STATES)), tables.UNITED_STATES
    country = _pick(rng, tables.FOREIGN_BIRTHPLACES)
    is_citizen = immigration is not None and immigration.status == "citizen"
    return country, tables.UNITED_STATES if is_citizen else country


def _draw_charges(rng: np.random.Generator) -> tuple[Charge, ...]:
    shares = np.array([share for _, _, share in tables.OFFENCES])
    count = 2 if rng.random() < 0.2 else 1
    day = _wire_date(BOOKING_EPOCH - timedelta(days=int(rng.integers(0, 3))))
    chosen = rng.choice(len(tables.OFFENCES), size=count, replace=False, p=shares / shares.sum())
    return tuple(Charge(tables.OFFENCES[i][0], tables.OFFENCES[i][1], day) for i in chosen)


def _draw_immigration(rng: np.random.Generator) -> ImmigrationRecord:
    status = _pick(rng, {name: share for name, (share, _) in tables.IMMIGRATION_STATUSES.items()})
    return ImmigrationRecord(
        a_number=f"A000{int(rng.integers(10**6)):06d}",
        fin=f"0000{int(rng.integers(10**6)):06d}",
        status=status,
        legal_ground=str(rng.choice(tables.IMMIGRATION_STATUSES[status][1])),
    )


def _pick(rng: np.random.Generator, shares: Mapping[str, float]) -> str:
    weights = np.array(list(shares.values()))
    return str(rng.choice(list(shares), p=weights / weights.sum()))


def _wire_date(day: date) -> str:
    return day.strftime("%Y%m%d")
