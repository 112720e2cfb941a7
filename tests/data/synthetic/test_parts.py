"""Backgrounds, things, camera, bodies, noise: each draws what it promises."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dse.data.synthetic.background import BACKGROUNDS, background
from dse.data.synthetic.body import CLOTHES, Body, render_body
from dse.data.synthetic.camera import Camera, expose
from dse.data.synthetic.hair import HATS, STYLES, Beard, dress
from dse.data.synthetic.head import Expression, Pose, Shape, grid, sculpt
from dse.data.synthetic.noise import TILE, grain, lookup, nearest, spectral
from dse.data.synthetic.shading import Light, Wear, render_head
from dse.data.synthetic.skin import Paint, encode, linear, tone
from dse.data.synthetic.surface import make_surface
from dse.data.synthetic.things import DISTRACTORS, OCCLUDERS, Thing, draw_thing


@pytest.mark.parametrize("kind", sorted(BACKGROUNDS))
@pytest.mark.parametrize("blur", [0.0, 5.0])
def test_backgrounds_fill_the_picture_and_differ_by_seed(kind: str, blur: float) -> None:
    first, second = (background(kind, blur, seed, 101, 67) for seed in (0, 1))
    assert first.shape == (67, 101, 3) and first.dtype == np.uint8
    assert not np.array_equal(first, second)
    assert np.array_equal(first, background(kind, blur, 0, 101, 67))


@pytest.mark.parametrize("kind", sorted({**DISTRACTORS, **OCCLUDERS}))
def test_things_are_opaque_somewhere_and_turn(kind: str) -> None:
    thing = Thing(kind, 0, 0, 40, 50, (180, 130, 90), seed=5)
    image = draw_thing(thing)
    assert image.size == (40, 50) and np.asarray(image)[..., 3].max() > 200
    turned = draw_thing(Thing(kind, 0, 0, 40, 50, (180, 130, 90), turn=30, seed=5))
    assert turned.size > image.size


def test_a_plain_camera_changes_little_and_a_grey_one_is_grey() -> None:
    scene = background("room", 0, 1, 64, 48)
    plain = expose(scene, Camera(metering=0.0), 0)
    assert np.abs(plain.astype(int) - scene).max() <= 1
    grey = expose(scene, Camera(saturation=0.0), 0)
    assert np.ptp(grey.astype(int), axis=2).max() <= 1


def test_noise_blur_and_jpeg_do_what_they_say() -> None:
    scene = np.full((64, 64, 3), 128, np.uint8)
    noisy = expose(scene, Camera(noise=10.0, metering=0.0), 0)
    assert 7 < noisy.std() < 13
    edge = scene.copy()
    edge[:, 32:] = 0
    for camera in (Camera(defocus=2.0), Camera(motion=7)):
        steps = np.abs(np.diff(expose(edge, camera, 0)[32, :, 0].astype(int)))
        assert steps.max() < 60
    rough = background("foliage", 0, 0, 64, 64)
    assert not np.array_equal(expose(rough, Camera(jpeg=20), 0), expose(rough, Camera(), 0))


@pytest.mark.parametrize("kind", CLOTHES)
def test_bodies_stand_below_the_chin(kind: str) -> None:
    across, up = np.meshgrid(*np.linspace((-3, 0), (3, -6), 40, dtype=np.float32).T)
    picture = render_body(Body(kind=kind), (200, 150, 120), Light(), across, up)
    assert picture[..., 3][up > -0.9].max() == 0
    assert picture[..., 3][(up < -3) & (np.abs(across) < 1)].min() == 1
    assert picture[..., :3].min() >= 0 and picture[..., :3].max() <= 1


@pytest.mark.parametrize("hat", HATS)
def test_heads_with_every_hat_are_solid_and_lit_from_the_lamp(hat: str) -> None:
    cells = grid(100, 100)
    naked = sculpt(Shape(), Expression(), cells)
    radius, covers = dress(Shape(), naked, cells, STYLES["crew"], Beard(), hat, False)
    surface = make_surface(radius, covers, cells)
    axis = np.linspace(-1.3, 1.3, 60, dtype=np.float32)
    across, up = np.meshgrid(axis, -axis)
    light = Light((-0.8, 0.0, 0.6), key=1.0, fill=0.2)
    skin = Paint((200, 150, 120))
    picture = render_head(
        surface, Shape(), Expression(), Pose(), skin, Wear(), light, 0.1, across, up
    )
    face = (np.abs(across) < 0.5) & (np.abs(up + 0.3) < 0.3)
    assert picture[face][:, 3].min() == 1
    left, right = face & (across < 0), face & (across > 0)
    assert picture[left][:, :3].mean() > picture[right][:, :3].mean() + 0.05


def test_eyes_and_lips_are_darker_than_cheeks() -> None:
    cells = grid(128, 136)
    covers = np.zeros((128, 136, 4), np.float32)
    surface = make_surface(sculpt(Shape(), Expression(), cells), covers, cells)
    axis = np.linspace(-1.3, 1.3, 120, dtype=np.float32)
    across, up = np.meshgrid(axis, -axis)
    picture = render_head(
        surface, Shape(), Expression(), Pose(), Paint(tone(0.2)), Wear(), Light(), 0.1, across, up
    )[..., :3].mean(axis=2)

    def patch(x: float, y: float) -> float:
        return float(picture[(np.abs(across - x) < 0.08) & (np.abs(up - y) < 0.05)].mean())

    cheek = (patch(0.42, -0.4) + patch(-0.42, -0.4)) / 2
    assert patch(0.345, 0.0) < cheek - 0.05 and patch(-0.345, 0.0) < cheek - 0.05
    assert patch(0.0, -0.74) < cheek - 0.05


def test_noise_is_periodic_and_standardised() -> None:
    field = spectral(64, 1.2, 0)
    assert abs(field.mean()) < 1e-4 and field.std() == pytest.approx(1, abs=1e-4)
    place = np.array([3.25, 200.5], np.float32)
    tile = grain(1.2)
    assert np.allclose(lookup(tile, place, place), lookup(tile, place + TILE, place - TILE))
    whole = np.array([7.0, 255.0], np.float32)
    assert np.allclose(lookup(tile, whole, whole), nearest(tile, whole, whole))


def test_skin_darkens_along_the_scale_and_light_survives_encoding() -> None:
    steps = [sum(tone(position)) for position in np.linspace(0, 1, 9)]
    assert all(a > b for a, b in pairwise(steps))
    assert np.allclose(encode(linear((10, 120, 250))) * 255, (10, 120, 250), atol=2)
