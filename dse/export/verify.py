"""Checks a bundle from its files alone, whatever wrote it.

Checksums first; then the kmodel's headers against `detector.json`; then the kmodel in the
simulator against `model.tflite` in TensorFlow's own interpreter; with pictures at hand also
its AP against the one that the manifest claims. A file that fails a step is not used in the
next: damaged files kill the programs that read them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.data.letterbox import letterbox
from dse.data.pictures import DataSet
from dse.errors import DseError
from dse.export import manifest as manifests
from dse.export.bundle import MIN_CORRELATION, MOST_AP_LOST
from dse.export.detector_file import box_scale_of, check_detector
from dse.export.flash_package import packed_kmodel
from dse.export.kmodel import Kmodel, parse_kmodel
from dse.export.simulator import kmodel_predictor

__all__ = ["VerifyReport", "verify_bundle"]

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
AGREEMENT_PICTURES = 4
SAME_AP = 1e-3
"""The simulator is deterministic: on the same pictures AP differs by rounding of files only."""


@dataclass
class VerifyReport:
    """ok: nothing is wrong. problems: what is, one sentence each. measured: figures found."""

    problems: list[str] = field(default_factory=list)
    measured: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether no problem was found."""
        return not self.problems


def verify_bundle(
    path: Path, data: DataSet | None = None, workers: int | None = None
) -> VerifyReport:
    """Checks the bundle in folder `path`; with `data` also its AP on those pictures.

    workers: simulator processes, default one a core. Never raises for what is wrong with the
    bundle: that is in the report.
    """
    report = VerifyReport()
    if not path.is_dir():
        report.problems.append(f"{path} is no folder")
        return report
    with _noting(report):
        manifest = manifests.read_json(path / manifests.NAME)
        report.problems += _manifest_problems(manifest) + _file_problems(path, manifest)
        report.measured["candidate"] = manifest.get("candidate")
    headers = None
    with _noting(report):
        headers = _headers(path, report)
    if headers is not None:
        with _noting(report):
            detector = manifests.read_json(path / "detector.json")
            report.problems += check_detector(detector, headers)
    if report.ok and headers is not None:
        with _noting(report):
            _run(path, headers, box_scale_of(detector), manifest, data, workers, report)
    return report


@contextlib.contextmanager
def _noting(report: VerifyReport) -> Iterator[None]:
    """An error inside becomes a problem in `report`."""
    try:
        yield
    except DseError as error:
        report.problems.append(str(error))


def _manifest_problems(manifest: dict[str, Any]) -> list[str]:
    if manifest.get("bundle_version") != manifests.LAYOUT_VERSION:
        return [f"manifest.json is of version {manifest.get('bundle_version')!r}, not 1"]
    if manifest.get("rejected"):
        return [f"the export rejected it: {manifest['rejected']}"]
    return []


def _file_problems(path: Path, manifest: dict[str, Any]) -> list[str]:
    """Files that are missing, changed, or belong to nobody."""
    listed = manifest.get("files")
    if not isinstance(listed, dict):
        return ["manifest.json lists no files"]
    problems = [f"manifest.json does not list {name}" for name in FILES if name not in listed]
    for name in FILES:
        if name in listed:
            problems += _one_file(path / name, listed[name])
    known = {*FILES, manifests.NAME}
    strangers = sorted(file.name for file in path.iterdir() if file.name not in known)
    return problems + [f"{name} is not part of a bundle" for name in strangers]


def _one_file(file: Path, entry: Any) -> list[str]:
    try:
        content = file.read_bytes()
    except OSError as error:
        return [f"{file.name} cannot be read: {error.strerror}"]
    if not isinstance(entry, dict) or entry.get("sha256") != manifests.sha256(content):
        return [f"{file.name} has changed: its checksum is not the manifest's"]
    return []


def _headers(path: Path, report: VerifyReport) -> Kmodel:
    """The kmodel's headers, which go into `report`. Raises VerificationFailed."""
    try:
        content = (path / "model.kmodel").read_bytes()
    except OSError as error:
        raise DseError(f"model.kmodel cannot be read: {error.strerror}") from None
    headers = parse_kmodel(content)
    package = path / "model.kfpkg"
    if package.is_file() and packed_kmodel(package.read_bytes()) != content:
        report.problems.append("model.kfpkg holds another kmodel than model.kmodel")
    report.measured.update(
        kmodel_version=headers.version,
        kmodel_bytes=headers.size_bytes,
        main_memory_bytes=headers.main_memory_bytes,
    )
    return headers


def _run(
    path: Path,
    headers: Kmodel,
    box_scale: float,
    manifest: dict[str, Any],
    data: DataSet | None,
    workers: int | None,
    report: VerifyReport,
) -> None:
    """Runs both files; what is wrong goes into `report`."""
    from dse.evaluation import prepare
    from dse.export.accuracy import agreement, measure_accuracy
    from dse.export.tflite_predictor import tflite_predictor

    size = headers.inputs[0].shape[2]
    prepared = prepare(data, size) if data is not None else None
    canvases = prepared.canvases if prepared is not None else _scenes(size)
    in_float = tflite_predictor((path / "model.tflite").read_bytes(), box_scale=box_scale)
    kmodel = (path / "model.kmodel").read_bytes()
    with kmodel_predictor(kmodel, workers, box_scale=box_scale) as on_chip:
        correlation = agreement(in_float, on_chip, canvases[:AGREEMENT_PICTURES])
        report.measured["correlation"] = correlation
        if correlation < MIN_CORRELATION:
            report.problems.append(
                f"the kmodel's maps correlate with the TensorFlow-Lite file's by {correlation:.3f}"
            )
        if data is not None and prepared is not None:
            found, in_tflite = (measure_accuracy(p, prepared) for p in (on_chip, in_float))
            report.measured.update(pictures=len(prepared), faces=prepared.faces)
            report.measured.update(kmodel_ap=found.ap, ap=in_tflite.ap)
            claimed = _claimed_ap(manifest, data)
            report.problems += _ap_problems(found.ap, in_tflite.ap, claimed)


def _claimed_ap(manifest: dict[str, Any], data: DataSet) -> float | None:
    """The kmodel's AP that the manifest claims for `data`, None where it is for other pictures.

    Raises DseError where the manifest's tables are none.
    """
    try:
        if manifest["data"]["checksum"] != data.checksum:
            return None
        return float(manifest["accuracy"]["kmodel_ap"])
    except (KeyError, TypeError, ValueError) as error:
        raise DseError(f"manifest.json lacks or mistypes {error}") from None


def _ap_problems(kmodel_ap: float, ap: float, claimed: float | None) -> list[str]:
    problems = []
    if ap - kmodel_ap > MOST_AP_LOST:
        problems.append(f"the kmodel's AP is {kmodel_ap:.3f}, its network's {ap:.3f}")
    if claimed is not None and abs(claimed - kmodel_ap) > SAME_AP:
        problems.append(f"the manifest claims AP {claimed:.4f} on these pictures: {kmodel_ap:.4f}")
    return problems


def _scenes(size: int) -> NDArray[np.uint8]:
    """A few synthetic pictures on canvases (n, size, size, 3), for want of better ones."""
    from dse.data.synthetic import synthetic

    pictures = synthetic("eval", AGREEMENT_PICTURES).pictures
    return np.stack([letterbox(picture.load(), size)[0] for picture in pictures])
