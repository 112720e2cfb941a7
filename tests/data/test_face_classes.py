"""Which of several classes is a face."""

from __future__ import annotations

import pytest

from dse.data.face_classes import face_classes
from dse.errors import DataError


@pytest.mark.parametrize(
    ("names", "faces"),
    [
        (["person"], {"person"}),
        (["Human face", "person", "car"], {"Human face"}),
        (["with_mask", "without_mask", "mask_weared_incorrect"], None),
        ([], set()),
    ],
)
def test_names(names: list[str], faces: set[str] | None) -> None:
    assert face_classes("voc:a", names) == (set(names) if faces is None else faces)


def test_no_face_among_several_is_refused() -> None:
    with pytest.raises(DataError, match=r"none of its 2 classes is a face \(car, dog\)") as caught:
        face_classes("voc:a", ["dog", "car"])
    assert "'face'" in caught.value.hint
