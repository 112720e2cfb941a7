"""What nncase 1.9 refuses, dies of, or compiles into something else: and what to do instead.

The importer reads the operators of `IMPORTED` (v1.9.0, src/importer/tflite/opcode.def) and no
others. Some of those it reads wrongly; what was compiled and run beside TensorFlow Lite says which.
"""

from __future__ import annotations

from dse.chips.cost import Refusal
from dse.network.operators import Operator

__all__ = ["IMPORTED", "not_emitted", "not_found", "not_whole", "refusal_of"]

IMPORTED = frozenset((
    "ABS", "ADD", "ARG_MAX", "ARG_MIN", "AVERAGE_POOL_2D", "BATCH_MATMUL", "CAST", "CEIL",
    "CONCATENATION", "CONV_2D", "COS", "CUSTOM", "DEPTHWISE_CONV_2D", "DIV", "EQUAL", "EXP",
    "EXPAND_DIMS", "FLOOR", "FLOOR_DIV", "FLOOR_MOD", "FULLY_CONNECTED", "GREATER",
    "GREATER_EQUAL", "L2_NORMALIZATION", "LEAKY_RELU", "LESS", "LESS_EQUAL", "LOG", "LOGISTIC",
    "MAX_POOL_2D", "MAXIMUM", "MEAN", "MINIMUM", "MUL", "NEG", "NOT_EQUAL", "PAD", "PADV2",
    "MIRROR_PAD", "PACK", "POW", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "RELU", "PRELU",
    "RELU6", "RESHAPE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "ROUND", "RSQRT", "SHAPE",
    "SIN", "SLICE", "SOFTMAX", "SPACE_TO_BATCH_ND", "SQUEEZE", "BATCH_TO_SPACE_ND",
    "STRIDED_SLICE", "SQRT", "SQUARE", "SUB", "SUM", "TANH", "TILE", "TRANSPOSE",
    "TRANSPOSE_CONV", "QUANTIZE", "FAKE_QUANT", "DEQUANTIZE", "GATHER", "GATHER_ND", "ONE_HOT",
    "SQUARED_DIFFERENCE", "LOG_SOFTMAX", "SPLIT", "HARD_SWISH",
))  # fmt: skip


WITHOUT = {
    "ELU": "use ReLU, ReLU6 or leaky ReLU",
    "DEPTH_TO_SPACE": "resize the map instead (UpSampling2D with interpolation='bilinear')",
    "SPACE_TO_DEPTH": "use a convolution of stride 2 instead",
    "SPLIT_V": "split into equal parts",
    "UNPACK": "slice the tensor, or split it into equal parts",
    "GELU": "use ReLU6 or hard-swish",
}
"""What to do instead of operators that people bring and the importer does not know."""

CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
QUANTIZED = ("int8", "uint8", "int16")


def refusal_of(operator: Operator) -> Refusal | None:
    """Why `operator` alone makes the compiler fail; None where it does not."""
    for judge in (_type, _unknown, _activation, _convolution, _computed_wrongly):
        found = judge(operator)
        if found is not None:
            why, instead = found
            return Refusal(operator.layer, operator.kind.lower(), why, instead)
    return None


Found = tuple[str, str] | None


def _type(operator: Operator) -> Found:
    """Files in other numbers than float32."""
    tensors = [one for one in (*operator.inputs, *operator.outputs) if one is not None]
    types = {tensor.type for tensor in tensors}
    if types.intersection(QUANTIZED):
        why = "this file is quantized"
        if operator.kind in CONVOLUTIONS and _is_float(operator):
            why = (
                "its weights are quantized, each channel by a scale of its own, of which the "
                "compiler reads the first and computes something else"
            )
        return why, "export it in float32: the compiler quantizes it itself"
    if "float16" in types:
        return (
            "weights in float16 end the compiler with a signal",
            "export it in float32, without optimizations",
        )
    return None


def _is_float(operator: Operator) -> bool:
    """It computes in float32, whatever its weights are stored in."""
    source = operator.inputs[0]
    return source is not None and source.type == operator.outputs[0].type == "float32"


def _unknown(operator: Operator) -> Found:
    if operator.kind in IMPORTED:
        return None
    advice = WITHOUT.get(operator.kind, "change the network")
    return "the compiler knows no such operation", advice


def _activation(operator: Operator) -> Found:
    known = (0, 1, 2, 3)
    if operator.options.get("FusedActivationFunction", 0) in known:
        return None
    return "the compiler knows no such fused activation", "use ReLU or ReLU6"


def _convolution(operator: Operator) -> Found:
    if operator.kind == "TRANSPOSE_CONV":
        return (
            "the compiler cannot emit a transposed convolution",
            "resize the map (UpSampling2D with interpolation='bilinear'), then convolve it",
        )
    if operator.kind not in CONVOLUTIONS:
        return None
    source, weights = operator.inputs[:2]
    assert source is not None and weights is not None
    if len(operator.inputs) < 3 or operator.inputs[2] is None:
        return "a convolution without a bias ends the compiler", "give it one (use_bias=True)"
    if weights.constant is None:
        return "its weights are computed, not constant", "store them in the file"
    if operator.kind == "CONV_2D" and weights.sides[3] != source.sides[3]:
        return (
            "the compiler takes a grouped convolution for a plain one and computes something else",
            "use a depthwise convolution and a 1x1 one, or groups=1",
        )
    multiplier = operator.options.get("DepthMultiplier", 1)
    if operator.kind == "DEPTHWISE_CONV_2D" and multiplier != 1 and source.sides[3] != 1:
        return (
            f"the compiler knows no depth multiplier of {multiplier}",
            "widen the map with a 1x1 convolution first, then use depth_multiplier=1",
        )
    return None


def _counts_from_the_end(operator: Operator) -> bool:
    end = operator.inputs[2]
    assert end is not None and end.constant is not None
    left_out = operator.options.get("EndMask", 0) | operator.options.get("ShrinkAxisMask", 0)
    return any(
        value < 0 and not left_out & (1 << axis) for axis, value in enumerate(end.constant.values)
    )


def _computed_wrongly(operator: Operator) -> Found:
    if operator.kind == "STRIDED_SLICE" and _counts_from_the_end(operator):
        return (
            "the compiler takes an end counted from behind for the one after it",
            "slice with ends counted from the front (x[:, 2:62] instead of Cropping2D)",
        )
    if operator.kind == "TILE":
        return (
            "the compiler tiles blocks where TensorFlow repeats pixels",
            "in Keras 3 use UpSampling2D(interpolation='bilinear'), or export with Keras 2",
        )
    return None


def not_found(layer: str) -> Refusal:
    """Why the runtime cannot run what was compiled: it finds a result of a call by its first byte
    (`runtime_function.cpp`, `memory_at`), and so no piece of one."""
    return Refusal(
        layer,
        "crop",
        "the runtime does not find a cropped map that the CPU reads too, and stops",
        "pad the 3x3 convolution before it (padding='same'), or let only convolutions read it",
    )


def not_whole(layer: str) -> Refusal:
    """Why the KPU reads something else: the compiler hands it a piece of a map by the address where
    it begins, and it reads the lines behind that as if none were longer (`kpu_upload`)."""
    return Refusal(
        layer,
        "crop",
        "the compiler gives the accelerator a cropped map as if its lines lay side by side, and "
        "the file computes something else",
        "pad the 3x3 convolution before it (padding='same')",
    )


def forgotten(layer: str) -> Refusal:
    """Why the KPU leaves a ReLU out: what a pool had of one is dropped where the KPU pools while
    it writes (`fuse_kpu_conv2d_pool`)."""
    return Refusal(
        layer,
        "pool",
        "the compiler forgets the ReLU behind a pool, and the file computes something else",
        "put the activation in front of the pool: a max pool then gives the same",
    )


EMISSION = {
    "fused_unary": (
        "the compiler cannot emit a function of a pooled map",
        "put the activation in front of the pool, or use ReLU6 in the convolution before it",
    ),
    "clamp": (
        "the compiler cannot emit a ReLU6 that stands alone",
        "put it behind a convolution, or use ReLU",
    ),
}


def not_emitted(op: str, layer: str) -> Refusal:
    """Why the compiler, having imported an `op`, cannot write it."""
    usual = (f"the compiler cannot emit '{op}' there", "change the network")
    return Refusal(layer, op, *EMISSION.get(op, usual))
