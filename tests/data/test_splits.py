"""Parts of one's own, and the split by hash."""

from __future__ import annotations

from collections import Counter

import pytest

from dse.data.splits import choose_part, deal, part_word
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
        assert (part.place, part.divide) == (place, False)


@pytest.mark.parametrize(("parts", "place"), [({}, 0), ({"train": 1}, 1)])
def test_what_has_no_parts_is_to_be_divided(parts: dict[str, int], place: int) -> None:
    for split in ("train", "val", "eval"):
        part = choose_part("yolo:a", split, parts, 0)
        assert (part.place, part.divide) == (place, True)


def test_nothing_to_train_on_is_refused() -> None:
    with pytest.raises(DataError, match="yolo:a has no pictures for training, only test"):
        choose_part("yolo:a", "train", {"test": 1}, 0)


def test_groups_stay_whole_and_parts_have_their_shares() -> None:
    groups = [[f"{group}/{number}.jpg" for number in range(1 + group % 4)] for group in range(400)]
    dealt = deal(groups, [frozenset()] * len(groups))
    counts = Counter(split for split, group in zip(dealt, groups, strict=True) for _ in group)
    assert abs(counts["val"] - 100) <= 2 and abs(counts["eval"] - 100) <= 2


def test_the_order_of_the_folder_does_not_matter() -> None:
    groups = [[f"{number}.jpg"] for number in range(50)]
    labels = [frozenset({"ab"[number % 2]}) for number in range(50)]
    dealt = dict(zip(range(50), deal(groups, labels), strict=True))
    other = deal(groups[::-1], labels[::-1])
    assert dict(zip(range(49, -1, -1), other, strict=True)) == dealt


def test_a_rare_class_comes_to_each_part() -> None:
    groups = [[f"{number}.jpg"] for number in range(200)]
    labels = [frozenset({"often", "rare"} if number < 10 else {"often"}) for number in range(200)]
    rare = Counter(deal(groups, labels)[:10])
    assert rare == {"train": 8, "val": 1, "eval": 1}


def test_names_of_old_archives_have_a_part() -> None:
    assert deal([["caf\udce9.jpg"]], [frozenset()]) == ["train"]


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("train2017", "train"),
        ("Valid", "valid"),
        ("test_1", "test"),
        ("TRAIN", "train"),
        ("trains", None),
        ("a train", None),
        ("2017", None),
    ],
)
def test_folders_called_after_parts(name: str, word: str | None) -> None:
    assert part_word(name) == word
