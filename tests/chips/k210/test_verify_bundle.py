from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dse.chips.abilities import VerifyReport
from dse.chips.k210 import verify_bundle, verify_kmodel
from dse.chips.k210.bundle.flash_package import flash_package
from dse.chips.k210.bundle.manifest import checksums, to_json
from dse.chips.k210.target import K210Target
from dse.data.pictures import DataSet
from dse.errors import CompilerError

pytestmark = [pytest.mark.compiler, pytest.mark.slow]


@pytest.fixture
def bundle(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "bundle"))


def verify(bundle: Path, data: DataSet | None = None) -> VerifyReport:
    return verify_bundle(bundle, data, workers=1)


def rewrite(bundle: Path, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes a JSON file, and the manifest's checksum of it as a careful forger would."""
    table = json.loads((bundle / name).read_text())
    change(table)
    (bundle / name).write_text(json.dumps(table))
    if name != "manifest.json":
        sign(bundle)


def sign(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    files = {name: (bundle / name).read_bytes() for name in manifest["files"]}
    manifest["files"] = checksums(files)
    (bundle / "manifest.json").write_bytes(to_json(manifest))


def test_a_whole_bundle_is_fine(pristine: Path) -> None:
    report = verify(pristine)
    assert report.problems == []
    assert report.ok
    assert report.measured["candidate"] == "A63-a0.35-64-kpu8"
    assert report.measured["kmodel_version"] == 5
    assert report.measured["correlation"] > 0.9


def test_with_pictures_ap_is_measured_again(pristine: Path, data: DataSet) -> None:
    report = verify(pristine, data)
    claimed = json.loads((pristine / "manifest.json").read_text())["accuracy"]["kmodel_ap"]
    assert report.ok, report.problems
    assert report.measured["kmodel_ap"] == pytest.approx(claimed, abs=1e-6)
    assert report.measured["pictures"] == 3


def test_a_false_claim_is_found(bundle: Path, data: DataSet) -> None:
    rewrite(bundle, "manifest.json", lambda table: table["accuracy"].update(kmodel_ap=0.99))
    report = verify(bundle, data)
    assert any("claims AP 0.9900" in problem for problem in report.problems)


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.pop("data"),
        lambda table: table.update(data=3),
        lambda table: table["accuracy"].update(kmodel_ap="good"),
    ],
)
def test_a_claim_that_is_none_is_found(bundle: Path, data: DataSet, change: Any) -> None:
    rewrite(bundle, "manifest.json", change)
    report = verify(bundle, data)
    assert any("manifest.json lacks" in problem for problem in report.problems)
    assert "correlation" not in report.measured  # nothing is run for it


@pytest.mark.parametrize(
    "name", ["model.kmodel", "model.tflite", "detector.json", "README.md", "MODEL_CARD.md"]
)
def test_a_changed_file_is_named(bundle: Path, name: str) -> None:
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)
    assert any(name in problem for problem in verify(bundle).problems)


@pytest.mark.parametrize("name", ["model.kmodel", "detector.json", "manifest.json", "README.md"])
def test_a_missing_file_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    assert any(name in problem for problem in verify(bundle).problems)


@pytest.mark.parametrize("kept", [0, 3, 40, 1000, 100_000])
def test_a_truncated_kmodel_is_found_even_with_a_new_checksum(bundle: Path, kept: int) -> None:
    whole = (bundle / "model.kmodel").read_bytes()
    (bundle / "model.kmodel").write_bytes(whole[:kept])
    sign(bundle)
    assert verify(bundle).problems


def test_a_package_with_another_kmodel_is_found(bundle: Path) -> None:
    (bundle / "model.kfpkg").write_bytes(flash_package(b"an older model"))
    sign(bundle)
    assert any("model.kfpkg" in problem for problem in verify(bundle).problems)


def test_random_bytes_are_no_kmodel(bundle: Path) -> None:
    content = np.random.default_rng(0).bytes(5000)
    (bundle / "model.kmodel").write_bytes(content)
    sign(bundle)
    assert any("not a kmodel" in problem for problem in verify(bundle).problems)


def test_a_kmodel_with_other_weights_is_found(bundle: Path) -> None:
    content = bytearray((bundle / "model.kmodel").read_bytes())
    rng = np.random.default_rng(0)
    content[100_000:160_000] = rng.bytes(60_000)
    (bundle / "model.kmodel").write_bytes(content)
    sign(bundle)
    assert verify(bundle).problems


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda t: t["input"].update(size_pixels=96), "input size 96"),
        (lambda t: t["output"].update(map_height=7), "output shape"),
        (lambda t: t["canonical_boxes_pixels"].pop(), "24 canonical boxes"),
        (lambda t: t["canonical_boxes_pixels"].__setitem__(0, [0, 5]), "a canonical box"),
        (lambda t: t["canonical_boxes_pixels"][3].__setitem__(1, 50), "a canonical box"),
        (lambda t: t.pop("score_threshold"), "score_threshold"),
        (lambda t: t.update(class_score_thresholds=[0.5, 0.5]), "class_score_thresholds"),
        (lambda t: t.update(iou_threshold="high"), "detector.json"),
        (lambda t: t.update(box_scale=0), "box_scale"),
        (lambda t: t.pop("output"), "output"),
    ],
)
def test_a_wrong_detector_file_is_found(bundle: Path, change: Any, named: str) -> None:
    rewrite(bundle, "detector.json", change)
    problems = verify(bundle).problems
    assert any(named in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "no JSON"),
        (b"[1]", "no table"),
        (b"{}", "version"),
        (b'{"files": 3}', "lists no files"),
    ],
)
def test_a_wrong_manifest_is_found(bundle: Path, content: bytes, named: str) -> None:
    (bundle / "manifest.json").write_bytes(content)
    problems = verify(bundle).problems
    assert any(named in problem for problem in problems), problems


def test_a_rejected_export_stays_rejected(bundle: Path) -> None:
    rewrite(bundle, "manifest.json", lambda table: table.update(rejected="it lost its accuracy"))
    assert any("lost its accuracy" in problem for problem in verify(bundle).problems)


def test_strangers_are_named(bundle: Path) -> None:
    (bundle / "notes.txt").write_text("mine")
    assert any("notes.txt" in problem for problem in verify(bundle).problems)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    assert not verify(tmp_path / "missing").ok
    assert not verify(tmp_path).ok


def test_a_target_that_cannot_load_it_is_named(pristine: Path) -> None:
    report = verify_bundle(pristine, target=K210Target.load("k210-canmv-v5"))
    assert any("loads what nncase 1.1.0" in problem for problem in report.problems)
    report = verify_bundle(pristine, target=K210Target.load("k210-maixpy-full"))
    assert any("loads kmodel version 3, 4" in problem for problem in report.problems)
    assert "correlation" not in report.measured


@pytest.mark.parametrize("name", ["mine", "../k210", "k210/../k210", None, 3, "\ud800"])
def test_a_target_that_nobody_knows_is_named(bundle: Path, name: object) -> None:
    rewrite(bundle, "manifest.json", lambda table: table["target"].update(name=name))
    assert any("not known here" in problem for problem in verify(bundle).problems)


def test_a_compiler_that_cannot_be_had_is_no_fault_of_the_bundle(
    pristine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise CompilerError("there is no uv here")

    monkeypatch.setattr("dse.chips.k210.compiler.simulator.toolchain", missing)
    with pytest.raises(CompilerError, match="no uv"):
        verify(pristine)


@pytest.mark.parametrize("damage", ["all", "head", "tail"])
def test_a_damaged_tflite_file_is_found_in_its_own_process(bundle: Path, damage: str) -> None:
    whole = bytearray((bundle / "model.tflite").read_bytes())
    rng = np.random.default_rng(1)
    if damage == "all":
        whole[:] = b"TFL3" * (len(whole) // 4)
    elif damage == "head":
        whole[16:4000] = rng.bytes(3984)
    else:
        del whole[len(whole) // 2 :]
    (bundle / "model.tflite").write_bytes(whole)
    sign(bundle)
    (problem,) = verify(bundle).problems
    assert "TensorFlow-Lite file" in problem


def test_a_bare_kmodel_is_run(pristine: Path, data: DataSet) -> None:
    file, target = pristine / "model.kmodel", K210Target.load("k210")
    report = verify_kmodel(file, data, workers=1, target=target)
    assert report.ok, report.problems
    assert report.measured["kmodel_version"] == 5
    assert report.measured["module_0"].startswith(("k210", "stackvm"))
    assert 0 <= report.measured["kmodel_ap"] <= 1
    assert not verify_kmodel(file, target=K210Target.load("k210-canmv")).ok


def test_a_kmodel_that_leaves_its_memory_is_a_problem_and_is_not_run(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = bundle / "model.kmodel"
    stride, back = (struct.pack("<Bi", 0x02, step) for step in (16, -16))
    assert stride in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(stride, back))
    (bundle / "model.kfpkg").write_bytes(flash_package(file.read_bytes()))
    sign(bundle)
    monkeypatch.setattr("subprocess.Popen", None)
    for report in (verify(bundle), verify_kmodel(file, target=K210Target.load("k210"))):
        (problem,) = report.problems
        assert "the kmodel is corrupt: a tensor" in problem


@pytest.mark.parametrize("name", ["model.kmodel", "manifest.json", "README.md"])
def test_a_pipe_in_place_of_a_file_is_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    os.mkfifo(bundle / name)
    problems = verify(bundle).problems
    assert any(f"{name}: not a regular file" in problem for problem in problems)


@pytest.mark.parametrize("content", [b"", b"LDMK", bytes(100), b"\xff" * 5000])
def test_a_file_that_is_no_kmodel_is_a_problem(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.kmodel").write_bytes(content)
    assert verify_kmodel(tmp_path / "model.kmodel", target=K210Target.load("k210")).problems
