"""The compiler's own process: `python -m dse.export.nncase_compile FOLDER`.

Reads FOLDER/model.tflite, calibration.npy and options.json; writes FOLDER/model.kmodel and
the compiler's dump below FOLDER/dump. Everything it has to say goes to stdout.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import nncase
import numpy as np

from dse.export.child import limit_memory

__all__ = ["main"]


def main(folder: Path) -> None:
    """Compiles what lies in `folder`. nncase raises RuntimeError, or ends the process."""
    limit_memory()
    options = json.loads((folder / "options.json").read_text())
    calibration = np.load(folder / "calibration.npy")
    compiler = nncase.Compiler(_compile_options(options, calibration.shape, folder / "dump"))
    compiler.import_tflite((folder / "model.tflite").read_bytes(), nncase.ImportOptions())
    ranges = nncase.PTQTensorOptions()
    ranges.samples_count = len(calibration)
    ranges.calibrate_method = options["calibrate_method"]
    ranges.set_tensor_data(np.ascontiguousarray(calibration).tobytes())
    compiler.use_ptq(ranges)
    compiler.compile()
    (folder / "model.kmodel").write_bytes(compiler.gencode_tobytes())


def _compile_options(options: dict[str, Any], shape: tuple[int, ...], dump: Path) -> Any:
    """Options for pictures of `shape` (n, and h, w, channels in their layout).

    Identity normalisation: a mean or a deviation here would run on the CPU in float32.
    """
    channels = shape[options["layout"].index("C")]
    chosen = nncase.CompileOptions()
    chosen.target = options["target"]
    chosen.preprocess = True
    chosen.input_type = "uint8"
    chosen.input_range = [-1, 1]
    chosen.mean = [0.0] * channels
    chosen.std = [1.0] * channels
    chosen.input_shape = [1, *shape[1:]]
    chosen.input_layout = options["layout"]
    chosen.output_layout = options["layout"]
    chosen.model_layout = "NHWC"
    chosen.dump_ir = True
    chosen.dump_dir = str(dump)
    return chosen


if __name__ == "__main__":
    main(Path(sys.argv[1]))
