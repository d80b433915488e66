"""How a finger lies on the platen: turn, shift and elastic skin, as a map of the plane and its inverse."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tenprint.synth.master import to_canvas
from tenprint.synth.parameters import ELASTIC, ContactParameters
from tenprint.synth.skeleton import Minutiae

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
_STEP_PX = 3.0
"""Length of the step along a minutia's direction by which the direction is carried over."""


@dataclass(frozen=True, eq=False)
class Placement:
    """Where and how the skin lies in an image.

    Args:
        width, height: image, px.
        origin_x, origin_y: where the finger's origin lies in the image, px.
        turn_rad: counter-clockwise turn of the finger as seen in the image.
        waves: shape (n, 5): displacement x and y (px), wave vector x and y (rad/px), phase.
        shear: displacement (px, finger frame) of the skin far from the sticking middle.
        torsion_rad: turn of the skin far from the sticking middle.
    """

    width: int
    height: int
    origin_x: float
    origin_y: float
    turn_rad: float
    waves: F64
    shear: tuple[float, float]
    torsion_rad: float

    def skin_points(self, x: F64, y: F64) -> tuple[F64, F64]:
        """Return the places on the skin (finger frame, px) that touch the image at `x`, `y` (px, y downwards)."""
        u, v = self._unturned(x, y)
        shift_u, shift_v = self._displacement(u, v)
        return u + shift_u, v + shift_v

    def flat_points(self, x: F64, y: F64) -> tuple[F64, F64]:
        """Return image points in the finger frame before the skin gives way: for outlines."""
        return self._unturned(x, y)

    def image_points(self, skin_x: F64, skin_y: F64) -> tuple[F64, F64]:
        """Return image px of places on the skin: the inverse of `skin_points`, by fixed-point iteration."""
        u, v = skin_x.copy(), skin_y.copy()
        for _ in range(ELASTIC.inversion_rounds):
            shift_u, shift_v = self._displacement(u, v)
            u, v = skin_x - shift_u, skin_y - shift_v
        cos, sin = math.cos(self.turn_rad), math.sin(self.turn_rad)
        return self.origin_x + u * cos - v * sin, self.origin_y - (u * sin + v * cos)

    def sampling_maps(self) -> tuple[F32, F32]:
        """Return for each image pixel the master canvas px to look at, two arrays of shape (height, width)."""
        x, y = self.grid()
        canvas_x, canvas_y = to_canvas(*self.skin_points(x, y))
        return self.enlarge(canvas_x), self.enlarge(canvas_y)

    def grid(self) -> tuple[F64, F64]:
        """Return the coarse grid of image points, every ``ELASTIC.grid_px``, on which smooth fields are computed."""
        step = ELASTIC.grid_px
        rows, columns = -(-self.height // step) + 1, -(-self.width // step) + 1
        y, x = np.mgrid[0:rows, 0:columns].astype(np.float64) * step
        return x, y

    def enlarge(self, coarse: F64) -> F32:
        """Interpolate a field given on `grid` to all pixels, shape (height, width), bilinear."""
        step = ELASTIC.grid_px
        to_coarse = np.array([[1 / step, 0, 0], [0, 1 / step, 0]], dtype=np.float64)
        size, flags = (self.width, self.height), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(coarse.astype(np.float32), to_coarse, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        )

    def carry(self, truth: Minutiae) -> Minutiae:
        """Return minutiae of the master canvas as they lie in the image, unclipped."""
        origin_x, origin_y = to_canvas(np.zeros(1), np.zeros(1))
        skin_x, skin_y = truth.x - origin_x, origin_y - truth.y
        x, y = self.image_points(skin_x, skin_y)
        ahead_x, ahead_y = self.image_points(
            skin_x + _STEP_PX * np.cos(truth.angle), skin_y + _STEP_PX * np.sin(truth.angle)
        )
        angle = np.arctan2(y - ahead_y, ahead_x - x) % (2 * math.pi)
        return Minutiae(x, y, angle, truth.kind)

    def _unturned(self, x: F64, y: F64) -> tuple[F64, F64]:
        cos, sin = math.cos(self.turn_rad), math.sin(self.turn_rad)
        right, up = x - self.origin_x, self.origin_y - y
        return right * cos + up * sin, -right * sin + up * cos

    def _displacement(self, u: F64, v: F64) -> tuple[F64, F64]:
        reach = (u**2 + v**2) / (u**2 + v**2 + ELASTIC.sticking_radius_px**2)
        shift_u = reach * (self.shear[0] - self.torsion_rad * v)
        shift_v = reach * (self.shear[1] + self.torsion_rad * u)
        for size_u, size_v, ku, kv, phase in self.waves:
            wave = np.sin(ku * u + kv * v + phase)
            shift_u = shift_u + size_u * wave
            shift_v = shift_v + size_v * wave
        return shift_u, shift_v


def draw_placement(
    rng: np.random.Generator,
    contact: ContactParameters,
    size: tuple[int, int],
    origin: tuple[float, float],
    lean_rad: float = 0.0,
) -> Placement:
    """Return a random placement in an image of `size` (width, height), near `origin` (px) and `lean_rad`."""
    count = ELASTIC.waves
    length = rng.uniform(*ELASTIC.wave_length_px, count)
    heading, phase = rng.uniform(0, 2 * math.pi, (2, count))
    push = rng.normal(0, contact.stretch_px * math.sqrt(2 / count), (2, count))
    k = 2 * math.pi / length
    waves = np.column_stack([push[0], push[1], k * np.cos(heading), k * np.sin(heading), phase])
    shift = rng.normal(0, contact.shift_sd_px, 2)
    shear = rng.normal(0, contact.shear_sd_px, 2)
    return Placement(
        width=size[0],
        height=size[1],
        origin_x=origin[0] + float(shift[0]),
        origin_y=origin[1] + float(shift[1]),
        turn_rad=lean_rad + float(rng.normal(0, contact.turn_sd_rad)),
        waves=waves,
        shear=(float(shear[0]), float(shear[1])),
        torsion_rad=float(rng.normal(0, contact.torsion_sd_rad)),
    )
