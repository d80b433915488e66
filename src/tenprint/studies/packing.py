"""How small WSQ makes the images of a synthetic card, and what that costs them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from tenprint.core.errors import SenderError
from tenprint.core.fingers import PLAIN_SETS, SINGLE_FINGERS
from tenprint.core.image import FingerImage
from tenprint.records.itl.impressions import EncodedImage
from tenprint.synth.cards import render_card
from tenprint.synth.person import make_person

STUDY_SEED, OCCASION = 13, 1
"""Population of the packed card's person, and the occasion."""
TARGET_RATIO = 15.0
"""Compression that is aimed at: 0.75 bits a pixel."""
WHITE = 255.0


@dataclass(frozen=True)
class PackedImage:
    """One image.

    Args:
        ratio: bytes of raw pixels over bytes of the WSQ file.
        psnr_db: peak signal-to-noise ratio of the decoded image, infinite when it is the same.
    """

    ratio: float
    psnr_db: float


@dataclass(frozen=True)
class PackingFigures:
    """Means and ranges (least, largest) over `images` images."""

    images: int
    mean_ratio: float
    ratios: tuple[float, float]
    mean_psnr_db: float
    psnrs_db: tuple[float, float]


@dataclass(frozen=True)
class CardPacking:
    """The images of one card, by kind; `target_ratio` is what the encoder aims at."""

    target_ratio: float
    rolled: PackingFigures
    plain_sets: PackingFigures


Decode = Callable[[EncodedImage], FingerImage]
Encode = Callable[[FingerImage], EncodedImage]
IMAGES = 2 * (len(SINGLE_FINGERS) + len(PLAIN_SETS))
"""Steps of `measure_card`: each image is rendered and packed."""


def measure_card(decode: Decode, encode: Encode, on_progress: Callable[[int], None] = lambda done: None) -> CardPacking:
    """Render one card and return how small its images become.

    Args:
        decode, encode: the codec.
        on_progress: called with the number of steps done, of `IMAGES`.
    """
    card = render_card(make_person(STUDY_SEED, 0), OCCASION, lambda done, total: on_progress(done))
    packed = []
    for image in card.images():
        packed.append(pack(image, decode, encode))
        on_progress(IMAGES // 2 + len(packed))
    count = len(SINGLE_FINGERS)
    return CardPacking(TARGET_RATIO, summarise(packed[:count]), summarise(packed[count:]))


def pack(
    image: FingerImage,
    decode: Decode,
    encode: Encode,
) -> PackedImage:
    """Return what one round through the codec does to `image`."""
    packed = encode(image)
    off = decode(packed).pixels.astype(np.float64) - image.pixels
    error = float(np.mean(off**2))
    psnr = 10 * math.log10(WHITE**2 / error) if error else math.inf
    return PackedImage(image.pixels.size / len(packed.data), psnr)


def summarise(packed: Iterable[PackedImage]) -> PackingFigures:
    """Return means and ranges.

    Raises:
        SenderError: ``SYNTH_PRINTS`` when there is no image.
    """
    images = list(packed)
    if not images:
        raise SenderError("SYNTH_PRINTS", "no image was packed")
    ratios, psnrs = [image.ratio for image in images], [image.psnr_db for image in images]
    return PackingFigures(
        images=len(images),
        mean_ratio=statistics.fmean(ratios),
        ratios=(min(ratios), max(ratios)),
        mean_psnr_db=statistics.fmean(psnrs),
        psnrs_db=(min(psnrs), max(psnrs)),
    )
