"""FDDB: ellipses to boxes, folds to pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.data.fddb import ellipse_boxes, read_fddb, square_boxes
from dse.errors import DataError

UPRIGHT = np.pi / 2


@given(
    st.floats(5, 80), st.floats(5, 80), st.floats(-3.2, 3.2), st.floats(0, 300), st.floats(0, 300)
)
@settings(max_examples=50, deadline=None)
def test_the_box_bounds_the_outline(a: float, b: float, angle: float, x: float, y: float) -> None:
    turn = np.linspace(0, 2 * np.pi, 2000)
    outline_x = x + a * np.cos(turn) * np.cos(angle) - b * np.sin(turn) * np.sin(angle)
    outline_y = y + a * np.cos(turn) * np.sin(angle) + b * np.sin(turn) * np.cos(angle)
    expected = [outline_x.min(), outline_y.min(), outline_x.max(), outline_y.max()]
    found = ellipse_boxes(np.array([[a, b, angle, x, y]]))
    np.testing.assert_allclose(found, [expected], atol=0.01)


def test_square_by_hand() -> None:
    ellipse = np.array([[30, 20, UPRIGHT, 100, 80]])  # 40 pixels wide
    half, centre = 1.3 * 40 / 2, 80 + 0.26 * 40
    expected = [[100 - half, centre - half, 100 + half, centre + half]]
    np.testing.assert_allclose(square_boxes(ellipse), expected, rtol=1e-6)
    np.testing.assert_allclose(square_boxes(ellipse, side=1, drop=0), [[80, 60, 120, 100]])


@pytest.fixture
def fddb(tmp_path: Path, write_picture: Callable[..., Path]) -> Path:
    """Two folds: a picture with an upright and a border ellipse, and one with a lost face."""
    for name in ("2002/08/11/big/img_1", "2002/07/19/big/img_2"):
        write_picture(tmp_path / "originalPics" / f"{name}.jpg", (200, 150))
    folds = tmp_path / "FDDB-folds"
    folds.mkdir()
    (folds / "FDDB-fold-01-ellipseList.txt").write_text(
        f"2002/08/11/big/img_1\n2\n30 20 {UPRIGHT} 100 80  1\n30 20 {UPRIGHT} 195 80  1\n"
    )
    (folds / "FDDB-fold-02-ellipseList.txt").write_text(
        f"2002/07/19/big/img_2\n2\n30 20 {UPRIGHT} 900 80  1\n30 20 0 100 80  1\n\n"
    )
    return tmp_path


def test_reads_all_folds_in_order(fddb: Path) -> None:
    data = read_fddb(fddb, "eval")
    assert [picture.name for picture in data.pictures] == [
        "2002/08/11/big/img_1",
        "2002/07/19/big/img_2",
    ]
    np.testing.assert_allclose(data.pictures[0].boxes, [[80, 50, 120, 110], [175, 50, 200, 110]])
    np.testing.assert_allclose(data.pictures[1].boxes, [[70, 60, 130, 100]], atol=1e-4)
    assert data.pictures[0].load().shape == (150, 200, 3)


def test_squares_go_with_the_boxes(fddb: Path) -> None:
    first, second = read_fddb(fddb, "eval", side=1.0, drop=0.5).pictures
    assert first.boxes_square is not None
    np.testing.assert_allclose(first.boxes_square, [[80, 80, 120, 120], [175, 80, 200, 120]])
    assert second.boxes_square is not None
    np.testing.assert_allclose(second.boxes_square, [[80, 80, 120, 120]])  # not the lost face's


def test_a_face_outside_its_picture_is_counted(fddb: Path) -> None:
    (skipped,) = read_fddb(fddb, "eval").skipped
    assert skipped.name == "2002/07/19/big/img_2 box 1"
    assert "outside its picture of 200 x 150" in skipped.reason


def test_years_beside_the_folds(fddb: Path) -> None:
    (fddb / "originalPics" / "2002").rename(fddb / "2002")
    (fddb / "originalPics").rmdir()
    assert len(read_fddb(fddb, "eval")) == 2


@pytest.mark.parametrize("split", ["train", "val"])
def test_is_not_for_training(fddb: Path, split: str) -> None:
    with pytest.raises(DataError, match=f"no '{split}' pictures") as caught:
        read_fddb(fddb, split)
    assert "--eval-data" in caught.value.hint


def test_a_malformed_line_is_refused_with_its_place(fddb: Path) -> None:
    fold = fddb / "FDDB-folds" / "FDDB-fold-02-ellipseList.txt"
    fold.write_text("2002/07/19/big/img_2\n1\n30 20 1.5 100\n")
    with pytest.raises(DataError, match=r"fold-02-ellipseList.txt:3: expected a face 'major"):
        read_fddb(fddb, "eval")


@pytest.mark.parametrize("row", ["1e308 1e308 1 1 1", "inf 1 1 1 1", f"{'9' * 5000} 1 1 1 1"])
def test_numbers_that_are_none_are_refused(fddb: Path, row: str) -> None:
    fold = fddb / "FDDB-folds" / "FDDB-fold-02-ellipseList.txt"
    fold.write_text(f"2002/07/19/big/img_2\n1\n{row}\n")
    with pytest.raises(DataError, match=r"fold-02-ellipseList.txt:3: expected a face 'major"):
        read_fddb(fddb, "eval")


@pytest.mark.filterwarnings("error")
def test_the_largest_numbers_overflow_nothing(fddb: Path) -> None:
    fold = fddb / "FDDB-folds" / "FDDB-fold-02-ellipseList.txt"
    fold.write_text("2002/07/19/big/img_2\n1\n2e8 2e8 2e8 2e8 2e8\n")
    assert len(read_fddb(fddb, "eval")) == 2


def test_a_fold_leads_nowhere_else(fddb: Path, write_picture: Callable[..., Path]) -> None:
    write_picture(fddb / "out.jpg", (200, 150))
    outside = ["../out", f"{fddb}/out", "/etc/hostname"]
    fold = fddb / "FDDB-folds" / "FDDB-fold-02-ellipseList.txt"
    fold.write_text("".join(f"{name}\n1\n30 20 0 100 80 1\n" for name in outside))
    data = read_fddb(fddb, "eval")
    assert [picture.name for picture in data.pictures] == ["2002/08/11/big/img_1"]
    assert [one.name for one in data.skipped] == [f"{name}.jpg" for name in outside]


def test_too_many_faces_cost_their_picture(fddb: Path) -> None:
    fold = fddb / "FDDB-folds" / "FDDB-fold-02-ellipseList.txt"
    fold.write_text("2002/07/19/big/img_2\n4001\n" + "30 20 0 100 80 1\n" * 4001)
    data = read_fddb(fddb, "eval")
    assert len(data) == 1
    assert "4001 boxes, more than 4000" in data.skipped[-1].reason


def test_a_fold_with_a_hostile_name_is_told_in_plain_letters(fddb: Path) -> None:
    (fddb / "FDDB-folds" / "FDDB-fold-\x1b[2J-ellipseList.txt").write_text("a\nx\n")
    with pytest.raises(DataError, match="expected the number of faces, found 'x'") as caught:
        read_fddb(fddb, "eval")
    assert str(caught.value).isprintable()


def test_the_photographs(photographs: Path) -> None:
    data = read_fddb(photographs / "fddb", "eval")
    folds = (photographs / "fddb" / "FDDB-folds").glob("*ellipseList.txt")
    lines = [line for fold in folds for line in fold.read_text().splitlines()]
    assert len(data) == sum("img_" in line for line in lines)
    assert data.faces == sum(len(line.split()) == 6 for line in lines)
    assert data.skipped == ()
    for picture in data.pictures:
        assert picture.boxes_square is not None
        assert picture.boxes_square.shape == picture.boxes.shape
    heights = np.concatenate([p.boxes[:, 3] - p.boxes[:, 1] for p in data.pictures])
    widths = np.concatenate([p.boxes[:, 2] - p.boxes[:, 0] for p in data.pictures])
    assert 1.2 < np.median(heights / widths) < 1.6  # ellipses of upright faces, not turned
