"""Reasons without what differs from file to file."""

from __future__ import annotations

import pytest

from dse.data.pictures import Skipped
from dse.data.reasons import by_reason, reason_kind


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("/a b/c.xml:3: malformed XML (mismatched tag)", "malformed XML"),
        ("/a/l.txt:12: expected 'class cx cy w h', found '0 1'", "expected"),
        ("/a/l.txt:12: a box is given in pixels, not as fractions",
         "a box is given in pixels, not as fractions"),
        ("box without area (79, 89, 41, 31)", "box without area"),
        ("box (1, 2, 3, 4) outside its picture of 60 x 40 pixels",
         "box outside its picture of N x N pixels"),
        ("no name for class 7 in data.yaml: counts neither way",
         "no name for class N in data.yaml: counts neither way"),
        ("there is no such file", "there is no such file"),
        ("'quoted'", "'quoted'"),
    ],
)  # fmt: skip
def test_kinds(reason: str, kind: str) -> None:
    assert reason_kind(reason) == kind


def test_the_commonest_comes_first() -> None:
    reasons = ["b", "box without area (1, 2, 3, 4)", "box without area (5, 6, 7, 8)"]
    assert by_reason(Skipped("x", reason) for reason in reasons) == {"box without area": 2, "b": 1}
