"""What a kmodel costs on a target, before it is run."""

from __future__ import annotations

from pathlib import Path

from dse.chips.k210.cost.latency import total_time
from dse.chips.k210.cost.layer_costs import LayerCost
from dse.chips.k210.cost.price import KPU_FORMAT, K210Cost
from dse.chips.k210.file_cost.lifetimes import peak, placed, steps_of, top
from dse.chips.k210.file_cost.operation import KPU, MAIN, Operation
from dse.chips.k210.file_cost.reading import FileAtWork, read_file
from dse.chips.k210.target import K210Target

__all__ = ["cost_of", "price_kmodel"]

BOTH_ENDS = 3
"""Version of kmodel whose maps are placed from the first address up and from the last one down."""


def price_kmodel(path: Path, target: K210Target) -> K210Cost:
    """The cost of the file at `path` on `target`. Raises as `read_file`."""
    return cost_of(read_file(path, target), target)


def cost_of(file: FileAtWork, target: K210Target) -> K210Cost:
    """The cost of a file that was read.

    Its `peak_kpu_bytes` are the highest address in use in the accelerator's memory; in version 3,
    whose compiler fills it from both ends, the most that lives at once.
    Its `main_memory_bytes` are what the runtime has while it runs: the whole file, and

    * versions 3 and 4: the one buffer that the header asks for, `data_bytes`, in which outputs
      lie, too (`kpu_load_kmodel` in `kpu.c`, `interpreter_base::try_load_model`); for version 3
      also the copy of weights that a fully connected layer makes while it runs. The picture is the
      caller's, `input_bytes`: a firmware keeps it in the camera's buffer, and that within its own
      part of memory;
    * version 5: `.input`, `.output` and `.data`, as for networks.
    """
    operations, headers = file.operations, file.headers
    steps = steps_of(operations)
    names = [operation.name for operation, _ in steps]
    buffers = placed(steps, file.outputs)
    ends_meet = headers.version == BOTH_ENDS
    kpu, kpu_at = peak(buffers[KPU], names) if ends_meet else top(buffers[KPU])
    _, data_at = peak(buffers[MAIN], names)
    time = total_time([one.time for one in operations])
    working = max((one.working_bytes for one in operations), default=0)
    return K210Cost(
        format=KPU_FORMAT,
        parameters=sum(one.parameters for one in operations),
        macs=sum(one.macs for one in operations),
        latency_ms=time.ms,
        latency_ms_low=time.low_ms,
        latency_ms_high=time.high_ms,
        energy_mj=time.ms * target.chip_power_w,
        deployable=True,
        unknown_ops=tuple((one.name, one.op) for one in operations if not one.known),
        range_dependent=(),
        kmodel_bytes=headers.size_bytes,
        input_bytes=file.input_bytes,
        output_bytes=headers.output_bytes,
        data_bytes=headers.data_bytes + working,
        data_layer=data_at or "the file",
        main_memory_bytes=headers.main_memory_bytes + working,
        peak_kpu_bytes=kpu,
        peak_layer=kpu_at or "the file",
        unwritten="",
        account=lambda: tuple(_layer(one) for one in operations),
        kmodel_version=headers.version,
    )


def _layer(one: Operation) -> LayerCost:
    on_kpu = [step for step in one.steps if step.place == "kpu"]
    size = {
        memory: max(
            (
                span.end - span.start
                for s in one.steps
                for span in s.writes
                if span.memory == memory
            ),
            default=0,
        )
        for memory in (KPU, MAIN)
    }
    runs_on = "kpu+cpu" if on_kpu and len(on_kpu) < len(one.steps) else "kpu" if on_kpu else "cpu"
    return LayerCost(
        name=one.name,
        op=one.op,
        runs_on=runs_on,
        shape=one.steps[0].shape,
        steps=tuple(step.op for step in one.steps),
        parameters=one.parameters,
        macs=one.macs,
        constant_bytes=one.constant_bytes,
        kpu_bytes=size[KPU],
        data_bytes=size[MAIN],
        latency_ms=one.time.ms,
        latency_ms_low=one.time.low_ms,
        latency_ms_high=one.time.high_ms,
    )
