"""Checks a bundle from its files alone, whatever wrote it; or a bare kmodel.

First what the files say: checksums, the kmodel's headers against the manifest, `detector.json`
and the target. Then the kmodel in the simulator of its own nncase against `model.tflite` in
TensorFlow's interpreter; with pictures at hand also its AP against the one that the manifest
claims. A file that fails a step is not used in the next.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dse import resources
from dse.chips.abilities import VerifyReport
from dse.chips.k210.bundle import inspection
from dse.chips.k210.bundle.older_files import EmulatedDetector, shaped
from dse.chips.k210.bundle.reading import box_scale_of, head_of, read_bytes, shown, table
from dse.chips.k210.bundle.verify_runs import (
    Effort,
    ap_problems,
    claimed_ap,
    compare,
    run_alone,
    run_emulated,
)
from dse.chips.k210.compiler.picture_processes import PictureProcesses
from dse.chips.k210.compiler.simulator import (
    RUNNABLE_VERSION,
    detector_headers,
    require_sound,
)
from dse.chips.k210.kmodel.kmodel import Kmodel, parse_kmodel
from dse.chips.k210.target import K210Target
from dse.data.pictures import DataSet
from dse.detection.head import Head
from dse.errors import VerificationFailed

__all__ = ["verify_bundle", "verify_kmodel"]

FILES = (
    "MODEL_CARD.md",
    "README.md",
    "decode.c",
    "decode.h",
    "detector.h",
    "detector.json",
    "main.c",
    "main.py",
    "model.kfpkg",
    "model.kmodel",
    "model.tflite",
)
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class _Bundle:
    """What was read. files: name -> content, without the manifest. head: of its network."""

    files: dict[str, bytes]
    manifest: dict[str, Any]
    headers: Kmodel
    target: K210Target
    head: Head


def verify_bundle(
    path: Path,
    data: DataSet | None = None,
    workers: int | None = None,
    *,
    target: K210Target | None = None,
    time_limit_s: float = 60.0,
) -> VerifyReport:
    """Checks the bundle in folder `path`; with `data` also its AP on those pictures.

    workers: processes, default one a core. target: must be able to load and hold it, default
    the one it was made for. time_limit_s: for one picture. Never raises for what is wrong with
    the bundle: that is in the report. Raises CompilerError where the nncase of the target
    cannot be had, DataError where `data` holds no face.
    """
    report = VerifyReport()
    files = _files(path, report)
    bundle = None
    with report.noting():
        manifest = table(MANIFEST, files.pop(MANIFEST, b""))
        head = head_of(manifest)
        report.problems += inspection.manifest_problems(manifest)
        report.problems += inspection.file_problems(files, manifest)
        headers = _headers(files)
        bundle = _Bundle(files, manifest, headers, target or _target_of(manifest), head)
    if bundle is not None and report.ok:
        _inspect(bundle, report)
    if bundle is not None and report.ok:
        _run(bundle, Effort(data, workers, time_limit_s, bundle.head), report)
    return report


def verify_kmodel(
    file: Path,
    data: DataSet | None = None,
    workers: int | None = None,
    *,
    target: K210Target,
    time_limit_s: float = 60.0,
) -> VerifyReport:
    """Checks a bare kmodel: its headers, against `target`, and that it runs.

    One of version 5 is run in the simulator if it is a detector; those of versions 3 and 4, in the
    emulator. `measured["not_run"]` says why it was not. The rest is as of `verify_bundle`.
    """
    report = VerifyReport()
    with report.noting():
        content = read_bytes(file)
        headers = parse_kmodel(content)
        report.measured.update(_figures(headers, target), **_modules(headers))
        report.problems += inspection.fit_problems(headers, target)
        if headers.version != RUNNABLE_VERSION:
            report.problems += run_emulated(content, report.measured)
            return report
        try:
            detector_headers(headers)
        except VerificationFailed as reason:
            report.measured["not_run"] = str(reason)
        else:
            require_sound(content, target.nncase_version)
    if report.ok and "not_run" not in report.measured:
        effort = Effort(data, workers, time_limit_s)
        report.measured["nncase_version"] = target.nncase_version
        with effort.simulator(content, target.nncase_version) as on_chip, report.noting():
            report.problems += run_alone(on_chip, effort, report.measured)
    return report


def _headers(files: dict[str, bytes]) -> Kmodel:
    """What the kmodel says of itself; of versions 3 and 4 with the shapes of detector.json."""
    content = files.get("model.kmodel", b"")
    headers = parse_kmodel(content)
    if headers.version == RUNNABLE_VERSION:
        return headers
    return shaped(headers, content, table("detector.json", files.get("detector.json", b"")))


@contextlib.contextmanager
def _on_chip(
    bundle: _Bundle, effort: Effort, scale: float, measured: dict[str, Any]
) -> Iterator[PictureProcesses | EmulatedDetector]:
    """The kmodel, in the simulator, or, of versions 3 and 4, in the emulator."""
    content = bundle.files["model.kmodel"]
    if bundle.headers.version == RUNNABLE_VERSION:
        with effort.simulator(content, bundle.target.nncase_version, scale) as simulated:
            yield simulated
        return
    emulated = EmulatedDetector(content, bundle.headers, scale, bundle.head)
    measured["how"] = emulated.how
    yield emulated


def _files(path: Path, report: VerifyReport) -> dict[str, bytes]:
    """Name -> content of every file that a bundle has; notes what is missing or too much."""
    files = {}
    for name in (MANIFEST, *FILES):
        with report.noting():
            files[name] = read_bytes(path / name)
    try:
        found = {file.name for file in path.iterdir()}
    except OSError as error:
        report.problems.append(f"the folder cannot be read: {error.strerror}")
        return files
    strangers = sorted(found - {MANIFEST, *FILES})
    report.problems += [f"{shown(name)} is not part of a bundle" for name in strangers]
    return files


def _target_of(manifest: dict[str, Any]) -> K210Target:
    """The shipped target that the bundle was made for. Raises VerificationFailed for another."""
    made_for = manifest.get("target")
    name = made_for.get("name") if isinstance(made_for, dict) else None
    if name not in resources.names("constraints"):
        raise VerificationFailed(
            f"the bundle is for target {shown(name)}, which is not known here: name its file "
            "with --target"
        )
    return K210Target.load(str(name))


def _inspect(bundle: _Bundle, report: VerifyReport) -> None:
    """Compares what the files say; nothing is run."""
    files, manifest, headers, target = (
        bundle.files, bundle.manifest, bundle.headers, bundle.target,
    )  # fmt: skip
    design = str(manifest["candidate"])
    report.measured.update(candidate=design, **_figures(headers, target))
    with report.noting():
        report.problems += inspection.package_problems(files["model.kfpkg"], files["model.kmodel"])
    with report.noting():
        report.problems += inspection.fit_problems(headers, target)
        report.problems += inspection.figure_problems(manifest, headers, target)
        if headers.version == RUNNABLE_VERSION:
            detector_headers(headers, bundle.head)
            require_sound(files["model.kmodel"], target.nncase_version)
        detector = table("detector.json", files["detector.json"])
        report.problems += inspection.detector_problems(detector, headers, design, bundle.head)
        box_scale_of(detector)


def _figures(headers: Kmodel, target: K210Target) -> dict[str, Any]:
    return {
        "target": target.name,
        "kmodel_version": headers.version,
        "runtime": headers.runtime,
        "kmodel_bytes": headers.size_bytes,
        "main_memory_bytes": headers.main_memory_bytes,
        "main_memory_allowed_bytes": target.model_memory_bytes,
        "kpu_pool_bytes": headers.kpu_bytes,
    }


def _modules(headers: Kmodel) -> dict[str, str]:
    """What each module holds and asks for, in words."""
    return {
        f"module_{number}": ", ".join(
            [module.type]
            + [f"{section.name} {section.size_bytes} bytes" for section in module.sections]
            + [f"pool {pool.location} {pool.size_bytes} bytes" for pool in module.pools]
        )
        for number, module in enumerate(headers.modules)
    }


def _run(bundle: _Bundle, effort: Effort, report: VerifyReport) -> None:
    """Runs both files; what is wrong goes into `report`."""
    scale = box_scale_of(table("detector.json", bundle.files["detector.json"]))
    version, measured = bundle.target.nncase_version, report.measured
    measured["nncase_version"] = version
    with (
        _on_chip(bundle, effort, scale, measured) as on_chip,
        effort.interpreter(bundle.files["model.tflite"], bundle.headers, scale) as in_float,
        report.noting(),
    ):
        claimed = claimed_ap(bundle.manifest, effort.data)  # before anything takes time
        report.problems += compare(on_chip, in_float, effort, measured)
        if report.ok:
            report.problems += ap_problems(claimed, measured)
