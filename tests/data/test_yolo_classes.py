"""Names of classes from files that others wrote."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.data.tree import scan
from dse.data.yolo_classes import YoloSettings, yolo_settings
from dse.errors import DataError


def _aliases(first: str, form: str, last: str) -> str:
    """Nine levels, each of nine aliases of the one before."""
    rows = [f"a: &a {first}"]
    for this, one in zip("bcdefghij", "abcdefghi", strict=True):
        rows.append(f"{this}: &{this} {form.format(','.join([f'*{one}'] * 9))}")
    return "\n".join([*rows, last])


def _settings(folder: Path) -> YoloSettings:
    return yolo_settings(scan(folder))


BILLION = _aliases("[lol, lol]", "[{}]", "names: *j\n")
MERGED = _aliases("{k: v}", "{{<<: [{}]}}", "names: [face]\n")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("names: [person, face]\n", {0: "person", 1: "face"}),
        ("names: {0: person, 7: Human face}\n", {0: "person", 7: "Human face"}),
        ("names: [1, face]\n", {0: "1", 1: "face"}),
        ("list: &list [cat, face]\nnames: *list\n", {0: "cat", 1: "face"}),
        ("names: []\n", {}),
        ("path: .\n", {}),
        ("", {}),
        (MERGED, {0: "face"}),
    ],
)
def test_names_in_yaml(tmp_path: Path, text: str, names: dict[int, str]) -> None:
    (tmp_path / "data.yaml").write_text(text)
    assert _settings(tmp_path).names == names


def test_a_yaml_of_any_name_counts_if_it_has_names(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("names: [broken\n")
    (tmp_path / "b.yml").write_text("lr: 0.1\n")
    (tmp_path / "coco8.yaml").write_text("names: [cat]\ntrain: images/a\nval: [images/b]\n")
    found = _settings(tmp_path)
    assert (found.names, found.source) == ({0: "cat"}, "coco8.yaml")
    assert found.parts == {"train": "images/a", "val": "images/b"}


def test_what_darknet_has(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "obj.names").write_text("one\ntwo\n")
    (tmp_path / "obj.data").write_text(
        "classes = 2\ntrain = /x/data/train.txt\nvalid=data/test.txt\nnames = data/obj.names\n"
    )
    found = _settings(tmp_path)
    assert (found.names, found.source) == ({0: "one", 1: "two"}, "data/obj.names")
    assert found.parts == {"train": "/x/data/train.txt", "valid": "data/test.txt"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("names: face\n", "neither a list nor a table"),
        ("names:\n", "neither a list nor a table"),
        ("names: {.inf: face}\n", "a key that is no number"),
        ("names: {.nan: face}\n", "a key that is no number"),
        ("names: {-1: face, 0: b}\n", "a key that is no number"),
        (f"names: {{? {'9' * 5000} : face}}\n", "a key that is no number"),
        ("names: [[face]]\n", "no text for 0"),
        ("names: &a [*a]\n", "unconstructable recursive node"),
        (BILLION, "no text for 0"),
        ("names: &a [b]\nlist: [" + "*a," * 101 + "]\n", "more than 100 aliases"),
        ("[" * 10_000, "more than 20 lists in one another"),
        ("- " * 100_000, "more than 20 lists in one another"),
        ("{a: " * 10_000, "more than 20 lists in one another"),
        ("[" * 1_000_000, "more than 20 lists in one another"),
        ("? [a]\n: b\n", "unhashable key"),
    ],
)
def test_a_yaml_that_cannot_be_understood(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(DataError, match=f"data.yaml: cannot be understood .*{why}") as caught:
        _settings(tmp_path)
    assert len(str(caught.value)) < 600
    assert "names: [face]" in caught.value.hint


def test_a_yaml_runs_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    order = f"!!python/object/apply:pathlib.Path.touch [!!python/object:pathlib.Path {marker}]"
    (tmp_path / "data.yaml").write_text(f"run: {order}\nnames: [face]\n")
    assert _settings(tmp_path).names == {0: "face"}
    assert not marker.exists()


@pytest.mark.parametrize("name", ["data.yaml", "dataset.yaml", "classes.txt", "obj.names"])
def test_a_pipe_or_a_device_is_no_list_of_names(tmp_path: Path, name: str) -> None:
    (tmp_path / "pipes").mkdir()
    os.mkfifo(tmp_path / "pipes" / name)
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / name).symlink_to("/dev/zero")
    for folder in ("pipes", "devices"):
        with pytest.raises(DataError, match=f"{name}: not a regular file"):
            _settings(tmp_path / folder)


@pytest.mark.parametrize("name", ["data.yaml", "classes.txt"])
def test_a_file_of_gigabytes_is_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    os.truncate(tmp_path / name, 1 << 40)
    with pytest.raises(DataError, match="larger than 1 MiB"):
        _settings(tmp_path)


@given(st.text(alphabet="&*[]{}:,-?!|>'\"#\n \tabnames01\x85\0é<", max_size=60), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_yaml_is_understood_or_refused(text: str, named: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = f"names: {text}" if named else text
        Path(folder, "data.yaml").write_bytes(whole.encode("utf-8", "surrogatepass"))
        try:
            found = _settings(Path(folder))
        except DataError as error:
            assert str(error).isprintable()
        else:
            assert all(number >= 0 for number in found.names)
