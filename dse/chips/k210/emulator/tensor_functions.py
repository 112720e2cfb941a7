"""The operations that the CPU's code in a kmodel calls, and how they are given their operands.

From `opcode.h` and `op_reader.h` of nncase 1.9.0 (`include/nncase/runtime/stackvm`) and the
order in which `src/codegen/stackvm/ops` pushes.
"""

from __future__ import annotations

__all__ = ["FUNCTIONS", "SIGNATURES"]

FUNCTIONS = (
    "batch_to_space", "binary", "broadcast", "call", "compare", "clamp", "conv2d",
    "conv2d_transpose", "convert", "copy", "cumsum", "dequantize", "gather", "gather_nd",
    "hardmax", "logistic", "lut1d", "matmul", "onehot", "pad", "quantize", "random_normal",
    "random_uniform", "reduce", "reduce_arg", "reduce_prod", "reduce_window2d", "resize_image",
    "roi_align", "sigmoid", "slice", "softmax", "space_to_batch", "take", "ternary", "topk",
    "transpose", "trilu", "unary", "gru", "tflite_detection_postprocess", "layer_normalization",
    "compress", "gather_elements",
)  # fmt: skip
"""Names by number (`tensor_function_t`)."""

SIGNATURES: dict[int, tuple[str, str, str]] = {
    0x01: (
        "binary",
        "type:t a_shape:s a_strides:s b_shape:s b_strides:s shape:s out_strides:s function:B "
        "low:f high:f",
        "a:a b:a output:a",
    ),
    0x03: ("call", "function:I module:H inputs:B outputs:B", ""),
    0x06: (
        "conv2d",
        "type:t shape:s in_strides:s kernel_shape:s kernel_strides:s bias_strides:s out_strides:s "
        "groups:H stride_h:H stride_w:H dilation_h:H dilation_w:H low:f high:f",
        "input:a kernel:a bias:a output:a top:i bottom:i interior_h:i left:i right:i interior_w:i",
    ),
    0x09: ("copy", "type:t shape:s in_strides:s out_strides:s", "input:a output:a"),
    0x0B: (
        "dequantize",
        "in_type:t out_type:t shape:s in_strides:s out_strides:s",
        "input:a output:a scale:f bias:f",
    ),
    0x10: (
        "lut1d",
        "type:t shape:s in_strides:s out_strides:s length:H",
        "input:a table:a output:a low:f high:f",
    ),
    0x13: (
        "pad",
        "type:t shape:s in_strides:s out_strides:s paddings:p mode:B",
        "input:a output:a value:f",
    ),
    0x14: (
        "quantize",
        "in_type:t out_type:t shape:s in_strides:s out_strides:s",
        "input:a output:a scale:f bias:f",
    ),
    0x1A: (
        "reduce_window2d",
        "type:t function:B shape:s in_strides:s out_strides:s filter_h:H filter_w:H stride_h:H "
        "stride_w:H dilation_h:H dilation_w:H low:f high:f",
        "input:a initial:f output:a top:i bottom:i interior_h:i left:i right:i interior_w:i",
    ),
    0x1B: (
        "resize_image",
        "type:t shape:s in_strides:s out_strides:s align_corners:B half_pixel_centers:B mode:B",
        "height:i width:i input:a output:a",
    ),
    0x1E: (
        "slice",
        "type:t shape:s in_strides:s out_strides:s begins:s ends:s steps:s",
        "input:a output:a",
    ),
    0x24: ("transpose", "type:t shape:s in_strides:s out_strides:s order:s", "input:a output:a"),
}
"""Tensor function -> name, fields of the instruction, operands on the stack (first pushed first).

Kinds of fields: t a data type, s a shape register, p a register of paddings, others as in
`struct`. Kinds on the stack: a an address, i a whole number, f any number.
"""
