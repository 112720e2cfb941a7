"""Boxes on pictures without labels: the report, the command, the copies."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dse
from dse.cli import main
from dse.data import open_data
from dse.designs.detecting import DetectionReport
from dse.errors import DataError

pytestmark = pytest.mark.slow

SHIPPED = "P5-a0.5-256-FP32"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two drawn scenes, and a file that is no picture."""
    place = tmp_path_factory.mktemp("pictures")
    for number, scene in enumerate(open_data("synthetic:40", "eval").pictures[:2]):
        Image.fromarray(scene.load()).save(place / f"scene{number}.png")
    (place / "broken.jpg").write_text("no picture")
    return place


@pytest.fixture(scope="module")
def report(folder: Path) -> DetectionReport:
    return dse.detect(SHIPPED, folder, score=0.3, results=folder)


def test_a_row_is_a_box_within_its_picture(report: DetectionReport, folder: Path) -> None:
    rows = report.boxes()
    assert rows and {row["class"] for row in rows} == {"face"}
    for row in rows:
        with Image.open(row["picture"]) as image:
            width, height = image.size
        assert 0 <= row["x0"] < row["x1"] <= width and 0 <= row["y0"] < row["y1"] <= height
        assert 0.3 <= row["score"] <= 1


def test_a_broken_picture_is_told_and_no_reason_to_stop(report: DetectionReport) -> None:
    assert [Path(one.name).name for one in report.pictures] == ["scene0.png", "scene1.png"]
    assert len(report.skipped) == 1 and "broken.jpg" in report.skipped[0].reason


def test_boxes_are_those_that_evaluation_counts(report: DetectionReport, folder: Path) -> None:
    from dse.designs.finding import find_detector
    from dse.evaluation import find_faces

    detector = find_detector(SHIPPED, folder, None, lambda words: None)
    with detector.running() as predict:
        findings = find_faces(predict, 256, open_data("synthetic:40", "eval"))
    for seen, judged in zip(report.pictures, findings.pictures[:2], strict=True):
        expected = judged.detections.above(0.3)
        np.testing.assert_allclose(seen.detections.boxes, expected.boxes, atol=1e-3)


def test_the_command_prints_and_draws(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = tmp_path / "drawn"
    asked = ["detect", SHIPPED, str(folder), "--draw", str(drawn), "--results", str(tmp_path)]
    assert main([*asked, "--score", "0.3"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].endswith("boxes on 2 pictures") and "left out: " in err
    assert sorted(one.name for one in drawn.iterdir()) == ["scene0.png", "scene1.png"]
    assert main([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["scores"] == {"face": 0.5} and len(told["pictures"]) == 2
    assert all(row["score"] >= 0.5 for row in told["boxes"])


def test_where_nothing_can_be_read_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("no picture")
    with pytest.raises(DataError, match=r"no picture could be read: .*a\.jpg"):
        dse.detect(SHIPPED, tmp_path, results=tmp_path)
