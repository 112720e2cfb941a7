from __future__ import annotations

import pytest

from dse.chips.k210.kmodel.kpu_layer import Address, Constants, KpuMap, read_layer
from dse.errors import CompilerError, VerificationFailed
from tests.chips.k210.old_kmodels import registers

PLACES = Constants(100, 3000, 4000)


def test_registers_tell_the_layer() -> None:
    found = read_layer(
        registers((3, 20, 40), 16, kernel=3, pool=5, source=7, target=900, bias=-128), PLACES,
        Address(1, 64),
    )  # fmt: skip
    assert found.read == KpuMap(7 * 64, 3, 20, 40)
    assert found.written == KpuMap(900 * 64, 16, 10, 20)
    assert (found.kernel, found.depthwise, found.pool) == (3, False, 5)
    assert (found.bias_x, found.bias_w, found.bias) == (-128, 0, 0)
    assert (found.weights, found.batch_norm, found.activation) == PLACES
    assert found.target == Address(1, 64)
    assert found.weight_bytes == 16 * 3 * 9
    assert found.macs == 16 * 3 * 9 * 20 * 40


def test_offsets_may_be_shifted_if_they_are_whole() -> None:
    """nncase 0.1 writes them times 2^15."""
    found = read_layer(registers((3, 4, 4), 4, bias=-177, shift=15), PLACES)
    assert found.bias_x == -177
    odd = registers((3, 4, 4), 4, bias=-177, shift=15)
    odd[9] += 1 << 32
    with pytest.raises(CompilerError, match="no whole number"):
        read_layer(odd, PLACES)


def test_batches_lie_behind_one_another() -> None:
    found = read_layer(registers((3, 4, 70), 2), PLACES, batches=3)
    assert found.read.end == 3 * found.read.map_bytes == 3 * 3 * 4 * 128
    assert found.macs == 3 * 2 * 3 * 4 * 70
    with pytest.raises(VerificationFailed, match="shape"):
        read_layer(registers((3, 4, 70), 2), PLACES, batches=0)
    with pytest.raises(VerificationFailed, match="lies at"):
        read_layer(registers((3, 4, 70), 2), PLACES, batches=1 << 30)


@pytest.mark.parametrize(("register", "bit"), [(4, 1), (4, 5), (4, 6)])
def test_kernels_and_pools_that_are_not_known_are_named(register: int, bit: int) -> None:
    changed = registers((3, 8, 8), 3, kernel=3, pool=8)
    changed[register] |= 1 << bit
    with pytest.raises(CompilerError, match=r"a kernel of type . and a pool of type"):
        read_layer(changed, PLACES)


def test_a_layer_whose_sides_do_not_belong_together_is_refused() -> None:
    changed = registers((3, 8, 8), 3, pool=1)
    changed[3] += 1 << 32
    with pytest.raises(VerificationFailed, match="makes maps"):
        read_layer(changed, PLACES)
    with pytest.raises(VerificationFailed, match="weights end at"):
        read_layer(registers((3, 8, 8), 3), PLACES).expect_constants(100)
    below = Constants(100, 3000, -144)
    with pytest.raises(VerificationFailed, match="activation end at"):
        read_layer(registers((3, 8, 8), 3), below).expect_constants(9000)
