"""Drawing a described scene: background, people and things from back to front, then the camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import uniform_filter

from dse.data.synthetic.background import background
from dse.data.synthetic.body import render_body
from dse.data.synthetic.camera import expose
from dse.data.synthetic.hair import dress
from dse.data.synthetic.head import grid, sculpt
from dse.data.synthetic.people import Person
from dse.data.synthetic.scene import Scene
from dse.data.synthetic.shading import render_head
from dse.data.synthetic.surface import Surface, make_surface
from dse.data.synthetic.things import Thing, draw_thing

__all__ = ["render"]

Pixels = NDArray[np.uint8]
Field = NDArray[np.float32]
_FINEST = 52.0
"""Rays per head unit at most; larger heads are enlarged."""
Rectangle = tuple[int, int, int, int]


def render(scene: Scene) -> Pixels:
    """uint8 (height, width, 3) RGB of the scene."""
    back = background(scene.backdrop, scene.backdrop_blur, scene.seed, scene.width, scene.height)
    canvas = Image.fromarray(back)
    for number, frame in enumerate(scene.frames):
        size = frame[2] - frame[0], frame[3] - frame[1]
        canvas.paste(
            Image.fromarray(background("wash", 0.0, scene.seed + number, *size)), frame[:2]
        )
    whole = (0, 0, scene.width, scene.height)
    for thing in scene.things:
        if not thing.front:
            _paste_thing(canvas, thing)
    for person in scene.people:
        _paste_person(canvas, person, _frame_of(person, scene) or whole)
    for thing in scene.things:
        if thing.front:
            _paste_thing(canvas, thing)
    return expose(np.asarray(canvas), scene.camera, scene.seed)


def _frame_of(person: Person, scene: Scene) -> Rectangle | None:
    for frame in scene.frames:
        if frame[0] <= person.x < frame[2] and frame[1] <= person.y < frame[3]:
            return frame
    return None


def _paste_thing(canvas: Image.Image, thing: Thing) -> None:
    image = draw_thing(thing)
    place = round(thing.x - image.width / 2), round(thing.y - image.height / 2)
    canvas.paste(image, place, image)


def _paste_person(canvas: Image.Image, person: Person, limits: Rectangle) -> None:
    if person.body is not None:
        area = _area(person, (-2.7, -15.0, 2.7, -1.0), limits)
        if area is not None:
            finest = 20.0
            across, up = _pixels(person, area, finest)
            picture = render_body(person.body, person.paint.skin, person.light, across, up)
            _paste(canvas, picture, area)
    reach = max(1.1, 1.0 + 1.6 * max(person.hair.side, person.hair.top))
    reach = 1.65 if person.hat in ("cap", "brim", "scarf") else reach
    low = -2.9 if person.hair.end < -1.3 or person.hat == "scarf" else -2.2
    area = _area(person, (-reach - 0.15, low, reach + 0.15, 1.75), limits)
    if area is None:
        return
    across, up = _pixels(person, area, _FINEST)
    fine = 1.0 if person.unit > 22 else 0.6
    cells = grid(int(128 * fine), int(136 * fine))
    naked = sculpt(person.shape, person.face, cells)
    radius, covers = dress(
        person.shape, naked, cells, person.hair, person.beard, person.hat, person.masked
    )
    surface: Surface = make_surface(radius, covers, cells)
    picture = render_head(
        surface,
        person.shape,
        person.face,
        person.pose,
        person.paint,
        person.wear,
        person.light,
        person.hair.curl,
        across,
        up,
    )
    _paste(canvas, picture, area)


def _area(
    person: Person, reach: tuple[float, float, float, float], limits: Rectangle
) -> Rectangle | None:
    """The pixels that left, bottom, right, top (head units) of a person cover, inside limits."""
    left, bottom, right, top = (value * person.unit for value in reach)
    x0, x1 = int(np.floor(person.x + left)), int(np.ceil(person.x + right))
    y0, y1 = int(np.floor(person.y - top)), int(np.ceil(person.y - bottom))
    x0, y0 = max(x0, limits[0]), max(y0, limits[1])
    x1, y1 = min(x1, limits[2]), min(y1, limits[3])
    return (x0, y0, x1, y1) if x1 - x0 >= 2 and y1 - y0 >= 2 else None


def _pixels(person: Person, area: Rectangle, finest: float) -> tuple[Field, Field]:
    """across, up: head units of the rays for an area; denser than its pixels for small heads."""
    density = min(1.1 if person.unit > 16 else 2.0, finest / person.unit)
    columns = max(4, round((area[2] - area[0]) * density))
    rows = max(4, round((area[3] - area[1]) * density))
    x = area[0] + (np.arange(columns) + 0.5) * (area[2] - area[0]) / columns
    y = area[1] + (np.arange(rows) + 0.5) * (area[3] - area[1]) / rows
    across, up = np.meshgrid((x - person.x) / person.unit, (person.y - y) / person.unit)
    return across.astype(np.float32), up.astype(np.float32)


def _paste(canvas: Image.Image, picture: Field, area: Rectangle) -> None:
    size = area[2] - area[0], area[3] - area[1]
    if picture.shape[1] < size[0]:  # the edge of what is enlarged must not show its steps
        edge = uniform_filter(picture[..., 3], 3)
        picture[..., 3] = np.minimum(picture[..., 3], np.clip(2 * edge - 1, 0, 1))
    patch = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    if patch.size != size:
        patch = patch.resize(
            size, Image.Resampling.BICUBIC if patch.width < size[0] else Image.Resampling.BOX
        )
    canvas.paste(patch, area[:2], patch)
