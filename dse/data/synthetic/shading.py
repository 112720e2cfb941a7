"""Light on a head: sun or lamp with soft shadows, sky and floor, shine; then sRGB with alpha."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dse.data.synthetic.head import Expression, Pose, Shape
from dse.data.synthetic.noise import grain, lookup, nearest
from dse.data.synthetic.skin import Paint, encode, linear, paint_face
from dse.data.synthetic.surface import Hits, Surface, shadow, trace

__all__ = ["Light", "Wear", "render_head"]

Field = NDArray[np.float32]
Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Light:
    """direction: unit vector towards the lamp, view axes. key, fill: strengths. warmth: -1 blue,
    1 orange. rim: strength of a light behind the person. softness: of shadows, 0.15..1."""

    direction: tuple[float, float, float] = (0.3, 0.5, 0.8)
    key: float = 0.9
    fill: float = 0.45
    warmth: float = 0.0
    rim: float = 0.0
    softness: float = 0.5

    def colour(self) -> Field:
        """(3,) linear colour of the key light."""
        return np.array([1 + 0.12 * self.warmth, 1.0, 1 - 0.16 * self.warmth], np.float32)


@dataclass(frozen=True)
class Wear:
    """Colours (sRGB 0..255) of a hat or scarf and of a mask, and the cloth's pattern."""

    cloth: Colour = (120, 30, 30)
    cloth_second: Colour = (230, 230, 230)
    pattern: str = "plain"
    mask: Colour = (150, 190, 215)


def _cover_colours(hits: Hits, paint: Paint, wear: Wear, curl: float) -> tuple[Field, Field]:
    """Albedo (n, 4, 3) of the covers and the strand noise (n,) of hair."""
    n = len(hits.x)
    swirl = 1.5 * curl * lookup(grain(1.6), hits.angle * 25, hits.y * 25)
    strand = lookup(grain(0.8), hits.angle * 75 + 8 * swirl + paint.seed % 199, hits.y * 9)
    colours = np.empty((n, 4, 3), np.float32)
    hair = linear(paint.hair)
    colours[:, 0] = hair * np.clip(1 + 0.38 * strand, 0.25, 2.2)[:, None]
    strand = 0.75 * strand + 0.5 * nearest(
        grain(0.5), hits.angle * 160 + 12 * swirl + 999, hits.y * 14 + 999
    )
    speckle = nearest(grain(0.4), hits.x * 150 + 999, hits.y * 90 + 999)
    colours[:, 1] = hair * np.clip(1 + 0.4 * speckle, 0.3, 2)[:, None] + 0.06 * linear(paint.skin)
    cloth = np.broadcast_to(linear(wear.cloth), (n, 3)).copy()
    if wear.pattern != "plain":
        wave = np.sin(hits.angle * 22) * (np.sin(hits.y * 22) if wear.pattern == "check" else 1)
        cloth[wave > 0.2] = linear(wear.cloth_second)
    colours[:, 2] = cloth * (1 + 0.05 * speckle)[:, None]
    colours[:, 3] = linear(wear.mask)
    return colours, strand


def _material(
    hits: Hits, paint: Paint, wear: Wear, curl: float, albedo: Field, gloss: Field
) -> Field:
    """Lay the covers over the painted skin, in place; returns strand noise times hair (n,)."""
    colours, strand = _cover_colours(hits, paint, wear, curl)
    ragged = np.array([0.22, 0.25, 0.0, 0.0], np.float32)
    edge = np.array([0.35, 0.55, 0.12, 0.12], np.float32)
    edges = 4 * hits.cover * (1 - hits.cover)  # strands part only where hair is thin
    amount = np.clip((hits.cover + strand[:, None] * ragged * edges - 0.5) / edge + 0.5, 0, 1)
    amount *= hits.cover > 0.02
    shine = (0.28, 0.08, 0.05, 0.05)
    for channel in (1, 3, 0, 2):
        part = amount[:, channel, None]
        albedo += part * (colours[:, channel] - albedo)
        gloss += amount[:, channel] * (shine[channel] - gloss)
    return np.asarray(amount[:, 0] * strand, np.float32)


def _combed(hits: Hits, pose: Pose) -> Field:
    """(n, 3) normals in view axes, where hair is smoothed: light enters it and comes out again."""
    spread = np.hypot(np.hypot(hits.x, hits.y - 0.1), hits.z) + 1e-3
    outward = np.stack([hits.x, hits.y - 0.1, hits.z], 1) / spread[:, None]
    smooth = outward @ pose.matrix().astype(np.float32).T
    amount = 0.65 * np.clip(hits.cover[:, :1], 0, 1)
    normal = hits.normal + amount * (smooth - hits.normal)
    return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True), np.float32)


def _lit(
    hits: Hits,
    surface: Surface,
    pose: Pose,
    light: Light,
    albedo: Field,
    gloss: Field,
    strand: Field,
) -> Field:
    """(n, 3) linear colour that leaves the hits."""
    toward = np.asarray(light.direction, np.float32)
    normal = _combed(hits, pose)
    facing = normal @ toward
    open_sky = shadow(surface, hits, pose, toward, light.softness)
    wrap = np.array(
        [0.22, 0.10, 0.07], np.float32
    )  # red light leaves skin further from where it came
    diffuse = np.clip((facing[:, None] + wrap) / (1 + wrap), 0, 1)
    lit = 1 - (1 - open_sky[:, None]) * np.array([0.92, 1.0, 1.0], np.float32)
    up = 0.5 + 0.5 * normal[:, 1:2]
    frontal = 0.55 + 0.45 * np.clip(normal[:, 2:3], 0, 1)
    sky = np.array([0.95, 1.0, 1.08], np.float32) * up + (1 - up) * np.array(
        [0.62, 0.52, 0.45], np.float32
    )
    hollow = np.exp(-np.clip(hits.cavity, -0.1, 0.4) * 4.5)[:, None]
    energy = light.key * light.colour() * diffuse * lit + light.fill * sky * hollow * frontal
    behind = np.clip(1 - normal[:, 2], 0, 1) ** 3 * np.clip(normal[:, 1] * 0.5 + 0.6, 0, 1)
    energy = energy + light.rim * behind[:, None]
    half = toward + np.array([0, 0, 1], np.float32)
    half = half / np.linalg.norm(half)
    sharp = np.clip(normal @ half, 0, 1)
    shine = gloss * open_sky * light.key * (0.30 * sharp**24 + 0.05 * sharp**6)
    shine = shine * (1 + 0.8 * strand)
    return np.asarray(albedo * energy + np.clip(shine, 0, 1)[:, None] * 0.55, np.float32)


def render_head(
    surface: Surface,
    shape: Shape,
    face: Expression,
    pose: Pose,
    paint: Paint,
    wear: Wear,
    light: Light,
    curl: float,
    across: Field,
    up: Field,
) -> Field:
    """(height, width, 4) sRGB and alpha, 0..1, of a head on the pixels across, up (head units)."""
    picture = np.zeros((*across.shape, 4), np.float32)
    hits = trace(surface, pose, across, up)
    if not len(hits.index):
        return picture
    pixel = float(abs(across[0, 1] - across[0, 0]))
    albedo, gloss = paint_face(hits, shape, face, paint, pixel)
    strand = _material(hits, paint, wear, curl, albedo, gloss)
    colour = _lit(hits, surface, pose, light, albedo, gloss, strand)
    flat = picture.reshape(-1, 4)
    flat[hits.index, :3] = encode(colour)
    fade = np.clip((hits.y + 2.05 + 0.15 * hits.x**2) / 0.12, 0, 1)  # the neck ends in the collar
    hanging = np.clip(hits.cover[:, 0] + hits.cover[:, 2], 0, 1) * np.clip(
        (hits.y + 2.9) / 0.3, 0, 1
    )
    flat[hits.index, 3] = np.maximum(fade, hanging)
    return picture
