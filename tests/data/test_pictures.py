"""What readers return can be shown, hashed and written, whatever others called their files."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dse.data.pictures import DataSet, Picture, Skipped

NAMES = ["caf\udce9.jpg", "a\nb.jpg", "\x1b[2J.jpg", "\ud800"]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_can_be_shown_and_counted(name: str) -> None:
    picture = Picture(name, np.zeros((0, 4), np.float32), lambda: np.zeros((1, 1, 3), np.uint8))
    assert picture.name.isprintable()
    data = DataSet("here", (picture,))
    assert len(data.checksum) == 16
    json.dumps([picture.name], ensure_ascii=False).encode()


@pytest.mark.parametrize("text", [*NAMES, "x" * 3_000_000])
def test_every_reason_can_be_shown(text: str) -> None:
    skipped = Skipped(text, f"{text}: broken")
    assert skipped.name.isprintable() and skipped.reason.isprintable()
    assert len(skipped.name) < 500
    assert skipped.reason.endswith(": broken")


def test_ordinary_names_stay() -> None:
    assert Skipped("0--Parade/a (1).jpg", "schön 猫").name == "0--Parade/a (1).jpg"
    assert Skipped("a", "schön 猫").reason == "schön 猫"
