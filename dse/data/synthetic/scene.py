"""What a scene holds, decided without drawing it: so its boxes are known at once.

A scene is a pure function of (seed, split, index). Its layouts copy what press and family
photographs show: one large face, a few people, a group, a crowd, a sheet of portraits, nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from dse.data.synthetic.background import BACKGROUNDS
from dse.data.synthetic.camera import Camera, sample_camera
from dse.data.synthetic.labels import label
from dse.data.synthetic.people import Person, sample_light, sample_person
from dse.data.synthetic.skin import tone
from dse.data.synthetic.things import DISTRACTORS, OCCLUDERS, Thing

__all__ = ["SPLITS", "Scene", "sample_scene"]

Boxes = NDArray[np.float32]
SPLITS = ("train", "val", "eval")
_SIZES = (
    (320, 240),
    (240, 320),
    (384, 256),
    (256, 384),
    (300, 300),
    (360, 270),
    (384, 288),
    (224, 320),
)
_LAYOUTS = {
    "portrait": 0.37,
    "few": 0.33,
    "group": 0.10,
    "crowd": 0.05,
    "sheet": 0.04,
    "nobody": 0.11,
}


@dataclass(frozen=True)
class Scene:
    """people: back to front. frames: x0, y0, x1, y1 of the sheet's portraits, each its own
    background. boxes, ignored: (n, 4) and (m, 4) faces, clipped to the picture."""

    width: int
    height: int
    layout: str
    backdrop: str
    backdrop_blur: float
    people: tuple[Person, ...]
    things: tuple[Thing, ...]
    frames: tuple[tuple[int, int, int, int], ...]
    camera: Camera
    seed: int
    boxes: Boxes
    ignored: Boxes


def sample_scene(seed: int, split: str, index: int, size: tuple[int, int] | None = None) -> Scene:
    """The scene number `index` of a split; `size` is (width, height) in pixels, or any."""
    rng = np.random.default_rng([seed, SPLITS.index(split), index])
    width, height = size or _SIZES[int(rng.integers(len(_SIZES)))]
    layout = str(rng.choice(list(_LAYOUTS), p=list(_LAYOUTS.values())))
    people, frames = _LAYOUT_OF[layout](rng, width, height)
    people.sort(key=lambda person: person.unit)
    things = _things(rng, width, height, people, layout)
    boxes, ignored = label(people, things, frames, width, height)
    kinds = sorted(BACKGROUNDS)
    backdrop = str(kinds[int(rng.integers(len(kinds)))])
    if layout == "sheet":
        backdrop = "print" if rng.random() < 0.6 else "wash"
    blur = float(rng.gamma(1.0, 2.0)) if rng.random() < 0.65 and layout != "nobody" else 0.0
    return Scene(
        width,
        height,
        layout,
        backdrop,
        blur,
        tuple(people),
        tuple(things),
        frames,
        sample_camera(rng),
        int(rng.integers(1 << 40)),
        boxes,
        ignored,
    )


Placed = tuple[list[Person], tuple[tuple[int, int, int, int], ...]]


def _portrait(rng: Generator, width: int, height: int) -> Placed:
    light = sample_light(rng)
    share = float(np.clip(rng.gamma(4.0, 0.085), 0.12, 0.88))
    unit = share * min(width, height) / 1.55
    x = width * rng.uniform(0.3, 0.7)
    y = height * rng.uniform(0.34, 0.55)
    people = [sample_person(rng, x, y, unit, light)]
    for _ in range(int(rng.integers(0, 3)) if rng.random() < 0.3 else 0):
        people.append(
            sample_person(
                rng,
                rng.uniform(0, width),
                y + rng.normal(0, 0.1) * height,
                unit * rng.uniform(0.3, 0.7),
                light,
                wild=0.5,
                away=bool(rng.random() < 0.25),
            )
        )
    return people, ()


def _few(rng: Generator, width: int, height: int) -> Placed:
    light = sample_light(rng)
    count = int(rng.integers(2, 5))
    unit = width * rng.uniform(0.35, 0.75) / (count * 1.9)
    people = []
    for k in range(count):
        x = width * (k + 0.5 + rng.normal(0, 0.12)) / count
        y = height * rng.uniform(0.3, 0.45) + rng.normal(0, 0.5) * unit
        people.append(
            sample_person(
                rng,
                x,
                y,
                unit * np.exp(rng.normal(0, 0.15)),
                light,
                wild=0.45,
                away=bool(rng.random() < 0.07),
            )
        )
    return people, ()


def _group(rng: Generator, width: int, height: int) -> Placed:
    light = sample_light(rng)
    rows, columns = int(rng.integers(1, 4)), int(rng.integers(4, 8))
    unit = width / (columns * rng.uniform(2.6, 4.2))
    people = []
    for row in range(rows):
        for column in range(columns):
            x = width * (column + 0.5 + 0.5 * (row % 2) + rng.normal(0, 0.07)) / (columns + 0.5)
            y = height * 0.3 + (row - (rows - 1) / 2) * unit * rng.uniform(3.0, 3.6)
            people.append(sample_person(rng, x, y, unit * (1 + 0.05 * row), light, wild=0.15))
    return people, ()


def _crowd(rng: Generator, width: int, height: int) -> Placed:
    light = sample_light(rng)
    people = []
    small = rng.uniform(4.0, 7.0)
    for _ in range(int(rng.integers(9, 22))):
        depth = rng.random()
        unit = small * (1 + 1.3 * depth**2)
        y = height * (0.15 + 0.75 * depth) + rng.normal(0, 4)
        people.append(
            sample_person(
                rng, rng.uniform(0, width), y, unit, light, wild=0.4, away=bool(rng.random() < 0.12)
            )
        )
    return people, ()


def _sheet(rng: Generator, width: int, height: int) -> Placed:
    columns, rows = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    cell_w, cell_h = width / columns, height / rows
    people, frames = [], []
    for row in range(rows):
        for column in range(columns):
            w = min(cell_w * 0.85, cell_h * 0.8)
            h = min(w * rng.uniform(1.1, 1.4), cell_h * 0.95)
            x0, y0 = (column + 0.5) * cell_w - w / 2, row * cell_h + 3
            frames.append((int(x0), int(y0), int(x0 + w), int(y0 + h)))
            unit = w * rng.uniform(0.45, 0.6) / 1.55
            people.append(
                sample_person(rng, x0 + w / 2, y0 + h * 0.46, unit, sample_light(rng), wild=0.05)
            )
    return people, tuple(frames)


def _nobody(rng: Generator, width: int, height: int) -> Placed:
    light = sample_light(rng)
    people = [
        sample_person(
            rng,
            rng.uniform(0, width),
            rng.uniform(0.2, 0.7) * height,
            rng.uniform(0.05, 0.3) * width / 1.5,
            light,
            away=True,
        )
        for _ in range(int(rng.integers(0, 3)))
    ]
    return people, ()


_LAYOUT_OF = {
    "portrait": _portrait,
    "few": _few,
    "group": _group,
    "crowd": _crowd,
    "sheet": _sheet,
    "nobody": _nobody,
}


def _thing_colour(rng: Generator) -> tuple[float, float, float]:
    if rng.random() < 0.5:
        return tone(float(rng.random()))
    red, green, blue = (float(v) for v in rng.uniform(15, 245, 3))
    return red, green, blue


def _things(
    rng: Generator, width: int, height: int, people: list[Person], layout: str
) -> list[Thing]:
    things = []
    many = int(rng.integers(2, 9)) if layout == "nobody" else int(rng.poisson(0.8))
    kinds = sorted(DISTRACTORS)
    for _ in range(many):
        side = float(np.exp(rng.uniform(np.log(8), np.log(0.5 * width))))
        things.append(
            Thing(
                kinds[int(rng.integers(len(kinds)))],
                rng.uniform(0, width),
                rng.uniform(0, height),
                side,
                side * rng.uniform(0.8, 1.35),
                _thing_colour(rng),
                float(rng.normal(0, 15)),
                front=False,
                seed=int(rng.integers(1 << 30)),
            )
        )
    kinds = sorted(OCCLUDERS)
    for person in people:
        if rng.random() > 0.13:
            continue
        kind = kinds[int(rng.integers(len(kinds)))]
        colour = person.paint.skin if kind == "hand" else _thing_colour(rng)
        side = person.unit * rng.uniform(0.7, 1.6)
        wide = side * (0.35 if kind == "pole" else 1.0)
        tall = side * (6.0 if kind == "pole" else rng.uniform(0.8, 1.4))
        things.append(
            Thing(
                kind,
                person.x + rng.normal(0, 0.55) * person.unit,
                person.y + rng.uniform(0.1, 1.7) * person.unit,
                wide,
                tall,
                colour,
                float(rng.normal(0, 20)),
                front=True,
                seed=int(rng.integers(1 << 30)),
            )
        )
    return things
