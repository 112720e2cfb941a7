from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dse.chips.ethos_u.report import Operation, Placed, read_report
from dse.errors import CompilerError

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
Warning: SOFTMAX 'odd' is not supported on the NPU. Placing on CPU instead
 - IFM must be small
   Op has ifm=big
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


def test_a_report_in_bytes_and_cycles() -> None:
    found = read_report(answer())
    assert (found.sram_bytes, found.flash_bytes, found.cycles) == (1536, 256, 1000)
    assert (found.weight_bytes, found.encoded_bytes) == (300, 250)
    assert found.operations == (  # what is fused has no time of its own
        Operation("conv", "Conv2D", True, 900, 1500),
        Operation("odd", "Passthrough", False, 0, 0),
        Operation("head", "Conv2D", True, 100, 700),
    )


def test_buffers_are_those_of_sram_and_live_as_long_as_operations() -> None:
    found = read_report(answer())
    assert found.buffers == (
        Placed("input", 0x100, 512, 0, 0),
        Placed("conv", 0, 256, 0, 2),
        Placed("WB_1", 0x300, 768, 2, 2),
    )
    assert read_report(answer(printed="")).buffers == ()


def test_why_something_is_on_the_cpu() -> None:
    ((name, text),) = read_report(answer()).warnings
    assert name == "odd"
    assert text.startswith("is not supported on the NPU") and "IFM must be small" in text


@pytest.mark.parametrize("part", ["summary", "layers"])
@given(text=st.text(max_size=200))
def test_another_report_is_refused_in_words(part: str, text: str) -> None:
    try:
        read_report(answer(**{part: text}))
    except CompilerError as error:
        assert "none that dse can read" in str(error)
    else:
        assert part == "layers"  # no operations, as of an empty table
