"""README.md of a bundle: how to put the detector on a board."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dse.export.flash_package import FLASH_ADDRESS

__all__ = ["guide"]

_TEXT = """\
# {candidate}: a face detector for the K210

| file | what it is |
|--|--|
| `model.kmodel` | the network, for the chip ({kmodel_bytes:,} bytes, kmodel version 5) |
| `model.kfpkg` | the kmodel with its flash address, for kflash |
| `model.tflite` | the same network in float32, for comparison on a PC |
| `detector.json` | input size, canonical boxes, thresholds: what decoding needs |
| `MODEL_CARD.md` | how good, how large, how fast, from which data |
| `manifest.json` | checksums, versions, figures; `dse verify FOLDER` checks them |

## What loads it
nncase {nncase_version} compiled it, and only the runtime of the same version loads it:
{kmodel_loader}.
MaixPy-v1 loads kmodel versions 3 and 4 only; this is version 5.

## Memory
{main_memory_bytes:,} bytes of main memory while it runs: the file {kmodel_bytes:,}, working
memory {data_bytes:,}, input {input_bytes:,}, output {output_bytes:,}. The chip has 6 MiB, less
what your firmware keeps. {kpu_sentence}

## Putting it there
kflash, or its GUI, writes the package to flash address 0x{flash:X}:

    kflash -p /dev/ttyUSB0 -b 1500000 model.kfpkg

Any tool that writes `model.kmodel` raw to that address does as well. At start, read
{kmodel_bytes:,} bytes from there into main memory and hand them to `kpu_load_kmodel`.

## Input
{size} x {size} pixels, uint8, three planes: all red, then all green, then all blue. This is what
the camera interface writes for the KPU. Scale the picture so that its longer side is {size}
pixels, put it at the top left, fill the rest with 127. No normalisation: the network has it.

## Output
float32, planes too: channel `5 * b + k` holds number k (score, tx, ty, tw, th) of canonical
box b, in {map_height} x {map_width} cells. Offsets are stored {box_scale:g} times too large.

    for b in 0..{last_box}, i in 0..{last_row}, j in 0..{last_column}:
        score = 1 / (1 + exp(-out[5*b + 0][i][j]))
        if score < score_threshold: continue          # {score_threshold:g}
        w, h = canonical_boxes_pixels[b]
        cx = (j + 0.5) * {size} / {map_width} + w * out[5*b + 1][i][j] / {box_scale:g}
        cy = (i + 0.5) * {size} / {map_height} + h * out[5*b + 2][i][j] / {box_scale:g}
        bw = w * exp(out[5*b + 3][i][j] / {box_scale:g})
        bh = h * exp(out[5*b + 4][i][j] / {box_scale:g})
        keep (cx - bw/2, cy - bh/2, cx + bw/2, cy + bh/2, score)
    sort by score; drop a box whose overlap (IoU) with a better one is above {iou_threshold:g}
    divide by the scale of the letterbox

Comparing logits with log(t / (1 - t)) instead saves the exponential in nearly every cell.
"""


def guide(manifest: Mapping[str, Any], detector: Mapping[str, Any]) -> str:
    """The text, from the tables of `manifest.json` and `detector.json`."""
    compiled, output = manifest["compiled"], detector["output"]
    peak = compiled["peak_kpu_bytes"]
    kpu = f"{peak:,} of the KPU's own 2,097,152 bytes are in use at the peak." if peak else ""
    return _TEXT.format(
        candidate=manifest["candidate"],
        kmodel_loader=manifest["target"]["kmodel_loader"],
        flash=FLASH_ADDRESS,
        kpu_sentence=kpu,
        size=detector["input"]["size_pixels"],
        last_box=output["channels"] // len(output["numbers"]) - 1,
        last_row=output["map_height"] - 1,
        last_column=output["map_width"] - 1,
        map_height=output["map_height"],
        map_width=output["map_width"],
        box_scale=detector["box_scale"],
        score_threshold=detector["score_threshold"],
        iou_threshold=detector["iou_threshold"],
        **{key: value for key, value in compiled.items() if key != "peak_kpu_bytes"},
    )
