"""Kmodels of versions 3 and 4 that a study's `r5` design becomes: our boxes against a firmware's.

    python benchmarks/firmware_decoder.py --study NAME [--design best] [--results results]
        [--data SOURCE] [--pictures 100]

The trained network is compiled and written in both versions; each file is run by the emulator on
evaluation pictures. Its maps are decoded by Python, as evaluations do it, and by `darknet.c`,
which does what the firmwares' decoders do: from the evaluation's threshold on, and from the one
that a bundle hands to the firmware: of best F1, of several classes the lowest. Exit 1 where boxes
differ.

A picture is equal where both find as many boxes, and each of ours has one of theirs with the same
class, the probability within 1e-5 and the edges within 0.001 pixels: rounding of float32. Ours
come best first, the firmware's anchor by anchor, so that their order is not compared. Which of
two equal probabilities is the better one the firmware leaves to its C library; numbers of 8 bits
are often equal. Compared is with ours, cell by cell; beside it stands how many pictures were equal
if all such ties went the other way, anchor by anchor.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from darknet import built, found_by_firmware
from numpy.typing import NDArray

from dse.canvas import Canvas, InputSize
from dse.chips.accuracy import measure_accuracy
from dse.chips.k210 import Deployment, emulator
from dse.chips.k210.compiler.refereed import older_predictor
from dse.data.rendered import open_rendered
from dse.designs.trained import find_trained
from dse.detection.decoding import IOU_THRESHOLD, SCORE_THRESHOLD, decode_maps
from dse.detection.detections import Detections
from dse.detection.region_head import RegionHead
from dse.errors import UsageError
from dse.evaluation import prepare
from dse.terminal import note

__all__ = ["compare", "difference"]

VERSIONS = 3, 4
MOST_PIXELS, MOST_PROBABILITY = 1e-3, 1e-5
"""By which boxes and probabilities may differ: float32 rounding."""


class Difference(NamedTuple):
    """Of one picture's boxes: whether they are equal, and by how much the partners differ."""

    equal: bool
    pixels: float = 0.0
    probability: float = 0.0


def difference(ours: Detections, theirs: NDArray[np.float64]) -> Difference:
    """Our boxes against rows class, probability, x0, y0, x1, y1 in pixels of the canvas."""
    if len(ours) != len(theirs):
        return Difference(False)
    left, pixels, probability = list(range(len(theirs))), 0.0, 0.0
    for box, score, label in zip(ours.boxes, ours.scores, ours.classes, strict=True):
        away = [float(np.abs(theirs[place, 2:] - box).max()) for place in left]
        place = left.pop(int(np.argmin(away)))
        if theirs[place, 0] != label:
            return Difference(False)
        pixels = max(pixels, min(away))
        probability = max(probability, abs(float(theirs[place, 1]) - float(score)))
    equal = pixels <= MOST_PIXELS and probability <= MOST_PROBABILITY
    return Difference(equal, pixels, probability)


def compare(
    study: str, design: str, results: Path, source: str | None, pictures: int
) -> dict[str, Any]:
    """Both versions of the design's kmodel, at both thresholds. Raises UsageError for another
    head than the region layer's."""
    found = find_trained(design, results, study)
    head, size = found.head, found.candidate.training.input_size
    if not isinstance(head, RegionHead):
        raise UsageError(f"{found.candidate.id} has no region head", "name a design with 'r5'")
    job = found.job
    data = open_rendered(source or job.eval_data, "eval", Path(job.cache), limit=pictures)
    prepared = prepare(data, size)
    note(f"{found.candidate.id}: compiling")
    deployment = found.deploy()
    assert isinstance(deployment, Deployment)
    in_version_5 = emulator.predictor(deployment.compiled.kmodel)  # the file that says its shape
    _, height, width, channels = in_version_5(prepared.canvases[:1]).shape
    rows = []
    for version in VERSIONS:
        note(f"version {version}: {len(prepared)} pictures")
        kmodel = deployment.compiled.in_version(version).kmodel
        predict = older_predictor(kmodel, (height, width, channels))
        accuracy = measure_accuracy(predict, prepared, head)
        best = min(accuracy.scores.values(), default=accuracy.score)
        maps = predict(prepared.canvases)
        for named, threshold in (("evaluation", SCORE_THRESHOLD), ("bundle", best)):
            ours = decode_maps(maps, size, threshold, head=head)
            theirs, others = (
                _theirs(maps, head, size, threshold, ties_by_cell=one) for one in (True, False)
            )
            row = _row(threshold, ours, theirs)
            row["equal_with_other_ties"] = sum(each.equal for each in _differences(ours, others))
            rows.append({"kmodel_version": version, "of": named, **row})
    return {
        "design": found.candidate.id,
        "study": study,
        "classes": len(head.classes),
        "pictures": len(prepared),
        "compared": rows,
        "equal": all(row["equal_pictures"] == len(prepared) for row in rows),
    }


def _theirs(
    maps: NDArray[np.float32],
    head: RegionHead,
    size: InputSize,
    threshold: float,
    *,
    ties_by_cell: bool,
) -> list[NDArray[np.float64]]:
    """The firmware's boxes, clipped to the canvas as ours are."""
    canvas = Canvas.of(size)
    edges = np.array([canvas.width, canvas.height] * 2)
    with tempfile.TemporaryDirectory() as folder:
        program = built(Path(folder))
        limits = threshold, IOU_THRESHOLD
        every = found_by_firmware(program, maps, head, size, *limits, ties_by_cell=ties_by_cell)
    for rows in every:
        rows[:, 2:] = np.clip(rows[:, 2:] * edges, 0, edges)
    return every


def _differences(
    ours: Sequence[Detections], theirs: Sequence[NDArray[np.float64]]
) -> list[Difference]:
    return [difference(one, other) for one, other in zip(ours, theirs, strict=True)]


def _row(
    threshold: float, ours: Sequence[Detections], theirs: Sequence[NDArray[np.float64]]
) -> dict[str, Any]:
    """How they compare over the pictures."""
    each = _differences(ours, theirs)
    return {
        "score_threshold": threshold,
        "boxes": sum(map(len, ours)),
        "boxes_of_the_firmware": sum(map(len, theirs)),
        "most_boxes_of_a_picture": max(map(len, theirs)),
        "pictures_beyond_ten": sum(len(rows) > 10 for rows in theirs),
        "equal_pictures": sum(one.equal for one in each),
        "largest_difference_pixels": max(one.pixels for one in each),
        "largest_difference_probability": max(one.probability for one in each),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--study", required=True)
    parser.add_argument("--design", default="best")
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--data", help="default: the study's evaluation pictures")
    parser.add_argument("--pictures", type=int, default=100)
    options = parser.parse_args()
    found = compare(options.study, options.design, options.results, options.data, options.pictures)
    print(json.dumps(found, indent=2))
    return int(not found["equal"])


if __name__ == "__main__":
    raise SystemExit(main())
