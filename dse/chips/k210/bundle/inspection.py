"""What the files of a bundle say, against each other and against the target; nothing is run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dse.canvas import Canvas
from dse.chips.k210.bundle.reading import (
    are_class_scores,
    head_of,
    is_score,
    packed_file,
    shown,
    table,
)
from dse.chips.k210.compiler.simulator import RUNNABLE_VERSION
from dse.chips.k210.kmodel.kmodel import Kmodel
from dse.chips.k210.target import K210Target
from dse.detection.head import FACE_HEAD, Head
from dse.detection.heads import is_called
from dse.errors import UsageError
from dse.space import Candidate

__all__ = [
    "detector_problems",
    "figure_problems",
    "file_problems",
    "fit_problems",
    "manifest_problems",
    "package_problems",
]

BUNDLE_VERSION = 1
FIGURES = ("kmodel_bytes", "input_bytes", "output_bytes", "data_bytes", "main_memory_bytes")
SAME_PIXELS = 1e-3
"""Between canonical boxes: detector.json rounds them to 1e-4."""

LISTING, MOST_LISTING_BYTES = "flash-list.json", 1 << 16
FLASH_BYTES, FLASH_UNIT = 16 << 20, 64 << 10
"""What the chip maps of a board's flash, and the blocks that kflash erases."""

Table = Mapping[str, Any]


def manifest_problems(manifest: Table) -> list[str]:
    """Whether it is one, of this version, of a design, and of an export that passed its check.

    Older manifests do not name the head. Raises DseError for what is no head.
    """
    version = manifest.get("bundle_version")
    if version != BUNDLE_VERSION:
        return [f"manifest.json is of version {shown(version)}, not {BUNDLE_VERSION}"]
    if manifest.get("rejected"):
        return [f"the export rejected it: {shown(manifest['rejected'])}"]
    try:
        design = Candidate.parse(str(manifest.get("candidate")))
    except (UsageError, ValueError):  # the latter for numbers without end
        return [f"manifest.json is of {shown(manifest.get('candidate'))}, which names no design"]
    if not is_called(design.training.head, head_of(manifest)):
        return [f"manifest.json is of another head than {manifest['candidate']} has"]
    return []


def file_problems(files: Mapping[str, bytes], manifest: Table) -> list[str]:
    """Files that are not the ones that the manifest lists."""
    listed = manifest.get("files")
    if not isinstance(listed, dict):
        return ["manifest.json lists no files"]
    absent = sorted(set(listed) - set(files))
    problems = [f"manifest.json lists {shown(name)}, which is not there" for name in absent]
    for name, content in files.items():
        entry = listed.get(name)
        if not isinstance(entry, dict):
            problems.append(f"manifest.json does not list {name}")
        elif entry.get("sha256") != hashlib.sha256(content).hexdigest():
            problems.append(f"{name} has changed: its checksum is not the manifest's")
        elif entry.get("bytes") != len(content):
            size = shown(entry.get("bytes"))
            problems.append(f"{name}: the manifest says {size} bytes, it has {len(content)}")
    return problems


def figure_problems(manifest: Table, headers: Kmodel, target: K210Target) -> list[str]:
    """The manifest's figures against the kmodel's own, and its compiler against the target's."""
    compiled = manifest.get("compiled")
    if not isinstance(compiled, dict):
        return ["manifest.json lacks the compiler's figures"]
    problems = []
    for name in FIGURES:
        claimed, found = compiled.get(name), _figure(headers, name)
        if isinstance(claimed, bool) or claimed != found:
            problems.append(f"{name}: the manifest says {shown(claimed)}, the kmodel {found}")
    version = compiled.get("nncase_version")
    if version != target.nncase_version:
        problems.append(
            f"nncase {shown(version)} compiled it; the runtime of {target.title} "
            f"loads what nncase {target.nncase_version} compiles"
        )
    return problems


def _figure(headers: Kmodel, name: str) -> int:
    if name in ("input_bytes", "output_bytes") and headers.version != RUNNABLE_VERSION:
        return 0  # they lie in the one buffer, `data_bytes`
    found: int = headers.size_bytes if name == "kmodel_bytes" else getattr(headers, name)
    return found


def fit_problems(headers: Kmodel, target: K210Target) -> list[str]:
    """What keeps `target` from loading such a kmodel and holding it in memory."""
    problems = []
    if headers.version not in target.kmodel_versions_loaded:
        loaded = ", ".join(str(version) for version in target.kmodel_versions_loaded)
        problems.append(
            f"{target.title} loads kmodel version {loaded}; this is version {headers.version}"
        )
    needed, allowed = headers.main_memory_bytes, target.model_memory_bytes
    if needed > allowed:
        problems.append(f"it needs {needed:,} bytes of main memory, {target.title} has {allowed:,}")
    if headers.kpu_bytes > target.kpu_memory_bytes:
        has = f"the accelerator has {target.kpu_memory_bytes:,}"
        problems.append(f"it asks for {headers.kpu_bytes:,} bytes of KPU memory, {has}")
    return problems


def package_problems(package: bytes, kmodel: bytes) -> list[str]:
    """Whether the kfpkg writes this kmodel, and where to."""
    if packed_file(package, "model.kmodel", len(kmodel)) != kmodel:
        return ["model.kfpkg holds another kmodel than model.kmodel"]
    listing = packed_file(package, LISTING, MOST_LISTING_BYTES)
    if listing is None:
        return [f"model.kfpkg holds no {LISTING}"]
    return _listing_problems(table(f"{LISTING} of model.kfpkg", listing))


def _listing_problems(listing: Table) -> list[str]:
    entries = listing.get("files")
    entry = entries[0] if isinstance(entries, list) and len(entries) == 1 else None
    if not isinstance(entry, dict) or entry.get("bin") != "model.kmodel":
        return [f"{LISTING} of model.kfpkg does not list model.kmodel alone"]
    address, prefix = entry.get("address"), entry.get("sha256Prefix")
    number = isinstance(address, int) and not isinstance(address, bool)
    if (
        not number
        or address not in range(FLASH_UNIT, FLASH_BYTES, FLASH_UNIT)
        or prefix is not False
    ):
        return [f"model.kfpkg flashes to {shown(address)}, with a prefix: {shown(prefix)}"]
    return []


def detector_problems(
    detector: Table, headers: Kmodel, design: str, head: Head = FACE_HEAD
) -> list[str]:
    """What detector.json says that contradicts the kmodel, the design or itself."""
    try:
        canvas = Candidate.parse(design).training.canvas
        checks = _detector_checks(detector, headers, canvas, head)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        return [f"detector.json lacks or mistypes {shown(str(error))}"]
    return [
        f"detector.json: {what} contradicts the kmodel" for what, ok in checks.items() if not ok
    ]


def _detector_checks(
    detector: Table, headers: Kmodel, canvas: Canvas, head: Head
) -> dict[str, bool]:
    told, output = detector["input"]["size_pixels"], detector["output"]
    shape = (1, output["channels"], output["map_height"], output["map_width"])
    boxes, planes = detector["canonical_boxes_pixels"], (1, 3, canvas.height, canvas.width)
    named = told == canvas.input_size
    return {
        f"input size {shown(told)}": named and headers.inputs[0].shape == planes,
        f"output shape {shown(shape)}": headers.outputs[0].shape == shape,
        f"{len(boxes)} canonical boxes": len(boxes) * head.numbers_per_box == output["channels"],
        "a canonical box": _are_anchors(boxes, head.sizes(canvas.input_size)),
        "the head": head_of(detector) == head or "head" not in detector,
        "score_threshold": is_score(detector["score_threshold"]),
        "class_score_thresholds": are_class_scores(
            detector.get("class_score_thresholds", []), head
        ),
        "iou_threshold": 0 < detector["iou_threshold"] < 1,
    }


def _are_anchors(boxes: Any, expected: NDArray[np.float32]) -> bool:
    """The decoder's boxes are those that the network was trained with, to rounding."""
    found = np.array([[float(side) for side in box] for box in boxes])
    return found.shape == expected.shape and bool(
        np.allclose(found, expected, rtol=0, atol=SAME_PIXELS)
    )
