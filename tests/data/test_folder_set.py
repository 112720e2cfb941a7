"""Names of classes, from labels and lists."""

from __future__ import annotations

import pytest

from dse.data.folder_set import class_names


@pytest.mark.parametrize(
    ("labels", "listed", "names"),
    [
        (["b", "a", None, "b"], [], ("a", "b")),
        (["b", "a"], ["c", "b", "a"], ("b", "a")),
        (["Dog", "dog", "dog"], [], ("dog",)),
        (["Dog", "Dog", "dog"], ["DOG"], ("Dog",)),
        (["FACE"], [], ("face",)),
        ([None], ["a"], ()),
        ([], [], ()),
    ],
)
def test_names(labels: list[str | None], listed: list[str], names: tuple[str, ...]) -> None:
    assert class_names(labels, listed) == names
