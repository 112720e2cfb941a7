"""The folder that goes to the board: files, figures, guide, all or nothing.

The kmodel is run on the evaluation pictures before anything is written: in the simulator, or, of
versions 3 and 4, in the emulator, whose maps are compared with those of version 5. One
that is much worse than its network is not handed out: its bundle goes to a folder
"NAME.rejected", whose card says why, so that the cause can be looked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.canvas import InputSize
from dse.chips.abilities import ExportReport
from dse.chips.accuracy import (
    MIN_CORRELATION,
    MOST_AP_LOST,
    Accuracy,
    agreement,
    measure_accuracy,
)
from dse.chips.k210.bundle import manifest as manifests
from dse.chips.k210.bundle.board_files import board_files
from dse.chips.k210.bundle.detector_file import detector_table
from dse.chips.k210.bundle.flash_package import flash_package
from dse.chips.k210.bundle.model_card import model_card
from dse.chips.k210.compiler.deployment import Deployment, deploy
from dse.chips.k210.kmodel.kmodel import parse_kmodel
from dse.chips.k210.target import K210Target
from dse.data.pictures import DataSet
from dse.detection.head import FACE_HEAD, Head
from dse.errors import UsageError, VerificationFailed
from dse.evaluation import Prepared, prepare
from dse.files import make_folder, reported, whole_folder, write_whole
from dse.network.graph import Graph
from dse.network.keras_inference import predictor
from dse.space import Candidate
from dse.versions import versions

__all__ = ["export_bundle"]

AGREEMENT_PICTURES = 8
TARGET_KEYS = (
    "name", "title", "model_memory_bytes", "nncase_version", "kmodel_loader", "board_program",
)  # fmt: skip
_REJECTED = "calibrate on more pictures, or export another candidate"


def export_bundle(
    folder: Path,
    candidate: Candidate,
    graph: Graph,
    weights: dict[str, NDArray[np.float32]],
    calibration: NDArray[np.uint8],
    data: DataSet,
    *,
    estimate: Mapping[str, Any] | None = None,
    study: Mapping[str, Any] | None = None,
    target: K210Target | None = None,
    head: Head = FACE_HEAD,
    calibrate_method: str = "no_clip",
    workers: int | None = None,
) -> ExportReport:
    """Compiles, checks and writes one detector into `folder`, which it replaces.

    calibration: (n, height, width, 3) uint8 training pictures that set the activation ranges.
    data: evaluation pictures. estimate: figures of the cost model (`latency_ms`,
    `latency_ms_low`, `latency_ms_high`, `energy_mj`, `macs`, `parameters`, ...). study: where
    the weights come from. target: whose memory must hold it and whose nncase compiles it;
    default the chip with nothing else in memory. head: of the network. workers: simulator
    processes, default one a core.

    Raises UsageError for a format that no chip runs, CompilerError, and VerificationFailed
    where the file fails its check; the bundle then lies in "FOLDER.rejected".
    """
    if candidate.format != "kpu8":
        raise UsageError(
            f"{candidate.id}: {candidate.format} does not run on the KPU",
            f"export {candidate.training.in_format('kpu8').id}",
        )
    target = target or K210Target.load()
    deployment = deploy(
        graph,
        weights,
        calibration,
        head=head,
        calibrate_method=calibrate_method,
        nncase_version=target.nncase_version,
        kmodel_versions=target.kmodel_versions_written,
    )
    prepared = prepare(data, candidate.training.input_size)
    measured = _measure(deployment, graph, weights, calibration, prepared, workers)
    reason = _objection(deployment, measured, target)
    manifest = {
        "candidate": candidate.id,
        "rejected": reason,
        "head": head.to_json(),
        "target": {name: getattr(target, name) for name in TARGET_KEYS},
        "accuracy": measured,
        "compiled": _compiled_table(deployment),
        "estimate": dict(estimate or {}),
        "data": _data_table(data, prepared),
        "study": {"calibration_pictures": len(calibration), **(study or {})},
        **_origin(deployment),
    }
    place = folder.with_name(f"{folder.name}.rejected") if reason else folder
    _write_bundle(place, _contents(deployment, candidate.training.input_size, manifest))
    if reason:
        raise VerificationFailed(f"{candidate.id}: {reason} (kept in {place})", _REJECTED)
    return ExportReport(
        path=folder,
        candidate=candidate.id,
        kmodel=folder / "model.kmodel",
        kmodel_bytes=deployment.compiled.kmodel_bytes,
        ap=measured["ap"],
        kmodel_ap=measured["kmodel_ap"],
    )


def _data_table(data: DataSet, prepared: Prepared) -> dict[str, Any]:
    """What AP was measured on."""
    counts = {"pictures": len(prepared), "faces": prepared.faces}
    return {"source": data.source, "checksum": data.checksum, **counts}


def _origin(deployment: Deployment) -> dict[str, Any]:
    """When and by what the bundle is written."""
    return {
        "bundle_version": manifests.LAYOUT_VERSION,
        "created": datetime.now(tz=timezone.utc).isoformat(timespec="seconds"),
        "versions": {**versions(manifests.PACKAGES), "nncase": deployment.compiled.nncase_version},
    }


def _measure(
    deployment: Deployment,
    graph: Graph,
    weights: dict[str, NDArray[np.float32]],
    calibration: NDArray[np.uint8],
    prepared: Prepared,
    workers: int | None,
) -> dict[str, Any]:
    """The manifest's table "accuracy"."""
    in_float = predictor(graph, weights)
    float_found: Accuracy = measure_accuracy(in_float, prepared, deployment.head)
    older = bool(deployment.version_5)  # which no simulator runs
    with deployment.running(workers) if older else deployment.predictor(workers) as on_chip:
        correlation = agreement(in_float, on_chip, calibration[:AGREEMENT_PICTURES])
        found = measure_accuracy(on_chip, prepared, deployment.head)
    return {
        "ap": float_found.ap,
        "kmodel_ap": found.ap,
        "ap_square": float_found.ap_square,
        "kmodel_ap_square": found.ap_square,
        "correlation": correlation,
        "score": found.score,
        "precision": found.precision,
        "recall": found.recall,
        **_by_class(float_found, found),
    }


def _by_class(in_float: Accuracy, on_chip: Accuracy) -> dict[str, Any]:
    """AP of each class and its own threshold of best F1; nothing where there is one class."""
    if not on_chip.classes:
        return {}
    return {
        "classes": dict(on_chip.classes),
        "float_classes": dict(in_float.classes),
        "thresholds": dict(on_chip.scores),
    }


def _objection(
    deployment: Deployment, measured: Mapping[str, Any], target: K210Target
) -> str | None:
    """Why this kmodel must not be handed out, or None."""
    if measured["correlation"] < MIN_CORRELATION:
        correlation = measured["correlation"]
        return f"the kmodel's maps correlate with the network's by {correlation:.3f} only"
    if measured["ap"] - measured["kmodel_ap"] > MOST_AP_LOST:
        return f"the kmodel's AP is {measured['kmodel_ap']:.3f}, the network's {measured['ap']:.3f}"
    needed, allowed = deployment.compiled.main_memory_bytes, target.model_memory_bytes
    if needed > allowed:
        return f"it needs {needed:,} bytes of main memory, {target.title} leaves {allowed:,}"
    return None


def _compiled_table(deployment: Deployment) -> dict[str, Any]:
    """The compiler's figures, without the file and its log."""
    table = asdict(deployment.compiled)
    del table["kmodel"], table["log"]
    return {
        **table,
        "main_memory_bytes": deployment.compiled.main_memory_bytes,
        "kmodel_version": deployment.compiled.headers.version,
    }


def _contents(
    deployment: Deployment, input_size: InputSize, manifest: dict[str, Any]
) -> dict[str, bytes]:
    """Every file of the bundle by name; adds their checksums to `manifest`."""
    compiled, head = deployment.compiled, deployment.head
    score = manifest["accuracy"]["score"]
    shapes = parse_kmodel(deployment.version_5 or compiled.kmodel)  # older versions say none
    own = manifest["accuracy"].get("thresholds", {})
    detector = detector_table(shapes, input_size, deployment.box_scale, score, head, own)
    files = {
        "model.kmodel": compiled.kmodel,
        "model.kfpkg": flash_package(compiled.kmodel),
        "model.tflite": deployment.tflite,
        "detector.json": manifests.to_json(detector),
    }
    manifest["files"] = manifests.checksums(files)
    files |= board_files(manifest, detector, head)
    manifest["files"] = manifests.checksums(files)
    files["MODEL_CARD.md"] = model_card(manifest)
    manifest["files"] = manifests.checksums(files)
    return {**files, manifests.NAME: manifests.to_json(manifest)}


def _write_bundle(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes beside `folder`, then renames: it is the old bundle, or the new one, or none.

    Raises FileError where the system refuses.
    """
    make_folder(folder.parent)
    with reported(folder, "written"):
        if folder.exists() and not (folder / manifests.NAME).is_file() and any(folder.iterdir()):
            raise UsageError(f"{folder} exists and is no bundle", "name another folder")
    with whole_folder(folder) as fresh:
        for name, content in files.items():
            write_whole(fresh / name, content)
