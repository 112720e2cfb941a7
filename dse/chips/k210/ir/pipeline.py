"""The compiler's passes in its order: what was imported becomes what the K210 runs.

Source: nncase v1.9.0, src/targets/neutral_target.cpp and targets/k210/k210_target.cpp.
"""

from __future__ import annotations

from dse.chips.k210.ir.accelerator import ADDITIONS, ANNOTATE, UNARY_MOTION
from dse.chips.k210.ir.cutting import (
    FOLD_CUTS,
    FUSE_PADS,
    NOP_PAD,
    NOP_SLICE,
    PAD_CONV,
    PAD_TO_SLICE,
)
from dse.chips.k210.ir.folding import (
    FOLD,
    FOLD_MATMUL,
    MATMUL_TO_CONV,
    REMOVE_BINARY,
    SIMPLIFY,
    SPLIT_SIGMOID,
)
from dse.chips.k210.ir.functions import FUSE_UNARY
from dse.chips.k210.ir.layout import (
    FOLD_BITCASTS,
    FOLD_TRANSPOSES,
    MOTIONS,
    fold_bitcast,
    fold_nop_bitcast,
    transpose_binary_motion,
    transpose_pad_motion,
    transpose_reduce_motion,
    transpose_to_reshape,
    transpose_unary_motion,
)
from dse.chips.k210.ir.net import Net, Rule, rewrite
from dse.chips.k210.ir.quantizing import (
    DEQUANTIZE_MOTIONS,
    FOLD_QUANTIZE,
    FOLD_UPLOADS,
    FUSE_POOLS,
    LAST_MOTIONS,
    LOOKUPS,
    LOWER_CONVOLUTIONS,
    QUANTIZE_MOTIONS,
    take_ranges,
)

__all__ = ["run_passes"]

DEFAULT: list[Rule] = [
    *DEQUANTIZE_MOTIONS,
    *QUANTIZE_MOTIONS,
    *NOP_PAD,
    ("bitcast", fold_nop_bitcast),
    *FOLD_CUTS,
    ("bitcast", fold_bitcast),
    *REMOVE_BINARY,
    *MOTIONS,
    *FOLD,
    ("reduce", transpose_reduce_motion),
    ("unary", transpose_unary_motion),
    *SIMPLIFY,
    ("transpose", transpose_to_reshape),
    *FOLD_TRANSPOSES,
    *NOP_SLICE,
    *FOLD_MATMUL,
]
"""`neutral_target::add_default_transforms`."""

BEFORE_RANGES: tuple[list[Rule], ...] = (
    [("pad", transpose_pad_motion), *FOLD_TRANSPOSES, *FUSE_PADS],
    [("binary", transpose_binary_motion), *FOLD_TRANSPOSES],
    DEFAULT,
    PAD_TO_SLICE,
    [*FOLD_BITCASTS, *MATMUL_TO_CONV],
    SPLIT_SIGMOID,
    PAD_CONV,
    [*ANNOTATE, *DEFAULT],
    FUSE_UNARY,
    [*ADDITIONS, *ANNOTATE, *DEFAULT],
    UNARY_MOTION,
)
BEHIND_RANGES: tuple[list[Rule], ...] = (
    LOWER_CONVOLUTIONS,
    FUSE_POOLS,
    FOLD_UPLOADS,
    LOOKUPS,
    [*DEFAULT, *FOLD_QUANTIZE],
    [*DEFAULT, *FOLD_QUANTIZE],
    LAST_MOTIONS,
)


def run_passes(net: Net, otherwise: frozenset[str]) -> list[str]:
    """Rewrites `net`; returns the layers at which the calibration pictures decide something.

    otherwise: those of them where it comes out the unlikely way.
    """
    for rules in BEFORE_RANGES:
        rewrite(net, rules)
    dependent = take_ranges(net, otherwise)
    for rules in BEHIND_RANGES:
        rewrite(net, rules)
    return dependent
