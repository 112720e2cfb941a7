"""Pictures of detections in a design's panel: which, whose, and what the page says of them."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dse.data.pictures import DataSet, Picture
from dse.detection.detections import Detections
from dse.errors import CompilerError, WeightsError
from dse.evaluation import Finding, Findings
from dse.study.columns import study_columns
from dse.views.contact_sheet.marks import FOUND
from dse.views.dashboard import samples
from dse.views.dashboard.page import write_dashboard
from dse.views.dashboard.samples import LONGER_SIDE, MOST_DESIGNS, StudySamples, study_samples
from tests.study.rows import candidate_row
from tests.views.dashboard.reader import Reader

FACE = np.array([[100.0, 50.0, 300.0, 250.0]], np.float32)
NOTHING = FACE[:0]
SCORE = 0.5
NAMES = [f"A98-a{width:g}-{size}-kpu8" for width in (0.35, 0.5, 0.75) for size in (96, 128, 160)]


SEVERAL = {"cat": 0.9, "dog": 0.4}
"""Classes, each of which has a box on a picture, found with that score."""


def _finding(name: str, finds: bool) -> Finding:
    """A picture of 400 x 800 pixels with one face, found or not."""
    found = Detections(FACE if finds else NOTHING, np.full(int(finds), 0.9, np.float32))
    return Finding(name, 400, 800, found, FACE, NOTHING, None)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A record with nine deployable designs on its front, of which the first left no weights."""
    grey = np.full((400, 800, 3), 128, np.uint8)
    pictures = tuple(Picture(name, FACE, lambda: grey) for name in ("easy", "telling", "hard"))
    job = SimpleNamespace(eval_data="fddb:DIR", cache=str(tmp_path))
    monkeypatch.setattr(samples, "job_of", lambda record: job)
    monkeypatch.setattr(samples, "open_rendered", lambda *_, **__: DataSet("fddb:DIR", pictures))

    def run(record: Any, name: str, data: DataSet, say: object) -> Any:
        if name == NAMES[2]:
            raise CompilerError("it does not fit")
        finds = {"easy": True, "telling": name != NAMES[3], "hard": False}
        findings = Findings()
        findings.pictures = [_finding(one, finds[one]) for one in finds]
        return findings

    monkeypatch.setattr(samples, "_run", run)
    for name in NAMES[1:]:
        folder = tmp_path / "trainings" / name.removesuffix("-kpu8")
        folder.mkdir(parents=True)
        (folder / "weights.npz").touch()
    front = [candidate_row(name) for name in (*NAMES, "A98-a1-224-FP32")]
    return SimpleNamespace(name="k210-001", path=tmp_path, front=front, columns=study_columns())


def test_the_best_designs_run_and_the_others_say_why_not(study: Any) -> None:
    found = study_samples(study, 2, print)
    assert list(found.drawn) == [NAMES[1], *NAMES[3 : MOST_DESIGNS + 1]]
    assert "not in the study's folder" in found.failed[NAMES[0]]
    assert "it does not fit" in found.failed[NAMES[2]]
    assert "highest AP" in found.failed[NAMES[-1]]
    assert set(found.drawn) | set(found.failed) == set(NAMES)


def test_every_design_shows_the_same_telling_pictures(study: Any) -> None:
    found = study_samples(study, 1, print)
    [missed], [hit] = found.drawn[NAMES[3]], found.drawn[NAMES[1]]
    assert (missed.found, missed.false, missed.missed) == (0, 0, 1)
    assert (hit.found, hit.false, hit.missed) == (1, 0, 0)
    assert "1 of 3 evaluation pictures" in found.rule


def test_a_picture_is_a_small_jpeg_with_its_boxes(study: Any) -> None:
    hit = study_samples(study, 1, print).drawn[NAMES[1]][0]
    kind, _, content = hit.address.partition(",")
    assert kind == "data:image/jpeg;base64"
    image = Image.open(io.BytesIO(base64.b64decode(content)))
    assert image.size == (hit.width, hit.height) == (LONGER_SIDE, LONGER_SIDE // 2)
    left, top = (round(float(place) * LONGER_SIDE / 800) for place in FACE[0, :2])
    line = np.asarray(image)[top + 20 : top + 60, left + 1].mean(axis=0)
    wanted = [int(FOUND.colour[place : place + 2], 16) for place in (1, 3, 5)]
    assert np.abs(line - wanted).max() < 40


def test_of_several_classes_each_has_its_threshold_and_its_name(
    study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = np.array([[100, 50, 300, 250], [420, 150, 620, 350], [450, 20, 500, 70]], np.float32)
    scores = np.array([*SEVERAL.values(), 0.6], np.float32)  # the last is a cat that is not there
    found = Detections(boxes, scores, np.array([0, 1, 0], np.int32))
    there = np.array([0, 1], np.int32)
    findings = Findings(tuple(SEVERAL))
    findings.pictures = [
        Finding(name, 400, 800, found, boxes[:2], NOTHING, None, there)
        for name in ("easy", "telling", "hard")
    ]
    monkeypatch.setattr(samples, "_run", lambda *_: findings)
    drawn: dict[str, Any] = {}

    def thumbnail(picture: Any, pixels: Any, size: Any, score: Any, names: Any) -> Image.Image:
        drawn.update(score=score, names=names)
        return Image.new("RGB", size)

    monkeypatch.setattr(samples, "thumbnail", thumbnail)
    made = study_samples(study, 1, print)
    assert made.class_scores[NAMES[1]] == pytest.approx(SEVERAL)
    assert drawn == {"score": pytest.approx([0.9, 0.4]), "names": tuple(SEVERAL)}
    (sample,) = made.drawn[NAMES[1]]
    assert (sample.found, sample.false, sample.missed) == (2, 0, 0)  # 0.6 is enough for dogs alone


def test_without_weights_there_is_nothing_to_run(study: Any) -> None:
    study.path = study.path / "elsewhere"
    with pytest.raises(WeightsError, match="k210-001 has its weights left") as caught:
        study_samples(study, 2, print)
    assert "leave --samples out" in caught.value.hint


# --- in a browser ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reader(browser: Any) -> Iterator[Reader]:
    reader = Reader(browser, viewport={"width": 1440, "height": 900})
    yield reader
    reader.context.close()


def _open(page: Any, candidate: str) -> str:
    page.fill("#query", candidate)
    page.locator("#table tbody .open").first.click()
    text: str = page.inner_text("#details")
    return text


def test_the_panel_shows_pictures_and_says_their_counts(
    reader: Reader, study: Any, record: Any, tmp_path: Path
) -> None:
    front = [r["candidate"] for r in record.rows if r["state"] == "front" and r["deployable"]]
    made = study_samples(study, 2, print)
    shown = StudySamples(
        made.rule, {front[0]: SCORE}, {front[0]: made.drawn[NAMES[3]]}, {front[1]: "Too many."}
    )
    path = write_dashboard([record], tmp_path / "page.html", {record.name: shown})
    page = reader.open(path)
    _open(page, front[0])
    images = page.locator("#details .samples img")
    assert images.nth(1).get_attribute("alt") == (
        "Picture 2: 0 found, 0 false, 1 missed, at a score of 0.50 or more"
    )
    loaded = "[...document.querySelectorAll('.samples img')].map((one) => one.naturalWidth)"
    page.wait_for_function(f"{loaded}.every((width) => width === {LONGER_SIDE})")
    assert images.count() == 2
    assert made.rule in page.inner_text("#details")
    assert "No pictures. Too many." in _open(page, front[1])
    dominated = next(r for r in record.rows if r["state"] == "dominated" and r["deployable"])
    assert "Only designs on the front were run." in _open(page, dominated["candidate"])
    assert reader.complaints == []


def test_the_panel_says_the_thresholds_of_the_classes(
    reader: Reader, study: Any, record: Any, tmp_path: Path
) -> None:
    front = next(r["candidate"] for r in record.rows if r["state"] == "front" and r["deployable"])
    made = study_samples(study, 1, print)
    shown = StudySamples(
        made.rule, {front: SCORE}, {front: made.drawn[NAMES[3]]}, class_scores={front: SEVERAL}
    )
    page = reader.open(write_dashboard([record], tmp_path / "many.html", {record.name: shown}))
    text = _open(page, front)
    assert "where the class's F1 is best (cat 0.90, dog 0.40)" in text
    assert "label of a found object" in text and "label of a found face" not in text
    alt = page.locator("#details .samples img").first.get_attribute("alt")
    assert alt == "Picture 1: 0 found, 0 false, 1 missed, at its class's score or more"
    assert reader.complaints == []


def test_a_page_without_pictures_says_how_to_get_them(
    reader: Reader, record: Any, tmp_path: Path
) -> None:
    page = reader.open(write_dashboard([record], tmp_path / "bare.html"))
    best = next(r for r in record.rows if r["state"] == "front" and r["deployable"])
    assert "dse dashboard --samples" in _open(page, best["candidate"])
    assert page.locator("img").count() == 0
