"""File sizes, added up by hand for a network of one convolution."""

from dse.chips.k210.cost.kmodel_size import constant_bytes, kmodel_bytes
from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.cost.program import Program, Step
from dse.network.graph import Graph, Layer
from tests.chips.networks import chain, conv, depthwise


def test_one_kpu_convolution_by_hand() -> None:
    program = lower(chain((32, 32, 3), conv("a", 16, 3)))
    header = 32
    cpu = 48 + 2 * 8 + (32 + 2 * 32) + 32  # module, pools, function with two tensors, .rdata
    text = 147 + 101  # one call, one dequantize
    cpu_end = -(-(header + cpu + 32 + text) // 8) * 8
    kpu = cpu_end + 48 + 3 * 8 + (32 + 2 * 32) + 32
    rdata = -(-kpu // 256) * 256
    constants = 768 + 144  # 432 weights and 128 of batch normalisation, table at the next 256
    instructions = -(-(rdata + constants + 32) // 256) * 256 + 44 + 152 + 44
    assert kmodel_bytes(program) == instructions


def test_a_network_for_the_cpu_alone_has_one_module() -> None:
    program = lower(chain((8, 8, 3), conv("a", 1280)))
    weights = 4 * 3 * 1280 + 4 * 1280
    start = 32 + 48 + 16 + (32 + 2 * 32) + 32
    size = start + weights + 32 + 101 + 209
    assert kmodel_bytes(program) == -(-size // 8) * 8


def test_constants_of_a_step() -> None:
    kpu = Step("kpu_conv", "a", (0,), (8, 8, 16), 1, 3, 3)
    assert constant_bytes(kpu) == 9 * 3 * 16 + 8 * 16 + 144
    cpu = Step("conv", "a", (0,), (8, 8, 16), 4, 3, 3)
    assert constant_bytes(cpu) == 4 * (9 * 3 * 16 + 16)
    assert constant_bytes(Step("quantize", "a", (0,), (8, 8, 16))) == 0


def test_more_layers_are_more_bytes() -> None:
    sizes = [
        kmodel_bytes(lower(chain((32, 32, 3), *[depthwise(f"d{i}") for i in range(count)])))
        for count in range(1, 6)
    ]
    assert sizes == sorted(set(sizes))


def test_the_input_size_does_not_matter_while_maps_are_even() -> None:
    layers = [conv("a", 16, 3, stride=2), depthwise("b", stride=2), conv("c", 32)]
    assert len({kmodel_bytes(lower(chain((s, s, 3), *layers))) for s in (32, 64, 128)}) == 1


def test_an_unknown_operation_still_has_a_size() -> None:
    layers = chain((16, 16, 3), conv("a", 8, 3)).layers
    soft = Layer("soft", "hard_swish", ("a",), (16, 16, 8))
    known = kmodel_bytes(lower(Graph("a", layers, ("a",))))
    assert known < kmodel_bytes(lower(Graph("b", (*layers, soft), ("soft",)))) < known + 1000


def test_downloads_belong_to_their_call() -> None:
    """A second result of a call costs its argument (68 bytes) and its shape (32 bytes) more."""
    upload = Step("upload", "x", (0,), (8, 8, 4))
    conv_step = Step("kpu_conv", "x", (1,), (8, 8, 4), 1, 1, 4)
    steps = [Step("input", "x", (), (8, 8, 4)), upload, conv_step]
    one = Program((*steps, Step("download", "x", (2,), (8, 8, 4))), (3,))
    two = Program((*one.steps, Step("download", "x", (2,), (8, 8, 4))), (3, 4))
    assert kmodel_bytes(two) > kmodel_bytes(one)
