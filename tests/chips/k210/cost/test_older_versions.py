"""What a lowered network becomes in kmodels of versions 3 and 4."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dse.canvas import Canvas
from dse.chips.k210.cost.batch import price_networks
from dse.chips.k210.cost.lowering import lower
from dse.chips.k210.cost.memory import plan_memory
from dse.chips.k210.cost.older_versions import in_first_version, in_version
from dse.chips.k210.cost.price import price
from dse.chips.k210.cost.program import Program
from dse.chips.k210.target import K210Target
from dse.network.detector import Network
from dse.network.graph import Graph, Layer
from tests.chips.networks import chain, conv, depthwise

TARGET = K210Target.load()


def ops(program: Program) -> list[str]:
    return [step.op for step in program.steps]


def residual() -> Graph:
    """A block whose input is added to its output."""
    layers = chain((32, 32, 3), conv("a", 16, 3), depthwise("b"), conv("c", 16)).layers
    added = Layer("add", "add", ("a", "c"), (32, 32, 16))
    head = Layer("head", "conv", ("add",), (32, 32, 8), bias=True)
    return Graph("residual", (*layers, added, head), ("head",))


def test_version_5_stays_what_it_is() -> None:
    program = lower(residual())
    assert in_version(program, 5) is program


@pytest.mark.parametrize("version", [3, 4])
def test_conversions_of_an_addition_become_tables(version: int) -> None:
    program = in_version(lower(residual()), version)
    assert "quantize" not in ops(program)
    assert ops(program).count("lookup") == ops(program).count("download") - 1 == 2
    assert ops(program).count("dequantize") == 1
    assert all(step.element_bytes == 1 for step in program.steps if step.op != "dequantize")
    assert program.kmodel_version == version and not program.unwritten


def test_memory_of_an_addition_by_hand() -> None:
    """Two maps, both looked up into one tensor of twice the size; later the output as levels and as
    numbers, which takes less."""
    maps = 32 * 32 * 16
    memory = plan_memory(in_version(lower(residual()), 4))
    assert memory.data_bytes == 2 * maps + 2 * maps
    assert (memory.input_bytes, memory.output_bytes) == (0, 0)
    assert memory.peak_kpu_bytes == plan_memory(lower(residual())).peak_kpu_bytes


def test_an_odd_picture_is_padded_as_bytes_and_not_in_version_3() -> None:
    graph = chain((33, 32, 3), conv("a", 16, 3, stride=2))
    program = in_version(lower(graph), 4)
    assert ops(program)[:4] == ["input", "lookup", "pad", "upload"]
    assert not program.picture_is_uploaded
    assert "needs 'pad'" in in_version(lower(graph), 3).unwritten


@pytest.mark.parametrize("version", [3, 4])
def test_what_the_cpu_computes_is_not_written(version: int) -> None:
    graph = chain((32, 32, 3), conv("a", 16, 5))
    program = in_version(lower(graph), version)
    assert "'conv' on the CPU" in program.unwritten
    assert ops(program) == ops(lower(graph))


def test_the_first_version_that_can_tell_a_network_is_taken() -> None:
    plain = lower(chain((32, 32, 3), conv("a", 16, 3)))
    padded = lower(chain((33, 32, 3), conv("a", 16, 3, stride=2)))
    computed = lower(chain((32, 32, 3), conv("a", 16, 5)))
    for versions, found in (((3, 4), (3, 4, 4)), ((4, 3), (4, 4, 3)), ((5,), (5, 5, 5))):
        told = [in_first_version(one, versions) for one in (plain, padded, computed)]
        assert tuple(one.kmodel_version for one in told) == found
        assert [bool(one.unwritten) for one in told] == [False, False, 5 not in versions]


@pytest.mark.parametrize("by_dma", [True, False])
@pytest.mark.parametrize("versions", [(3,), (4,), (3, 4)])
def test_many_at_a_time_cost_what_they_cost_alone(versions: tuple[int, ...], by_dma: bool) -> None:
    target = replace(TARGET, kmodel_versions_written=versions, kmodel_3_results_by_dma=by_dma)
    networks = [
        Network(breakpoint, width, size)
        for breakpoint in ("A", "P")
        for width in (0.25, 0.5, 1.0)
        for size in (96, 128, 200, 224, Canvas(320, 240).input_size)
    ]
    costs = price_networks(networks, ["kpu8"], target)
    for network in networks:
        assert costs[network, "kpu8"] == price(network.graph, "kpu8", target)
    assert {one.kmodel_version for one in costs.values() if not one.unwritten} == set(versions)
