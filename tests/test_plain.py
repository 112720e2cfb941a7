"""Whatever the results hold, strict JSON comes out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.plain import plain


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, None),
        (math.inf, None),
        (-math.inf, None),
        (np.float32("inf"), None),
        (np.float64("nan"), None),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (True, True),
        (None, None),
        (Path("a/b"), "a/b"),
        ((1, 2.5), [1, 2.5]),
        (np.array([[1.0, np.nan]]), [[1.0, None]]),
        ({1: (math.inf,)}, {"1": [None]}),
        ("caf\udce9", "caf\udce9"),
    ],
)
def test_each_kind_becomes_what_json_has(value: Any, expected: Any) -> None:
    found = plain(value)
    assert found == expected and type(found) is type(expected)
    assert json.loads(json.dumps(found, allow_nan=False)) == expected


def test_finite_floats_can_be_shortened() -> None:
    shortened = plain({"a": [0.126, math.nan], "b": 7}, lambda value: round(value, 2))
    assert shortened == {"a": [0.13, None], "b": 7}


def test_what_json_cannot_hold_is_told() -> None:
    with pytest.raises(TypeError, match="set"):
        plain({"a": {1}})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_strict_json_holds_it_and_it_is_plain_already(value: Any) -> None:
    found = plain(value)
    assert json.loads(json.dumps(found, allow_nan=False)) == found == plain(found)
