"""Copies of pictures with boxes on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from dse.data.pictures import no_boxes
from dse.detection.detections import Detections
from dse.evaluation import Finding
from dse.views.contact_sheet.drawn import draw_all


def found(name: str) -> Finding:
    """A box in the middle of a grey picture."""
    box = np.array([[20, 20, 60, 60]], np.float32)
    seen = Detections(box, np.array([0.9], np.float32))
    return Finding(name, 80, 100, seen, no_boxes(), no_boxes(), None)


def grey(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((80, 100, 3), 90, np.uint8)).save(path, "PNG")
    return path


def test_the_copy_has_the_box_and_the_original_stays(tmp_path: Path) -> None:
    file = grey(tmp_path / "in" / "a.png")
    before = file.read_bytes()
    (copy,) = draw_all([file], [found("a")], ["face"], tmp_path / "out")
    assert copy == tmp_path / "out" / "a.png" and file.read_bytes() == before
    changed = (np.asarray(Image.open(copy)) != 90).any(axis=2)
    assert changed[20:60, 20].all() and not changed[40, 40] and not changed[:10, :10].any()


def test_files_of_one_name_stay_apart(tmp_path: Path) -> None:
    files = [grey(tmp_path / side / "a.png") for side in ("left", "right")]
    drawn = draw_all(files, [found("a"), found("b")], ["face"], tmp_path / "out")
    assert [one.relative_to(tmp_path / "out") for one in drawn] == [
        Path("left/a.png"), Path("right/a.png"),
    ]  # fmt: skip


def test_a_file_without_an_ending_gets_one(tmp_path: Path) -> None:
    (copy,) = draw_all([grey(tmp_path / "a")], [found("a")], ["face"], tmp_path / "out")
    assert copy.name == "a.png" and Image.open(copy).format == "PNG"
