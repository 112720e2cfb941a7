"""An ONNX file made ready: for one picture, the shape of every tensor worked out.

`python -m dse.network.onnx_preparation FILE TARGET` writes TARGET. The package works shapes out in
native code, which a damaged file may kill: so this runs in a process of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import onnx

from dse.files import write_whole

__all__ = ["prepare"]


def prepare(source: Path, target: Path) -> None:
    """Raises what onnx raises for a file that it cannot read, ValueError for open sizes."""
    model = onnx.load(source, load_external_data=False)
    held = {one.name for one in model.graph.initializer}
    for tensor in model.graph.input:
        if tensor.name not in held:
            _fix(tensor)
    for tensor in model.graph.output:  # are worked out again
        tensor.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=False, data_prop=True)
    write_whole(target, inferred.SerializeToString(), durable=False)


def _fix(tensor: onnx.ValueInfoProto) -> None:
    """One picture, where their number is open."""
    sides = tensor.type.tensor_type.shape.dim
    if sides and not sides[0].dim_value:
        sides[0].dim_value = 1
    if not all(side.dim_value for side in sides):
        shape = [side.dim_value or side.dim_param or "?" for side in sides]
        raise ValueError(f"its input '{tensor.name}' is {shape}: fix height and width")


if __name__ == "__main__":
    prepare(Path(sys.argv[1]), Path(sys.argv[2]))
