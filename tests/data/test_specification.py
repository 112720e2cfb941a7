"""Specifications as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from dse.data.selection import Selection
from dse.data.specification import DataSpec, absolute_source, with_classes
from dse.errors import DataError, UnknownName, UsageError


@pytest.mark.parametrize(
    ("text", "kind", "argument"),
    [
        ("synthetic", "synthetic", None),
        ("synthetic-digits:20", "synthetic-digits", "20"),
        ("voc:a b", "voc", "a b"),
        ("./pictures", "auto", "./pictures"),
        ("~/x:y", "auto", "~/x:y"),
        ("auto:x", "auto", "x"),
        ("voc:what?", "voc", "what?"),
    ],
)
def test_kinds(text: str, kind: str, argument: str | None) -> None:
    spec = DataSpec.parse(text)
    assert (spec.kind, spec.argument, spec.selection) == (kind, argument, Selection())
    assert str(spec) == (text if kind != "auto" else f"auto:{argument}")


def test_the_classes_stand_behind() -> None:
    spec = DataSpec.parse("voc:a?b?classes=x,y%2Cz&merge=n=p,q")
    assert spec.argument == "a?b"
    assert spec.selection == Selection(("x", "y,z"), (("n", ("p", "q")),))
    assert DataSpec.parse(str(spec)) == spec


def test_a_folder_needs_no_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert DataSpec.parse("mine").kind == "auto"
    with pytest.raises(UnknownName, match="unknown kind of data 'yours'"):
        DataSpec.parse("yours")


def test_flags_go_into_the_text() -> None:
    assert with_classes("voc:a", "x, y", ["n=p,q"]) == "voc:a?classes=x,y&merge=n=p,q"
    assert with_classes("voc:a?classes=z", "x", None) == "voc:a?classes=x"
    assert with_classes("voc:a?classes=z", None, None) == "voc:a?classes=z"
    assert with_classes(None, None, None) is None
    with pytest.raises(UsageError, match="need pictures to pick from"):
        with_classes(None, "x", None)


def test_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set" / "Annotations").mkdir(parents=True)
    with pytest.raises(DataError, match="nothing: it is empty"):
        absolute_source("set")
    (tmp_path / "set" / "Annotations" / "a.xml").touch()
    assert absolute_source("set?classes=a") == f"voc:{tmp_path}/set?classes=a"
    assert absolute_source("yolo:set") == f"yolo:{tmp_path}/set"
    for same in ("synthetic:5", "voc:missing", "voc:"):
        assert absolute_source(same) == same
