"""Where scenes happen: rooms, streets, foliage, shelves, print, lights; in and out of focus."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from dse.data.synthetic.noise import TILE, grain, lookup

__all__ = ["BACKGROUNDS", "background"]

Pixels = NDArray[np.uint8]
Field = NDArray[np.float32]


def _colour(rng: Generator, low: float = 20, high: float = 235, grey: float = 0.5) -> Field:
    """A colour, sRGB 0..255; `grey` 1 gives greys, 0 gives full hues."""
    colour = rng.uniform(low, high, 3)
    return np.asarray(colour + grey * (colour.mean() - colour), np.float32)


def _ink(colour: Field) -> tuple[int, int, int]:
    red, green, blue = (int(np.clip(c, 0, 255)) for c in colour)
    return red, green, blue


def _noise(rng: Generator, width: int, height: int, slope: float, scale: float) -> Field:
    tile = grain(slope)
    x, y = rng.uniform(0, TILE, 2).astype(np.float32)
    step = 2 if slope > 1.2 else 1  # smooth noise is computed on every second pixel
    column = np.arange(0, width, step, dtype=np.float32)[None, :] * np.float32(scale) + x
    row = np.arange(0, height, step, dtype=np.float32)[:, None] * np.float32(scale) + y
    angle = np.float32(rng.uniform(-0.6, 0.6))
    field = lookup(tile, column + angle * row, row - angle * column)
    if step == 1:
        return field
    return np.asarray(Image.fromarray(field).resize((width, height), Image.Resampling.BILINEAR))


def _picture(values: Field) -> Image.Image:
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _wash(rng: Generator, width: int, height: int, grey: float = 0.6) -> Image.Image:
    """A gradient between colours with soft stains."""
    first, second = _colour(rng, grey=grey), _colour(rng, grey=grey)
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    ramp = ramp + rng.uniform(-1, 1) * np.linspace(0, 1, width, dtype=np.float32)[None, :]
    ramp = ramp[..., None]
    near = first + (second - first) * rng.uniform(0.1, 1.0)
    stain = _noise(rng, width, height, 1.7, rng.uniform(0.3, 1.0))[..., None]
    return _picture(first + (near - first) * ramp + stain * rng.uniform(0, 22))


def _texture(rng: Generator, width: int, height: int) -> Image.Image:
    """Coloured 1/f noise: cloth, stone, water, the unfocused world."""
    slope = rng.uniform(0.8, 1.9)
    scale = rng.uniform(0.3, 1.5)
    base = _colour(rng, 40, 190)
    values = np.broadcast_to(base, (height, width, 3)).copy()
    for _ in range(3):
        tint = rng.normal(0, 1, 3) * 6 + rng.normal(0, 20)
        values += _noise(rng, width, height, slope, scale)[..., None] * tint.astype(np.float32)
    return _picture(values)


def _room(rng: Generator, width: int, height: int) -> Image.Image:
    """Wall, floor, frames, windows, a door, curtains."""
    picture = _wash(rng, width, height)
    draw = ImageDraw.Draw(picture)
    floor = int(height * rng.uniform(0.6, 1.1))
    draw.rectangle([0, floor, width, max(height, floor)], fill=_ink(_colour(rng, 30, 150)))
    for _ in range(rng.integers(1, 5)):
        w, h = width * rng.uniform(0.1, 0.4), height * rng.uniform(0.1, 0.6)
        x, y = rng.uniform(-0.1, 0.9) * width, rng.uniform(-0.1, 0.6) * height
        bright = rng.random() < 0.4
        edge = _colour(rng, 40, 200)
        draw.rectangle(
            [x, y, x + w, y + h],
            fill=_ink(_colour(rng, 190 if bright else 20, 255)),
            outline=_ink(edge),
            width=int(rng.integers(1, 7)),
        )
        if bright:
            draw.line([x + w / 2, y, x + w / 2, y + h], fill=_ink(edge), width=3)
            draw.line([x, y + h / 2, x + w, y + h / 2], fill=_ink(edge), width=2)
    if rng.random() < 0.4:
        values = np.asarray(picture, np.float32).copy()
        left, right = np.sort(rng.integers(0, width, 2))
        folds = np.sin(np.arange(left, right) * rng.uniform(0.15, 0.6)) * 0.25 + 0.8
        values[:, left:right] = _colour(rng, 30, 200, 0.2) * folds[None, :, None]
        picture = _picture(values)
    return picture


def _foliage(rng: Generator, width: int, height: int) -> Image.Image:
    """Leaves, gaps of sky, grass."""
    coarse = _noise(rng, width, height, 1.4, rng.uniform(0.5, 1.2))
    fine = _noise(rng, width, height, 0.8, rng.uniform(0.6, 1.6))
    leaf = np.array([70, 95, 40], np.float32) * rng.uniform(0.5, 1.4) + rng.normal(0, 8, 3)
    values = leaf * np.clip(0.85 + 0.3 * fine + 0.25 * coarse, 0.1, 2)[..., None]
    if rng.random() < 0.6:
        ramp = np.linspace(1, -1, height)[:, None] * rng.uniform(0, 1.5)
        sky = np.clip((coarse + 0.5 * fine + ramp - rng.uniform(0.8, 2.0)) * 3, 0, 1)[..., None]
        values += sky * (np.array([205, 220, 240]) - values)
    if rng.random() < 0.4:
        ground = int(height * rng.uniform(0.5, 0.9))
        values[ground:] = np.array([100, 130, 60]) + 14 * fine[ground:, :, None]
    return _picture(values.astype(np.float32))


def _street(rng: Generator, width: int, height: int) -> Image.Image:
    """Sky, house fronts with rows of windows, a road."""
    picture = _wash(rng, width, height, 0.8)
    draw = ImageDraw.Draw(picture)
    x = -rng.uniform(0, 0.3) * width
    while x < width:
        w, top = width * rng.uniform(0.15, 0.5), height * rng.uniform(-0.2, 0.5)
        wall, glass = _colour(rng, 50, 200), _colour(rng, 20, 220)
        draw.rectangle([x, top, x + w, height], fill=_ink(wall))
        dx, dy = rng.uniform(10, 40), rng.uniform(12, 45)
        gap = rng.uniform(0.25, 0.6)
        for wx in np.arange(x + dx * 0.3, x + w - dx * 0.5, dx).tolist():
            for wy in np.arange(top + dy * 0.3, height, dy).tolist():
                shade = glass * rng.uniform(0.7, 1.2)
                draw.rectangle([wx, wy, wx + dx * gap, wy + dy * gap], fill=_ink(shade))
        x += w
    if rng.random() < 0.5:
        draw.rectangle(
            (0, float(height * rng.uniform(0.7, 1)), width, height),
            fill=_ink(_colour(rng, 60, 130, 0.9)),
        )
    return picture


def _shelves(rng: Generator, width: int, height: int) -> Image.Image:
    """Rows of books, boxes, bottles."""
    picture = _wash(rng, width, height)
    draw = ImageDraw.Draw(picture)
    row = float(rng.uniform(25, 90))
    y = -float(rng.uniform(0, row))
    while y < height:
        x = 0.0
        while x < width:
            w, h = rng.uniform(0.08, 0.45) * row, rng.uniform(0.55, 0.92) * row
            colour = _colour(rng, 20, 230, 0.3)
            draw.rectangle(
                [x, y + row - h, x + w, y + row], fill=_ink(colour), outline=_ink(colour * 0.5)
            )
            x += w + rng.uniform(0, 3) + (row * 0.5 if rng.random() < 0.05 else 0)
        draw.rectangle([0, y + row, width, y + row * 1.08], fill=_ink(_colour(rng, 60, 140)))
        y += row * 1.08
    return picture


def _print(rng: Generator, width: int, height: int) -> Image.Image:
    """Paper or a banner with lines of something like letters."""
    paper = _colour(rng, 190, 255, 0.7) if rng.random() < 0.6 else _colour(rng, 20, 200, 0.1)
    picture = Image.new("RGB", (width, height), _ink(paper))
    draw = ImageDraw.Draw(picture)
    ink = _ink(255 - paper if rng.random() < 0.7 else _colour(rng, 0, 255, 0))
    y = rng.uniform(0, 20)
    while y < height:
        size = float(rng.choice([5, 7, 10, 16, 30, 60], p=[0.3, 0.25, 0.2, 0.12, 0.08, 0.05]))
        x = rng.uniform(0, width * 0.2)
        end = width * rng.uniform(0.3, 1.0)
        while x < end:
            w = size * rng.uniform(0.3, 0.7)
            box = (float(x), float(y), float(x + w), float(y + size))
            match int(rng.integers(0, 4)):
                case 0:
                    draw.line(
                        [x, y, x, y + size, x + w, y + size], fill=ink, width=int(size / 6) + 1
                    )
                case 1:
                    draw.ellipse(box, outline=ink, width=int(size / 6) + 1)
                case 2:
                    draw.line(
                        [x, y + size, x + w / 2, y, x + w, y + size],
                        fill=ink,
                        width=int(size / 6) + 1,
                    )
                case _:
                    draw.line(
                        [x + w / 2, y, x + w / 2, y + size], fill=ink, width=int(size / 6) + 1
                    )
            x += w * 1.4 + (size * 0.6 if rng.random() < 0.2 else 0)
        y += size * rng.uniform(1.3, 2.0)
    return picture


def _lights(rng: Generator, width: int, height: int) -> Image.Image:
    """A dark hall with lamps out of focus, or a studio spot."""
    picture = Image.new("RGB", (width, height), _ink(_colour(rng, 0, 60)))
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.integers(5, 40)):
        radius = rng.uniform(2, max(3.0, 0.08 * width))
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        draw.ellipse(
            [x - radius, y - radius, x + radius, y + radius], fill=_ink(_colour(rng, 60, 255, 0.2))
        )
    return picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(1, 6))))


def _blobs(rng: Generator, width: int, height: int) -> Image.Image:
    """People and things far out of focus: skin-coloured, dark and bright patches."""
    picture = _texture(rng, width, height)
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.integers(8, 40)):
        w = rng.uniform(0.03, 0.16) * width
        h = w * rng.uniform(0.6, 2.5)
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        warm = np.array([190, 140, 110], np.float32) * rng.uniform(0.4, 1.2)
        colour = warm if rng.random() < 0.4 else _colour(rng, 10, 240, 0.4)
        shape = draw.ellipse if rng.random() < 0.7 else draw.rectangle
        shape([x - w, y - h, x + w, y + h], fill=_ink(colour))
    return picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(2, 7))))


BACKGROUNDS: dict[str, Callable[[Generator, int, int], Image.Image]] = {
    "blobs": _blobs,
    "foliage": _foliage,
    "lights": _lights,
    "print": _print,
    "room": _room,
    "shelves": _shelves,
    "street": _street,
    "texture": _texture,
    "wash": _wash,
}


def background(kind: str, blur: float, seed: int, width: int, height: int) -> Pixels:
    """uint8 (height, width, 3) RGB of one of BACKGROUNDS, `blur` pixels out of focus."""
    rng = np.random.default_rng(seed)
    if blur >= 2 and min(width, height) >= 64:  # what is out of focus needs no detail
        half = background(kind, blur / 2, seed, width // 2, height // 2)
        return np.asarray(Image.fromarray(half).resize((width, height), Image.Resampling.BILINEAR))
    picture = BACKGROUNDS[kind](rng, width, height)
    if blur > 0.3:
        picture = picture.filter(ImageFilter.BoxBlur(blur)).filter(ImageFilter.BoxBlur(blur * 0.7))
    return np.asarray(picture)
