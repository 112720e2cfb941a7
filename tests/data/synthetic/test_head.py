"""The head's geometry: pose, box and relief."""

from __future__ import annotations

import numpy as np
import pytest

from dse.data.synthetic.hair import COVERS, STYLES, Beard, dress
from dse.data.synthetic.head import Expression, Pose, Shape, face_box, grid, sculpt
from dse.data.synthetic.surface import make_surface, trace


def test_a_pose_is_a_rotation_in_the_promised_directions() -> None:
    matrix = Pose(0.3, -0.2, 0.5).matrix()
    assert np.allclose(matrix @ matrix.T, np.eye(3))
    nose = np.array([0.0, 0.0, 1.0])
    assert (Pose(yaw=0.3).matrix() @ nose)[0] > 0.2
    assert (Pose(pitch=0.3).matrix() @ nose)[1] > 0.2
    assert (Pose(roll=0.3).matrix() @ np.array([0.0, 1.0, 0.0]))[0] > 0.2


def test_the_box_spans_chin_to_crown_and_ear_to_ear() -> None:
    left, top, right, bottom = face_box(Shape(), Pose(distance=1e6))
    assert bottom == pytest.approx(1.14, abs=0.03)
    assert top == pytest.approx(-1.08, abs=0.03)
    assert right == pytest.approx(-left) and right == pytest.approx(0.76, abs=0.03)


@pytest.mark.parametrize("yaw", [-1.4, -0.6, 0.6, 1.4])
def test_the_box_follows_the_turned_face(yaw: float) -> None:
    left, _, right, _ = face_box(Shape(), Pose(yaw=yaw))
    assert np.sign(left + right) == np.sign(yaw)


def test_the_nose_stands_out_and_the_eyes_lie_deep() -> None:
    cells = grid(140, 144)
    radius = sculpt(Shape(), Expression(), cells)
    front = np.argmin(np.abs(cells.angle))

    def at(height: float, column: int = int(front)) -> float:
        return float(radius[np.argmin(np.abs(cells.height - height)), column])

    assert at(-0.37) > at(0.05) + 0.15
    assert at(-0.37) > at(-0.62) + 0.1
    eye = int(np.argmin(np.abs(cells.angle - 0.42)))
    assert at(0.0, eye) < at(0.25, eye)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_hair_only_grows_and_covers_stay_shares(style: str) -> None:
    cells = grid(90, 90)
    naked = sculpt(Shape(), Expression(), cells)
    radius, covers = dress(Shape(), naked, cells, STYLES[style], Beard(), "none", False)
    assert covers.shape == (90, 90, len(COVERS))
    assert covers.min() >= 0 and covers.max() <= 1 + 1e-6
    skull = naked > 0.3
    assert (radius[skull] >= naked[skull] - 1e-4).all()


def test_rays_meet_the_surface_where_it_is() -> None:
    cells = grid(140, 144)
    shape = Shape()
    covers = np.zeros((140, 144, len(COVERS)), np.float32)
    surface = make_surface(sculpt(shape, Expression(), cells), covers, cells)
    axis = np.linspace(-1.4, 1.4, 80, dtype=np.float32)
    across, up = np.meshgrid(axis, -axis)
    hits = trace(surface, Pose(yaw=0.3, distance=1e6), across, up)
    assert 0.2 < len(hits.index) / across.size < 0.8
    assert np.allclose(np.linalg.norm(hits.normal, axis=1), 1, atol=1e-4)
    assert np.median(hits.normal[:, 2]) > 0.5
    point = np.stack([hits.x, hits.y, hits.z], 1) @ Pose(yaw=0.3).matrix().T
    assert np.allclose(point[:, 0], across.ravel()[hits.index], atol=1e-3)
    assert np.allclose(point[:, 1], up.ravel()[hits.index], atol=1e-3)
