"""Sets of photographs that are not distributed: what each reader makes of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from dse.data import open_data

SETS = {
    "garbage-yolo": (
        {"train": 1565, "val": 410},
        {"garbage": 862 + 226, "garbage_bin": 1675 + 477, "overflow": 1655 + 421},
    ),
    "cards-voc": (
        {"train": 296, "eval": 67},
        {"ace": 118, "jack": 113, "king": 118, "nine": 115, "queen": 106, "ten": 100},
    ),
    "bccd-voc": (
        {"train": 205, "val": 87, "eval": 72},
        {"Platelets": 361, "RBC": 4155, "WBC": 372},
    ),
    "fruit-voc": ({"train": 240, "eval": 60}, {"apple": 191, "banana": 209, "orange": 182}),
    "facemask-coco": (
        {"train": 48, "val": 16},
        {"mask_weared_incorrect": 10, "with_mask": 208, "without_mask": 70},
    ),
}
"""Pictures by split, and boxes by class, small ones included."""


@pytest.mark.parametrize("name", SETS)
def test_pictures_and_boxes(name: str, photographs: Path) -> None:
    parts, boxes = SETS[name]
    counts = Counter[str]()
    for split, pictures in parts.items():
        data = open_data(str(photographs / "objects" / name), split)  # type: ignore[arg-type]
        assert len(data) == pictures
        assert data.classes == tuple(sorted(boxes))
        for picture in data.pictures:
            counts.update(data.classes[one] for one in picture.classes)
            counts.update(data.classes[one] for one in picture.ignored_classes if one >= 0)
    assert counts == boxes
