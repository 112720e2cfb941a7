from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from dse.chips.k210 import Deployment, Kmodel
from dse.chips.k210.bundle.detector_file import detector_table
from dse.chips.k210.bundle.flash_package import flash_package
from dse.chips.k210.bundle.inspection import (
    detector_problems,
    figure_problems,
    file_problems,
    fit_problems,
    manifest_problems,
    package_problems,
)
from dse.chips.k210.bundle.manifest import to_json
from dse.chips.k210.target import K210Target
from dse.detection.head import FACE_HEAD, Head
from dse.detection.region_head import RegionHead
from dse.errors import DseError

pytestmark = [pytest.mark.compiler, pytest.mark.slow]

DESIGN = "A63-a0.35-64-kpu8"


@pytest.fixture
def headers(deployment: Deployment) -> Kmodel:
    return deployment.compiled.headers


@pytest.fixture
def detector(headers: Kmodel) -> dict[str, Any]:
    return json.loads(to_json(detector_table(headers, 64, 4.0, 0.6)))


@pytest.fixture
def manifest(deployment: Deployment) -> dict[str, Any]:
    compiled = deployment.compiled
    names = ("kmodel_bytes", "input_bytes", "output_bytes", "data_bytes", "main_memory_bytes")
    figures = {name: getattr(compiled, name) for name in (*names, "nncase_version")}
    return {"bundle_version": 1, "candidate": DESIGN, "compiled": figures}


def test_a_detector_file_agrees_with_its_kmodel(detector: dict[str, Any], headers: Kmodel) -> None:
    assert detector_problems(detector, headers, DESIGN) == []
    detector["output"]["channels"] = 120
    assert len(detector_problems(detector, headers, DESIGN)) == 2
    assert "input size 64" in detector_problems(detector, headers, "A63-a0.35-96-kpu8")[0]


@pytest.mark.parametrize("size", ["9" * 5000, "²", "64"])
def test_a_design_that_is_none_is_named(size: str, manifest: dict[str, Any]) -> None:
    manifest["candidate"] = f"A63-a0.35-{size}-kpu9"
    (problem,) = manifest_problems(manifest)
    assert "names no design" in problem and len(problem) < 200


def test_a_head_that_is_not_the_designs_is_named(manifest: dict[str, Any]) -> None:
    assert manifest_problems(manifest) == []  # older bundles do not say
    assert manifest_problems({**manifest, "head": FACE_HEAD.to_json()}) == []
    other = Head(FACE_HEAD.anchors[1:])
    assert manifest_problems({**manifest, "head": other.to_json()}) != []
    named = {**manifest, "candidate": "P5-a1-256-r5-kpu8"}
    region = RegionHead(FACE_HEAD.anchors[:5], ("cat", "dog"))
    assert manifest_problems({**named, "head": region.to_json()}) == []
    assert manifest_problems({**manifest, "head": region.to_json()}) != []
    (problem,) = manifest_problems({**manifest, "head": other.to_json()})
    assert "another head" in problem
    with pytest.raises(DseError, match="kind"):
        manifest_problems({**manifest, "head": None})


def test_figures_that_are_not_the_kmodels_are_named(
    manifest: dict[str, Any], headers: Kmodel
) -> None:
    target = K210Target.load("k210")
    assert figure_problems(manifest, headers, target) == []
    manifest["compiled"]["data_bytes"] += 1
    manifest["compiled"]["output_bytes"] = "8000"
    problems = figure_problems(manifest, headers, target)
    assert [problem.split(":")[0] for problem in problems] == ["output_bytes", "data_bytes"]
    assert figure_problems({}, headers, target) == ["manifest.json lacks the compiler's figures"]


def test_a_compiler_that_is_not_the_targets_is_named(
    manifest: dict[str, Any], headers: Kmodel
) -> None:
    (problem,) = figure_problems(manifest, headers, K210Target.load("k210-canmv-v5"))
    assert "1.9.0" in problem and "1.1.0" in problem


def test_what_a_target_cannot_hold_is_named(headers: Kmodel) -> None:
    target = K210Target.load("k210")
    assert fit_problems(headers, target) == []
    assert "loads kmodel version 3, 4" in fit_problems(headers, K210Target.load("k210-canmv"))[0]
    small = replace(target, main_memory_bytes=1000, kpu_memory_bytes=1000)
    assert ["main memory" in fit_problems(headers, small)[0]] == [True]
    assert "KPU memory" in fit_problems(headers, small)[1]


def test_a_file_of_another_size_is_named() -> None:
    entry = {"sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    for size in (1, None, "0"):
        (problem,) = file_problems({"empty": b""}, {"files": {"empty": {**entry, "bytes": size}}})
        assert "empty" in problem and "it has 0" in problem


def test_a_file_that_is_listed_alone_is_named() -> None:
    (problem,) = file_problems({}, {"files": {"extra.c": {}}})
    assert problem == "manifest.json lists 'extra.c', which is not there"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"address": 3145728', b'"address": 3145727'),
        (b'"address": 3145728', b'"address": true   '),
        (b'"sha256Prefix": false', b'"sha256Prefix": 1    '),
        (b'"bin": "model.kmodel"', b'"bin": "other.kmodel"'),
        (b'"files"', b'"filet"'),
    ],
)
def test_a_package_that_flashes_otherwise_is_named(before: bytes, after: bytes) -> None:
    import io
    import zipfile

    kmodel = bytes(1000)
    assert package_problems(flash_package(kmodel), kmodel) == []
    package = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(flash_package(kmodel))) as whole:
        listing = whole.read("flash-list.json").replace(before, after)
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("flash-list.json", listing)
        archive.writestr("model.kmodel", kmodel)
    (problem,) = package_problems(package.getvalue(), kmodel)
    assert "model.kfpkg" in problem
