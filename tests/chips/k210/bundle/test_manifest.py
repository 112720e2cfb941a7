from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.chips.k210.bundle.manifest import checksums, to_json

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@given(st.dictionaries(st.text(), plain, max_size=4))
def test_whatever_a_study_says_becomes_valid_json(table: dict[str, object]) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    found = json.loads(to_json(table), parse_constant=refuse)
    assert set(found) == set(table)


def test_numpy_numbers_and_paths_are_written() -> None:
    table = {"ap": np.float32(0.5), "count": np.int64(3), "path": Path("a/b"), "nan": float("nan")}
    assert json.loads(to_json(table)) == {"ap": 0.5, "count": 3, "path": "a/b", "nan": None}


def test_a_folder_whose_name_is_no_text_is_recorded() -> None:
    assert json.loads(to_json({"data": "wider:/caf\udce9"})) == {"data": "wider:/caf\udce9"}


def test_checksums_are_sha256() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert checksums({"empty": b""}) == {"empty": {"sha256": empty, "bytes": 0}}
