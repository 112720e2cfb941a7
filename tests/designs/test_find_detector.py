"""One door for every kind of detector, and what is turned away at it."""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dse.chips import load_target
from dse.chips.k210 import Deployment, PictureProcesses, deploy
from dse.chips.k210.compiler.tflite import random_tflite
from dse.designs import Detector
from dse.errors import DseError, StudyError, UsageError, VerificationFailed
from dse.network.detector import detector_graph
from dse.network.graph import Graph, Layer
from dse.space import Training
from tests.chips.k210.networks_and_pictures import SIZE, TRAINING, random_canvases, random_weights

pytestmark = [pytest.mark.compiler, pytest.mark.slow]

Find = Callable[[object], Detector]
CANVASES = random_canvases(3, SIZE, seed=7)


@pytest.mark.parametrize("name", ["", "model.kmodel", "model.tflite"])
def test_a_bundle_and_its_files_run_with_the_settings_beside_them(
    find: Find, bundle: Path, name: str
) -> None:
    detector = find(bundle / name)
    assert detector.input_size == SIZE
    assert detector.score == 0.625
    assert detector.name == f"{bundle.name}/{name or 'model.kmodel'}"
    with detector.running() as predict:
        assert predict(CANVASES).shape == (3, SIZE // 16, SIZE // 16, 125)


def test_a_kmodel_computes_what_the_simulator_does(
    find: Find, bundle: Path, deployment: Deployment, said: list[str]
) -> None:
    with deployment.predictor(workers=1) as simulate, find(bundle).running() as predict:
        np.testing.assert_array_equal(predict(CANVASES), simulate(CANVASES))
    assert said == [
        "the file itself, emulated, with the same maps of the first pictures as the simulator"
    ]


def test_a_tflite_file_is_the_float_network_of_the_same_bundle(find: Find, bundle: Path) -> None:
    with find(bundle / "model.tflite").running() as in_float, find(bundle).running() as on_chip:
        one, other = in_float(CANVASES).ravel(), on_chip(CANVASES).ravel()
    assert np.corrcoef(one, other)[0, 1] > 0.95


def test_a_file_alone_is_taken_as_it_is_and_told_so(
    find: Find, bundle: Path, deployment: Deployment, tmp_path: Path, said: list[str]
) -> None:
    alone = shutil.copy(bundle / "model.kmodel", tmp_path / "mine.kmodel")
    with find(alone).running() as predict, find(bundle).running() as scaled:
        boxes, divided = (run(CANVASES)[..., 1::5] for run in (predict, scaled))
    assert deployment.box_scale > 1
    np.testing.assert_allclose(boxes, divided * deployment.box_scale, rtol=1e-6)
    assert any("no detector.json beside mine.kmodel" in line for line in said)


def test_files_have_one_input_size(find: Find, bundle: Path) -> None:
    for name in ("model.kmodel", "model.tflite"):
        with pytest.raises(UsageError, match="one input size"):
            find(bundle / name).predict_at(128)


@pytest.mark.parametrize("suffix", [".kmodel", ".tflite"])
def test_other_content_under_a_detectors_name(find: Find, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"notes{suffix}"
    with pytest.raises(UsageError, match="No such file"):
        find(path)
    path.write_text("this is a text, and no network at all")
    with pytest.raises(VerificationFailed, match="not a"):
        find(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(UsageError, match=r"not a regular file|No such file"):
        find(path)


@pytest.mark.parametrize("kept", [8, 200, 5000])
def test_a_cut_file_is_refused(find: Find, bundle: Path, kept: int) -> None:
    for name in ("model.kmodel", "model.tflite"):
        path = bundle / name
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(VerificationFailed):
            find(path)


def test_a_kmodel_of_an_unknown_version_is_named(find: Find, tmp_path: Path) -> None:
    path = tmp_path / "new.kmodel"
    path.write_bytes(struct.pack("<4s7I", b"LDMK", 6, 0, 0, 0, 0, 0, 0) + bytes(64))
    with pytest.raises(VerificationFailed, match="version 6"):
        find(path)


@pytest.fixture(scope="module", params=[3, 4])
def older(request: pytest.FixtureRequest) -> Deployment:
    """Of version 3 or 4, with a box scale that is not 1."""
    version, graph = request.param, detector_graph(Training.parse("P5-a0.5-64"))
    made = deploy(graph, random_weights(graph), random_canvases(4, 64), kmodel_versions=(version,))
    assert made.box_scale > 1
    return made


def _write_older(folder: Path, older: Deployment, channels: int = 125) -> None:
    table = {
        "box_scale": older.box_scale, "score_threshold": 0.25, "input": {"size_pixels": 64},
        "output": {"channels": channels, "map_height": 4, "map_width": 4},
    }  # fmt: skip
    (folder / "detector.json").write_text(json.dumps(table))
    (folder / "model.kmodel").write_bytes(older.content)


def test_an_older_kmodel_computes_what_the_referee_saw(
    find: Find, older: Deployment, tmp_path: Path, said: list[str]
) -> None:
    _write_older(tmp_path, older)
    detector = find(tmp_path / "model.kmodel")
    assert (detector.input_size, detector.score) == (64, 0.25)
    with older.running(workers=1) as refereed, detector.running() as predict:
        np.testing.assert_array_equal(predict(CANVASES), refereed(CANVASES))
    assert len(said) == 1 and "emulator of nncase 0." in said[0]


def test_an_older_kmodel_alone_has_a_square_map(
    find: Find, older: Deployment, tmp_path: Path, said: list[str]
) -> None:
    (tmp_path / "mine.kmodel").write_bytes(older.content)
    with older.running(workers=1) as refereed, find(tmp_path / "mine.kmodel").running() as predict:
        boxes, divided = (run(CANVASES)[..., 1::5] for run in (predict, refereed))
    np.testing.assert_allclose(boxes, divided * older.box_scale, rtol=1e-6)
    assert any("no detector.json beside mine.kmodel" in line for line in said)


def test_an_older_kmodel_that_is_damaged_or_another_network(
    find: Find, older: Deployment, tmp_path: Path
) -> None:
    _write_older(tmp_path, older, channels=100)
    with pytest.raises(VerificationFailed, match=r"float32 \(100, 4, 4\)"):
        find(tmp_path / "model.kmodel")
    _write_older(tmp_path, older)
    (tmp_path / "model.kmodel").write_bytes(older.content[:5000])
    with pytest.raises(VerificationFailed):
        find(tmp_path / "model.kmodel")


@pytest.mark.parametrize(
    ("size", "channels", "why"),
    [
        ((32, 32), 10, "10 channels"),
        ((32, 48), 10, "10 channels"),
        ((32, 32), 4, "4 channels"),
    ],
)
def test_a_tflite_file_of_another_network(
    find: Find, tmp_path: Path, size: tuple[int, int], channels: int, why: str
) -> None:
    layers = (
        Layer("input", "input", (), (*size, 3)),
        Layer("head", "conv", ("input",), (*size, channels), bias=True),
    )
    path = tmp_path / "other.tflite"
    path.write_bytes(random_tflite(Graph("other", layers, ("head",)), seed=0))
    with pytest.raises(VerificationFailed, match=why):
        find(path)


@pytest.mark.parametrize("score", [None, "0.5", 1.5, -0.1, True])
def test_a_threshold_that_is_none_is_refused(find: Find, bundle: Path, score: object) -> None:
    (bundle / "detector.json").write_text(json.dumps({"box_scale": 1, "score_threshold": score}))
    with pytest.raises(DseError, match="score_threshold"):
        find(bundle)


@pytest.mark.parametrize("own", [None, 0.5, [0.5, 0.5], ["0.5"], [1.5], [True]])
def test_thresholds_of_classes_that_are_none_are_refused(
    find: Find, bundle: Path, own: object
) -> None:
    table = {"box_scale": 1, "score_threshold": 0.5, "class_score_thresholds": own}
    (bundle / "detector.json").write_text(json.dumps(table))
    with pytest.raises(DseError, match="class_score_thresholds"):
        find(bundle)


def test_a_path_that_is_no_detector(find: Find, tmp_path: Path) -> None:
    (tmp_path / "weights.npz").write_bytes(b"")
    with pytest.raises(UsageError, match=r"no \.kmodel or \.tflite file"):
        find(tmp_path / "weights.npz")
    with pytest.raises(UsageError, match="is no bundle"):
        find(tmp_path)


def test_names_need_a_study_unless_the_package_ships_them(find: Find) -> None:
    for name in ("best", "3", "P5-a1-224", "A98-a0.5-224-kpu8"):
        with pytest.raises(StudyError, match="no study"):
            find(name)


def test_a_shipped_detector_runs_in_every_format(find: Find, said: list[str]) -> None:
    detector = find("P5-a0.5-256-FP32")
    assert (detector.name, detector.input_size) == ("P5-a0.5-256-FP32", 256)
    assert (detector.pictures, detector.score) == ("synthetic", None)
    assert "dse's own" in said[0]
    assert find("P5-a0.5-256").name == "P5-a0.5-256-kpu8"


def test_a_trained_design_in_kpu8_is_the_kmodel_itself(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dse.designs.trained import TrainedDesign
    from dse.designs.trained_detector import TrainedDetector
    from dse.training.recipe import Recipe
    from dse.workers.training_job import Job

    job = Job(
        "synthetic", "synthetic:9", Recipe(), "shipped", ("kpu8",), "cache", load_target("k210")
    )
    design = TrainedDesign(TRAINING.in_format("kpu8"), {}, job, "study", Path("results"), {})
    monkeypatch.setattr(TrainedDesign, "deploy", lambda self: deployment)
    said: list[str] = []
    detector = TrainedDetector(design, said.append)
    assert detector.pictures == "synthetic:9"
    with detector.running() as predict, deployment.predictor(workers=1) as simulate:
        np.testing.assert_array_equal(predict(CANVASES), simulate(CANVASES))
    assert said[1] == "compiling" and said[2].startswith("the file itself, emulated")


def test_other_formats_are_the_network_without_calibration() -> None:
    from dse.designs.trained import TrainedDesign
    from dse.designs.trained_detector import TrainedDetector
    from dse.network.keras_inference import predictor
    from dse.training.recipe import Recipe
    from dse.workers.training_job import Job

    graph = detector_graph(TRAINING)
    weights = random_weights(graph)
    job = Job("fddb:gone", "fddb:gone", Recipe(), "shipped", ("FP32",), "cache")
    design = TrainedDesign(TRAINING.in_format("FP32"), weights, job, "study", Path("results"), {})
    with TrainedDetector(design, print).running() as predict:
        wanted = predictor(graph, weights)(CANVASES)
        np.testing.assert_allclose(predict(CANVASES), wanted, atol=1e-4)


@pytest.mark.parametrize("name", ["model.kmodel", "model.tflite", "detector.json"])
def test_a_pipe_is_not_waited_for(find: Find, bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    os.mkfifo(bundle / name)
    with pytest.raises(DseError, match="not a regular file"):
        find(bundle / ("model.kmodel" if name == "detector.json" else name))


def test_a_tflite_file_runs_in_a_process_of_its_own(
    find: Find, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow's interpreter believes every index in a file, and dies of a wrong one."""
    monkeypatch.setattr("dse.chips.k210.compiler.tflite_predictor.interpreter_of", None)
    with find(bundle / "model.tflite").running() as predict:
        assert predict(CANVASES).shape == (3, SIZE // 16, SIZE // 16, 125)
        assert isinstance(predict, PictureProcesses)
        (worker,) = predict._workers  # TensorFlow starts once for three pictures
        libraries = Path(f"/proc/{worker._process._child.pid}/maps").read_text()
        assert "tensorflow" in libraries and "optree" not in libraries  # which Keras imports


def test_a_kmodel_that_leaves_its_memory_reaches_no_simulator(
    find: Find, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (bundle / "model.kmodel").read_bytes()
    stride = struct.pack("<Bi", 0x02, 16)  # from channel to channel, of 4 x 4 pixels
    assert stride in content
    (bundle / "model.kmodel").write_bytes(content.replace(stride, struct.pack("<Bi", 0x02, -16)))
    monkeypatch.setattr("subprocess.Popen", None)
    with pytest.raises(VerificationFailed, match="the kmodel is corrupt: a tensor"):
        find(bundle)
