"""What Vela writes of a small network, shortened."""

from __future__ import annotations

__all__ = ["answer"]

SUMMARY = (
    "sram_memory_used,off_chip_flash_memory_used,total_original_weights,"
    "total_npu_encoded_weights,cycles_total\n1.5,0.25,300,250,1000\n"
)
LAYERS = (
    "Original Operator,NNG Operator,Target,Staging Usage,Op Cycles,Name\n"
    "Conv2D,Conv2D,NPU,1500,900,conv\n"
    "Conv2D,Relu6,NPU,0,0,conv\n"
    "Softmax,Passthrough,CPU,0,0,odd\n"
    "Conv2D,Conv2D,NPU,700,100,head\n"
)
PRINTED = """\

Warning (supported operators) operator: SOFTMAX, ofm: 'odd'
Reason: IFM must be small
  - not as large as it is

############
Allocation, memory Sram, usage mask: FeatureMap|Staging
Start Time - End Time  : Start Addr -   End Addr: Tensor Size: Memory Usage: Format         : Name
         0 -          1:      0x100 -      0x300:         512:         1536: NHWC           : input
         0 -          5:        0x0 -      0x100:         256:         1536: NHCWB16        : conv
         4 -          9:      0x300 -      0x600:         768:         1536: Unknown        : WB_1
Allocation Peak Tensor Size: 1536 bytes == 1.5 KiB
Tensor Allocation for read-only NPU tensors:
         0 -          1:        0x0 -      0x100:         256:          256: Unknown        : w
Allocation Peak Tensor Size: 256 bytes == 0.25 KiB
"""


def answer(**changed: str) -> dict[str, str]:
    return {"summary": SUMMARY, "layers": LAYERS, "printed": PRINTED, "error": "", **changed}
