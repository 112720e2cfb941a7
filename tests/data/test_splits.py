"""Parts of one's own, and the split by hash."""

from __future__ import annotations

from collections import Counter

import pytest

from dse.data.splits import choose_part, hashed_split
from dse.errors import DataError


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"train": 1, "val": 2, "test": 3}, {"train": 1, "val": 2, "eval": 3}),
        ({"train": 1, "valid": 2}, {"train": 1, "val": 2, "eval": 2}),
        ({"train": 1, "test": 3}, {"train": 1, "val": 3, "eval": 3}),
        ({"trainval": 1, "train": 4, "val": 2}, {"train": 4, "val": 2, "eval": 2}),
    ],
)
def test_parts_of_ones_own(parts: dict[str, int], expected: dict[str, int]) -> None:
    for split, place in expected.items():
        part = choose_part("yolo:a", split, parts, 0)
        assert (part.place, part.hashed) == (place, False)


@pytest.mark.parametrize(("parts", "place"), [({}, 0), ({"train": 1}, 1)])
def test_what_has_no_parts_is_divided_by_hash(parts: dict[str, int], place: int) -> None:
    for split in ("train", "val", "eval"):
        part = choose_part("yolo:a", split, parts, 0)
        assert (part.place, part.hashed) == (place, True)


def test_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(DataError, match="yolo:a has no pictures for training, only test"):
        choose_part("yolo:a", "train", {"test": 1}, 0)


def test_the_hash_divides_eighty_ten_ten_and_never_changes() -> None:
    counts = Counter(hashed_split(f"picture {number}.jpg") for number in range(4000))
    assert 0.77 < counts["train"] / 4000 < 0.83
    assert 0.08 < counts["val"] / 4000 < 0.12
    assert [hashed_split(name) for name in "agi"] == ["train", "val", "val"]


def test_names_of_old_archives_have_a_part() -> None:
    assert hashed_split("caf\udce9.jpg") in ("train", "val", "eval")
