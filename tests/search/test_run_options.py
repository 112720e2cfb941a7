from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dse.errors import UsageError
from dse.search import RunOptions


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"workers": 0}, "--workers 0"),
        ({"time_limit_s": 0.0}, "--time-limit 0"),
        ({"time_limit_s": float("nan")}, "--time-limit nan"),
        ({"ray_address": "ray://head:10001"}, "Ray Client"),
        ({"executor": "rai"}, "Did you mean 'ray'"),
        ({"storage": "sqlite:///x.db"}, "the study's name"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        RunOptions(**changes)
    assert caught.value.exit_code == 2 and caught.value.hint


def test_only_an_unusual_folder_has_to_be_named() -> None:
    assert RunOptions().results_flag == ""
    assert RunOptions(results=Path("there")).results_flag == " --results there"
