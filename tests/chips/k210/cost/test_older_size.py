"""Sizes of kmodels of versions 3 and 4, added up by hand for a network of one convolution."""

from __future__ import annotations

from dse.chips.k210.cost.kmodel_size import kmodel_bytes
from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.cost.older_versions import in_version
from tests.chips.networks import chain, conv

WEIGHTS, NORM, TABLE = 3 * 16 * 9, 8 * 16, 144
PROGRAM = lower(chain((32, 32, 3), conv("a", 16, 3)))


def test_version_4_by_hand() -> None:
    start = 40 + 32 + 16 + 2 * 8 + 24 + 96  # header, input, output, two nodes; 224
    assert start == 224
    constants = 256 + NORM  # 384
    constants = 512 + TABLE  # 656
    constants = 768 + WEIGHTS  # 1200
    assert kmodel_bytes(in_version(PROGRAM, 4)) == constants + 40


def test_version_3_by_hand() -> None:
    start = 28 + 8 + 2 * 8 + 24  # header, output, two layers; 76, so that registers lie at 80
    assert start == 76
    constants = 256 + WEIGHTS  # 688
    constants = 768 + NORM  # 896
    constants = 1024 + TABLE  # 1168
    assert kmodel_bytes(in_version(PROGRAM, 3)) == constants + 24
