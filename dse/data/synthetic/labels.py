"""Which faces of a scene count: labelled, ignored, or no face at all; which ones are easy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dse.data.synthetic.people import Person
from dse.data.synthetic.things import Thing

if TYPE_CHECKING:
    from dse.data.synthetic.scene import Scene

__all__ = ["easy_faces", "label"]

Boxes = NDArray[np.float32]
_MIN_SIDE_PIXELS = 6.0
_MAX_HIDDEN = 0.7
_BACK = 2.0
_PROFILE = 1.65
"""Beyond this angle (radians) a face counts neither way; beyond _BACK it is no face."""


_PROBE_X, _PROBE_Y = (
    part.ravel() for part in np.meshgrid(np.linspace(-0.8, 0.8, 7), np.linspace(-0.85, 0.85, 9))
)
_INSIDE = _PROBE_X**2 + _PROBE_Y**2 < 0.95


def _hidden(
    box: tuple[float, float, float, float],
    before: Sequence[Person],
    things: Sequence[Thing],
    limits: tuple[float, float, float, float],
) -> float:
    """Share of a face's ellipse behind people and things in front of it or outside limits."""
    x = (box[0] + box[2]) / 2 + _PROBE_X[_INSIDE] * (box[2] - box[0]) / 2
    y = (box[1] + box[3]) / 2 + _PROBE_Y[_INSIDE] * (box[3] - box[1]) / 2
    covered = (x < limits[0]) | (y < limits[1]) | (x > limits[2]) | (y > limits[3])
    for other in before:
        u, v = (x - other.x) / other.unit, (y - other.y) / other.unit
        covered |= (u / 0.95) ** 2 + (v / 1.25) ** 2 < 1
        covered |= (np.abs(u) < 1.7) & (v > 1.9) & (other.body is not None)
    for thing in things:
        if thing.front:
            u, v = (x - thing.x) / (thing.width / 2), (y - thing.y) / (thing.height / 2)
            covered |= u * u + v * v < thing.solid**2
    return float(covered.mean())


def label(
    people: Sequence[Person],
    things: Sequence[Thing],
    frames: tuple[tuple[int, int, int, int], ...],
    width: int,
    height: int,
) -> tuple[Boxes, Boxes]:
    """Faces to find (n, 4) and faces that count neither way (m, 4), clipped to the picture.

    people: back to front. frames: pictures within the picture; whoever stands in one is
    clipped by it and hidden by nobody.
    """
    found: list[tuple[float, float, float, float]] = []
    ignored: list[tuple[float, float, float, float]] = []
    for place, person in enumerate(people):
        if person.turned_away > _BACK:
            continue
        limits: tuple[float, float, float, float] = (0, 0, width, height)
        for frame in frames:
            if frame[0] <= person.x < frame[2] and frame[1] <= person.y < frame[3]:
                limits = frame
        box = person.box
        before = [] if frames else people[place + 1 :]
        share = _hidden(box, before, things, limits)
        clipped = (
            max(box[0], limits[0]),
            max(box[1], limits[1]),
            min(box[2], limits[2]),
            min(box[3], limits[3]),
        )
        if clipped[2] - clipped[0] < 1 or clipped[3] - clipped[1] < 1:
            continue
        small = min(clipped[2] - clipped[0], clipped[3] - clipped[1]) < _MIN_SIDE_PIXELS
        bad = small or share > _MAX_HIDDEN or person.turned_away > _PROFILE
        (ignored if bad else found).append(clipped)
    return (
        np.array(found, np.float32).reshape(-1, 4),
        np.array(ignored, np.float32).reshape(-1, 4),
    )


def easy_faces(scene: Scene, smallest: float) -> Boxes:
    """(n, 4) the labelled faces that any frontal face detector should find.

    At least `smallest` pixels wide, upright, frontal (within 20 degrees), nearly unhidden, eyes
    and mouth uncovered, well lit, in a picture that is not much degraded.
    """
    poor = scene.camera.defocus > 1.5 or scene.camera.noise > 12 or scene.camera.gain < 0.6
    easy = []
    for place, person in enumerate(scene.people):
        box = person.box
        before = [] if scene.frames else scene.people[place + 1 :]
        covered = _hidden(box, before, scene.things, (0, 0, scene.width, scene.height)) > 0.05
        pose, light = person.pose, person.light.direction
        upright = abs(pose.roll) < 0.2 and abs(pose.pitch) < 0.25 and abs(pose.yaw) < 0.35
        plain = not person.masked and person.paint.glasses != "sun"
        if (
            upright
            and plain
            and light[2] > 0.2
            and not (poor or covered or box[2] - box[0] < smallest)
        ):
            easy.append(box)
    return np.array(easy, np.float32).reshape(-1, 4)
