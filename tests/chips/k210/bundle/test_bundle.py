from __future__ import annotations

import errno
import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dse.chips.abilities import ExportReport
from dse.chips.accuracy import Accuracy
from dse.chips.k210 import Deployment, export_bundle
from dse.chips.k210.target import K210Target
from dse.data.pictures import DataSet
from dse.detection import FACE_HEAD
from dse.errors import DseError, FileError, UsageError, VerificationFailed
from dse.network.arrays import Predict, Weights
from dse.network.graph import Graph
from dse.network.keras_inference import predictor
from tests.chips.k210.networks_and_pictures import SIZE, TRAINING

pytestmark = [pytest.mark.compiler, pytest.mark.slow]

CANDIDATE = TRAINING.in_format("kpu8")
ESTIMATE = {"latency_ms": 12.34, "latency_ms_low": 10.0, "latency_ms_high": 15.0, "energy_mj": 3.7}
STUDY = {"study": "k210-007", "recipe": {"epochs": 3}}


@pytest.fixture(scope="module")
def in_float(graph: Graph, weights: Weights) -> Predict:
    return predictor(graph, weights)


@pytest.fixture(autouse=True)
def compiled_once(
    deployment: Deployment, in_float: Predict, weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundle's own work is what these tests look at."""

    def known(graph: Graph, given: Weights) -> Predict:
        return in_float if given is weights else predictor(graph, given)

    monkeypatch.setattr("dse.chips.k210.bundle.bundle.deploy", lambda *_, **__: deployment)
    monkeypatch.setattr("dse.chips.k210.bundle.bundle.predictor", known)


@pytest.fixture
def exported(
    tmp_path: Path, graph: Graph, weights: Weights, calibration: NDArray[np.uint8], data: DataSet
) -> Any:
    """Exports into `tmp_path / "out"`; takes what differs from the usual."""

    def export(**changes: Any) -> ExportReport:
        usual = {"estimate": ESTIMATE, "study": STUDY, "workers": 1}
        where = changes.pop("folder", tmp_path / "out")
        chosen = changes.pop("candidate", CANDIDATE)
        return export_bundle(
            where, chosen, graph, changes.pop("weights", weights), calibration, data,
            **{**usual, **changes},
        )  # fmt: skip

    return export


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def test_bundle_holds_what_it_promises(exported: Any, deployment: Deployment) -> None:
    report = exported()
    names = {path.name for path in report.path.iterdir()}
    assert names == {
        "MODEL_CARD.md", "README.md", "decode.c", "decode.h", "detector.h", "detector.json",
        "main.c", "main.py", "manifest.json", "model.kfpkg", "model.kmodel", "model.tflite",
    }  # fmt: skip
    assert report.kmodel.read_bytes() == deployment.compiled.kmodel
    assert report.kmodel_bytes == report.kmodel.stat().st_size
    assert report.candidate == "A63-a0.35-64-kpu8"
    assert 0 <= report.kmodel_ap <= 1


def test_manifest_lists_every_other_file(exported: Any) -> None:
    path = exported().path
    listed = read(path / "manifest.json")["files"]
    assert set(listed) == {file.name for file in path.iterdir()} - {"manifest.json"}
    for name, entry in listed.items():
        content = (path / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def test_manifest_keeps_figures_and_origin(exported: Any, data: DataSet) -> None:
    report = exported()
    manifest = read(report.path / "manifest.json")
    assert manifest["rejected"] is None
    assert manifest["accuracy"]["kmodel_ap"] == report.kmodel_ap
    assert manifest["accuracy"]["correlation"] > 0.95
    assert manifest["data"]["checksum"] == data.checksum
    assert manifest["data"]["faces"] == 3
    assert manifest["estimate"] == ESTIMATE
    assert manifest["head"] == FACE_HEAD.to_json()
    assert manifest["study"]["recipe"] == {"epochs": 3}
    assert manifest["versions"]["nncase"] == "1.9.0.20230322"
    assert set(manifest["versions"]) >= {"python", "dse", "numpy"}


def test_the_programs_get_the_thresholds_of_the_classes(
    exported: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(*_: Any, **__: Any) -> Accuracy:
        return Accuracy(0.5, None, 0.6, 0.5, 0.5, {"face": 0.5}, {"face": 0.71239})

    monkeypatch.setattr("dse.chips.k210.bundle.bundle.measure_accuracy", measured)
    path = exported().path
    assert read(path / "detector.json")["class_score_thresholds"] == [0.7123]
    assert read(path / "manifest.json")["accuracy"]["thresholds"] == {"face": 0.71239}


def test_detector_file_suffices_for_decoding(exported: Any, deployment: Deployment) -> None:
    detector = read(exported().path / "detector.json")
    assert detector["input"]["size_pixels"] == SIZE
    assert detector["box_scale"] == deployment.box_scale
    assert detector["output"]["map_height"] == detector["output"]["map_width"] == 4
    assert 0 < detector["score_threshold"] < 1
    boxes = np.array(detector["canonical_boxes_pixels"])
    np.testing.assert_array_equal(boxes.astype(np.float32), FACE_HEAD.sizes(SIZE))


def test_card_and_guide_say_the_figures(exported: Any) -> None:
    report = exported()
    manifest = read(report.path / "manifest.json")
    card = (report.path / "MODEL_CARD.md").read_text()
    for fact in (
        CANDIDATE.id, "12.3 ms (10.0 to 15.0)", f"{report.kmodel_ap:.4f}", "k210-007",
        manifest["data"]["checksum"], manifest["files"]["model.kmodel"]["sha256"],
        f"{report.kmodel_bytes:,}", "recipe.epochs", "1.9.0.20230322",
    ):  # fmt: skip
        assert fact in card
    text = (report.path / "README.md").read_text()
    for fact in ("0x300000", "64 x 64", f"{manifest['compiled']['main_memory_bytes']:,}"):
        assert fact in text
    assert "{" not in text + card


def test_new_bundle_replaces_the_old_one(exported: Any, tmp_path: Path) -> None:
    exported(study={"study": "first"})
    exported(study={"study": "second"})
    assert read(tmp_path / "out" / "manifest.json")["study"]["study"] == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_other_things_is_left_alone(exported: Any, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="no bundle"):
        exported()
    assert (tmp_path / "out" / "thesis.tex").read_text() == "years of work"


def test_full_disk_leaves_the_old_bundle(
    exported: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(study={"study": "first"})

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DseError, match="No space left"):
        exported(study={"study": "second"})
    assert read(tmp_path / "out" / "manifest.json")["study"]["study"] == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("place", "why"),
    [("file", "Not a directory"), ("file/out", "cannot be made a folder"), ("x" * 300, "too long")],
)
def test_a_place_that_takes_no_bundle_is_said(
    exported: Any, tmp_path: Path, place: str, why: str
) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(FileError, match=why):
        exported(folder=tmp_path / place)
    assert (tmp_path / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_formats_that_no_chip_runs_are_refused(exported: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="FP16") as caught:
        exported(candidate=TRAINING.in_format("FP16"))
    assert CANDIDATE.id in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_too_little_memory_fails_the_check(exported: Any, tmp_path: Path) -> None:
    with pytest.raises(VerificationFailed, match="main memory") as caught:
        exported(target=replace(K210Target.load("k210"), main_memory_bytes=100_000))
    assert caught.value.exit_code == 4
    assert [path.name for path in tmp_path.iterdir()] == ["out.rejected"]
    assert "do not deploy" in (tmp_path / "out.rejected" / "MODEL_CARD.md").read_text()


def test_a_kmodel_of_another_network_fails_the_check(
    exported: Any, weights: Weights, tmp_path: Path
) -> None:
    rng = np.random.default_rng(5)
    kernel = rng.permutation(weights["head/kernel"].reshape(-1)).reshape(
        weights["head/kernel"].shape
    )
    with pytest.raises(VerificationFailed, match="correlate"):
        exported(weights={**weights, "head/kernel": kernel})
    assert read(tmp_path / "out.rejected" / "manifest.json")["rejected"]


def test_a_kmodel_that_lost_its_accuracy_fails_the_check(
    exported: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dse.chips.accuracy import Accuracy

    found = iter([Accuracy(0.88, None, 0.5, 0.9, 0.9), Accuracy(0.70, None, 0.5, 0.9, 0.9)])
    monkeypatch.setattr("dse.chips.k210.bundle.bundle.measure_accuracy", lambda *_: next(found))
    with pytest.raises(VerificationFailed, match=r"0\.700, the network's 0\.880"):
        exported()
