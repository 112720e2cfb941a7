"""A packed set is the set it was packed from, wherever it lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dse.data import open_data
from dse.data.packed import packed_files
from dse.errors import DataError


@pytest.fixture()
def fddb(tmp_path: Path, write_picture: Callable[..., Path]) -> Path:
    root = tmp_path / "fddb"
    for name in ("2002/one", "2003/two"):
        write_picture(root / "originalPics" / f"{name}.jpg", (120, 90))
    (root / "FDDB-folds").mkdir()
    (root / "FDDB-folds" / "FDDB-fold-01-ellipseList.txt").write_text(
        "2002/one\n1\n31.5 20.25 1.2 60.1 40.7 1\n"
        "2003/two\n2\n15 9.3 0.1 30 30 1\n21.7 17.1 -1.5 70.9 50.3 1\n"
    )
    return root


def test_a_packed_set_is_the_same_set(fddb: Path, tmp_path: Path) -> None:
    data = open_data(f"fddb:{fddb}", "eval")
    for name, source in packed_files(data, "eval"):
        place = tmp_path / "there" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(source if isinstance(source, bytes) else source.read_bytes())
    packed = open_data(f"packed:{tmp_path / 'there'}", "eval")
    assert packed.checksum == data.checksum and packed.source == data.source
    for here, there in zip(data.pictures, packed.pictures, strict=True):
        assert there.name == here.name and there.file != here.file
        np.testing.assert_array_equal(there.load(), here.load())
        for kind in ("boxes", "ignored", "boxes_square"):
            np.testing.assert_array_equal(getattr(there, kind), getattr(here, kind))


def test_what_cannot_be_packed_or_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no file"):
        list(packed_files(open_data("synthetic:2", "train"), "train"))
    with pytest.raises(DataError, match=r"labels\.json cannot be read"):
        open_data(f"packed:{tmp_path}", "val")
