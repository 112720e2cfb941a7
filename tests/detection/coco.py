"""Random pictures with detections, and what pycocotools says about them."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from dse.data.pictures import ANY_CLASS
from dse.detection.detections import Detections
from dse.detection.geometry import Boxes
from dse.detection.matching import Labels


def referee(
    found: Sequence[Detections], labels: Sequence[Labels], classes: int, ious: Sequence[float]
) -> float:
    """pycocotools' mean AP over `ious` and classes, sampled at every recall that can occur.

    An ignored box of no class is given to it once for each.
    """
    annotations, results = list[Any](), list[Any]()
    for image, (one, truth) in enumerate(zip(found, labels, strict=True), start=1):
        crowds = zip(truth.ignored, truth.ignored_classes, strict=True)
        marked = [(box, kind, 0) for box, kind in zip(truth.boxes, truth.classes, strict=True)]
        for box, kind in crowds:
            marked += [(box, each, 1) for each in range(classes) if kind in (each, ANY_CLASS)]
        annotations += [{**_record(image, *one), "iscrowd": one[2]} for one in marked]
        seen = zip(one.boxes, one.classes, one.scores.tolist(), strict=True)
        results += [{**_record(image, box, kind), "score": score} for box, kind, score in seen]
    for number, one in enumerate(annotations, start=1):
        one["id"] = number
    objects = [int(sum((one.classes == kind).sum() for one in labels)) for kind in range(classes)]
    if not results:
        return 0.0
    samples = math.lcm(*filter(None, objects))  # a whole number of them for each object
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": [{"id": number + 1} for number in range(len(labels))], "info": {},
            "annotations": annotations, "categories": [{"id": n + 1} for n in range(classes)],
        }  # fmt: skip
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes(results), "bbox")
        judge.params.iouThrs = np.array(ious)
        judge.params.recThrs = np.arange(1, samples + 1) / samples
        judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
        judge.params.maxDets = [1000]
        judge.evaluate()
        judge.accumulate()
    precision = judge.eval["precision"]  # -1 for a class that has no object
    return float(precision[:, :, [bool(count) for count in objects]].mean())


def _record(image: int, box: Boxes, kind: int, crowd: int = 0) -> dict[str, Any]:
    x0, y0, x1, y1 = box.tolist()
    width, height = x1 - x0, y1 - y0
    return {"image_id": image, "category_id": int(kind) + 1, "bbox": [x0, y0, width, height],
            "area": width * height}  # fmt: skip


def random_case(seed: int, classes: int = 1) -> tuple[list[Detections], list[Labels]]:
    """Up to four pictures: objects, some crowded; detections near them and anywhere."""
    rng = np.random.default_rng(seed)

    def scattered(most: int) -> Boxes:
        count = int(rng.integers(0, most + 1))
        start = rng.integers(0, 60, (count, 2))
        ends = start + rng.integers(4, 30, (count, 2))
        return np.concatenate([start, ends], axis=1).astype(np.float32)

    def kinds(count: int, lowest: int = 0) -> Any:
        return rng.integers(lowest, classes, count).astype(np.int32)

    found, labels = [], []
    for _ in range(rng.integers(1, 5)):
        objects, left_out = scattered(5), scattered(2)
        near = np.concatenate([objects, objects, left_out])
        near = near + rng.integers(-3, 4, near.shape)
        near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)
        seen = np.concatenate([near, scattered(4)]).astype(np.float32)
        scores = np.asarray(rng.integers(1, 20, len(seen)) / 20, np.float32)  # ties occur
        truth = Labels(objects, left_out, kinds(len(objects)), kinds(len(left_out), ANY_CLASS))
        named = kinds(len(seen))
        named[: len(objects)] = truth.classes  # the first of each pair is right
        found.append(Detections(seen, scores, named))
        labels.append(truth)
    return found, labels
