"""Things that are no faces: some look like one, some hide one.

Each is drawn on a square of 96 cells with its own light, and scaled into the scene.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from dse.data.synthetic.noise import grain, lookup

__all__ = ["DISTRACTORS", "OCCLUDERS", "Thing", "draw_thing"]

Colour = tuple[float, float, float]
_SIDE = 96


@dataclass(frozen=True)
class Thing:
    """kind: one of DISTRACTORS or OCCLUDERS. x, y: centre; size: width and height, pixels.

    turn: degrees. front: hides the people it overlaps. solid: share of its rectangle it fills.
    """

    kind: str
    x: float
    y: float
    width: float
    height: float
    colour: Colour
    turn: float = 0.0
    front: bool = False
    seed: int = 0

    @property
    def solid(self) -> float:
        """How much of the ellipse in its rectangle it covers, as a radius factor."""
        return {"hand": 0.75, "pole": 1.4, "microphone": 0.6, "paper": 1.2}.get(self.kind, 0.95)


def _ink(colour: Colour | NDArray[np.float64], gain: float = 1.0) -> tuple[int, int, int, int]:
    red, green, blue = (int(np.clip(c * gain, 0, 255)) for c in colour)
    return red, green, blue, 255


def _blank() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGBA", (_SIDE, _SIDE), (0, 0, 0, 0))
    return image, ImageDraw.Draw(image)


def _shade(image: Image.Image, rng: Generator, strength: float = 0.5) -> Image.Image:
    """Light the flat drawing as if it bulged where it is thick, with a little texture."""
    values = np.asarray(image, np.float32).copy()
    alpha = image.getchannel("A").filter(ImageFilter.GaussianBlur(7))
    slope_y, slope_x = np.gradient(np.asarray(alpha, np.float32) / 255)
    angle = rng.uniform(-2.4, -0.7)
    light = 1 + strength * 11 * -(slope_x * np.cos(angle) + slope_y * np.sin(angle)) * -1
    x, y = np.meshgrid(np.arange(_SIDE), np.arange(_SIDE))
    texture = lookup(grain(1.4), x + rng.uniform(0, 200), y + rng.uniform(0, 200))
    values[..., :3] *= (np.clip(light, 0.25, 1.7) * (1 + 0.07 * texture))[..., None]
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _disc(rng: Generator, colour: Colour) -> Image.Image:
    image, draw = _blank()
    draw.ellipse([3, 3, 93, 93], fill=_ink(colour))
    for _ in range(rng.integers(0, 4)):
        inset = int(rng.integers(6, 40))
        draw.ellipse(
            [inset, inset, 96 - inset, 96 - inset],
            outline=_ink(colour, rng.uniform(0.2, 1.6)),
            width=int(rng.integers(1, 5)),
        )
    return image


def _ball(rng: Generator, colour: Colour) -> Image.Image:
    axis = np.linspace(-1.05, 1.05, _SIDE)
    x, y = np.meshgrid(axis, axis)
    square = x * x + y * y
    z = np.sqrt(np.clip(1 - square, 0, 1))
    light = np.array([rng.normal(0, 0.5), -0.6, 0.7])
    lit = np.clip((x * light[0] + y * light[1] + z * light[2]) / np.linalg.norm(light), 0, 1)
    texture = lookup(grain(rng.uniform(0.8, 1.7)), x * 40 + rng.uniform(0, 200), y * 40)
    energy = 0.3 + 0.75 * lit + 0.06 * texture
    spot = np.clip(lit, 0, 1) ** 30 * rng.uniform(0, 130)
    values = np.zeros((_SIDE, _SIDE, 4))
    values[..., :3] = np.asarray(colour) * energy[..., None] + spot[..., None]
    if rng.random() < 0.4:
        seam = np.abs(np.sin(3 * x + rng.uniform(0, 3)) - y * rng.uniform(0.5, 2)) < 0.07
        values[seam, :3] *= 0.3
    values[..., 3] = np.clip((1 - square) * 40, 0, 1) * 255
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _clock(rng: Generator, colour: Colour) -> Image.Image:
    image, draw = _blank()
    draw.ellipse([2, 2, 94, 94], fill=_ink(colour, 0.4))
    draw.ellipse([8, 8, 88, 88], fill=_ink((235, 232, 222)))
    for hour in range(12):
        a = hour * np.pi / 6
        draw.line(
            [48 + 33 * np.cos(a), 48 + 33 * np.sin(a), 48 + 38 * np.cos(a), 48 + 38 * np.sin(a)],
            fill=(20, 20, 20, 255),
            width=2,
        )
    for length, width in ((20, 4), (32, 2)):
        a = rng.uniform(0, 2 * np.pi)
        draw.line(
            [48, 48, 48 + length * np.cos(a), 48 + length * np.sin(a)],
            fill=(20, 20, 20, 255),
            width=width,
        )
    return image


def _socket(rng: Generator, colour: Colour) -> Image.Image:
    image, draw = _blank()
    draw.rounded_rectangle(
        [12, 4, 84, 92], 8, fill=_ink((225, 220, 210)), outline=(150, 150, 145, 255)
    )
    for y in (26, 68):
        for x in (38, 56):
            draw.rectangle([x - 2, y - 8, x + 2, y + 4], fill=(30, 30, 30, 255))
        draw.ellipse([44, y + 7, 51, y + 14], fill=(30, 30, 30, 255))
    return image


def _emblem(rng: Generator, colour: Colour) -> Image.Image:
    """Two dots and a stroke on a disc or square, flat: a sign, not a face."""
    image, draw = _blank()
    shape = draw.ellipse if rng.random() < 0.6 else draw.rectangle
    shape([4, 4, 92, 92], fill=_ink(colour))
    ink = _ink(colour, 0.15)
    gap, high = rng.uniform(12, 24), rng.uniform(26, 42)
    radius = rng.uniform(3, 9)
    for x in (48 - gap, 48 + gap):
        draw.ellipse([x - radius, high - radius, x + radius, high + radius], fill=ink)
    if rng.random() < 0.5:
        draw.arc([24, 36, 72, 78], 20, 160, fill=ink, width=int(rng.integers(2, 6)))
    else:
        draw.line([28, 68, 68, rng.uniform(60, 76)], fill=ink, width=int(rng.integers(2, 6)))
    return image


def _hand(rng: Generator, colour: Colour) -> Image.Image:
    image, draw = _blank()
    ink = _ink(colour)
    draw.rounded_rectangle([28, 44, 72, 80], 14, fill=ink)
    draw.rectangle([36, 70, 66, 96], fill=ink)
    spread = rng.uniform(-0.05, 0.22)
    for finger in range(4):
        x = 33 + finger * 11
        lean = (finger - 1.5) * spread * 22
        length = rng.uniform(22, 40) - 4 * abs(finger - 1.5)
        draw.line([x, 52, x + lean, 50 - length], fill=_ink(colour, 0.97), width=10)
        draw.ellipse([x + lean - 5, 45 - length, x + lean + 5, 55 - length], fill=ink)
        draw.line([x + 5.5, 50, x + 5.5 + lean * 0.5, 36], fill=_ink(colour, 0.6), width=1)
    draw.line([70, 70, 88, 44 + rng.uniform(0, 16)], fill=ink, width=11)
    return _shade(image, rng, 0.4)


def _blob(rng: Generator, colour: Colour) -> Image.Image:
    """Bare skin or clay: a smooth irregular shape."""
    axis = np.linspace(-1.3, 1.3, _SIDE)
    x, y = np.meshgrid(axis, axis)
    angle = np.arctan2(y, x)
    edge = np.ones_like(angle) + sum(
        rng.normal(0, 0.12) * np.cos(k * angle + rng.uniform(0, 6)) for k in (1, 2, 3, 4)
    )
    inside = np.clip((edge - np.hypot(x, y)) * 15, 0, 1)
    values = np.zeros((_SIDE, _SIDE, 4))
    relief = lookup(grain(1.8), x * 25 + rng.uniform(0, 200), y * 25 + rng.uniform(0, 200))
    values[..., :3] = np.asarray(colour) * (0.85 + 0.2 * relief - 0.15 * y)[..., None]
    values[..., 3] = inside * 255
    return _shade(Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)), rng, 0.5)


def _animal(rng: Generator, colour: Colour) -> Image.Image:
    """A furry head with ears on top, wide-set eyes and a snout."""
    image, draw = _blank()
    ink, dark = _ink(colour), _ink(colour, 0.25)
    ear = rng.uniform(8, 30)
    for sign in (-1, 1):
        draw.polygon(
            [48 + sign * 14, 26, 48 + sign * 38, 30, 48 + sign * 34, 28 - ear],
            fill=_ink(colour, 0.8),
        )
    draw.ellipse([14, 18, 82, 88], fill=ink)
    draw.ellipse([30, 50, 66, 90], fill=_ink(colour, rng.uniform(0.8, 1.4)))
    for sign in (-1, 1):
        eye = 48 + sign * rng.uniform(15, 19)
        draw.ellipse([eye - 5, 40, eye + 5, 50], fill=(15, 12, 8, 255))
    draw.ellipse([40, 58, 56, 69], fill=dark)
    draw.line([48, 69, 48, 77], fill=dark, width=2)
    draw.arc([36, 66, 60, 82], 20, 160, fill=dark, width=2)
    values = np.asarray(_shade(image, rng, 0.5), np.float32).copy()
    x, y = np.meshgrid(np.arange(_SIDE), np.arange(_SIDE))
    fur = lookup(grain(0.6), x * 2.0 + rng.uniform(0, 99), y * 0.7)
    values[..., :3] *= (1 + 0.18 * fur)[..., None]
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _vase(rng: Generator, colour: Colour) -> Image.Image:
    image, draw = _blank()
    heights = np.linspace(4, 92, 12)
    half = np.clip(
        22 + 14 * np.sin(np.linspace(0, rng.uniform(3, 7), 12) + rng.uniform(0, 6)), 6, 44
    )
    left = [(48 - w, h) for w, h in zip(half, heights, strict=True)]
    right = [(48 + w, h) for w, h in zip(half, heights, strict=True)][::-1]
    draw.polygon(left + right, fill=_ink(colour))
    for y in rng.uniform(10, 90, 3):
        draw.line([0, y, 96, y], fill=_ink(colour, 0.6), width=2)
    stencil = Image.new("L", image.size, 0)
    ImageDraw.Draw(stencil).polygon(left + right, fill=255)
    image.putalpha(stencil)
    return _shade(image, rng, 0.7)


def _microphone(rng: Generator, colour: Colour) -> Image.Image:
    image, draw = _blank()
    draw.line([48, 34, 54, 96], fill=(25, 25, 28, 255), width=11)
    draw.ellipse([32, 2, 64, 44], fill=_ink(colour, 0.35))
    if rng.random() < 0.5:
        draw.rectangle([34, 44, 66, 62], fill=_ink(colour))
    return _shade(image, rng, 0.5)


def _cup(rng: Generator, colour: Colour) -> Image.Image:
    image, draw = _blank()
    draw.polygon([(22, 6), (74, 6), (66, 92), (30, 92)], fill=_ink(colour))
    draw.ellipse([22, 0, 74, 12], fill=_ink(colour, 0.6))
    return _shade(image, rng, 0.7)


def _panel(rng: Generator, colour: Colour) -> Image.Image:
    """A sheet, book, telephone or sign."""
    image, draw = _blank()
    draw.rounded_rectangle([2, 2, 94, 94], int(rng.integers(0, 12)), fill=_ink(colour))
    for y in np.arange(12, 88, rng.uniform(7, 20)).tolist():
        draw.line(
            [10, y, rng.uniform(30, 86), y], fill=_ink(colour, rng.uniform(0.3, 0.8)), width=2
        )
    return image


def _pole(rng: Generator, colour: Colour) -> Image.Image:
    values = np.zeros((_SIDE, _SIDE, 4))
    across = np.sin(np.linspace(0.2, np.pi - 0.2, _SIDE))
    values[..., :3] = np.asarray(colour)[None, None, :] * across[None, :, None]
    values[..., 3] = 255
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


Draw = Callable[[Generator, Colour], Image.Image]
DISTRACTORS: dict[str, Draw] = {
    "animal": _animal,
    "ball": _ball,
    "blob": _blob,
    "clock": _clock,
    "cup": _cup,
    "disc": _disc,
    "emblem": _emblem,
    "hand": _hand,
    "socket": _socket,
    "vase": _vase,
}
OCCLUDERS: dict[str, Draw] = {
    "blob": _blob,
    "cup": _cup,
    "hand": _hand,
    "microphone": _microphone,
    "paper": _panel,
    "pole": _pole,
}


def draw_thing(thing: Thing) -> Image.Image:
    """The thing as RGBA at its size in the scene (before its turn, which is applied too)."""
    draw = DISTRACTORS.get(thing.kind) or OCCLUDERS[thing.kind]
    image = draw(np.random.default_rng(thing.seed), thing.colour)
    size = max(2, round(thing.width)), max(2, round(thing.height))
    image = image.resize(size, Image.Resampling.BILINEAR)
    if thing.turn:
        image = image.rotate(thing.turn, Image.Resampling.BILINEAR, expand=True)
    return image
