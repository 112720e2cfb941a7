"""Arm's Ethos-U as `dse` knows it: a chip that prices networks, by Arm's own compiler.

What pricing needs is imported when it is asked for: the files of all targets name their chip.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from dse.chips.account import Account
from dse.chips.chip import Chip
from dse.chips.cost import Cost, Pool, Use
from dse.chips.ethos_u.cost import FORMAT, EthosUCost
from dse.chips.ethos_u.target import EthosUTarget
from dse.chips.target import Target
from dse.columns import FIGURES, ChipColumns, Column
from dse.errors import NotSupported
from dse.network.detector import Network
from dse.network.graph import Graph

if TYPE_CHECKING:
    from dse.chips.abilities import Finding

__all__ = ["EthosU"]

SRAM = Pool("sram", "SRAM", "SRAM", "SRAM", "sram_bytes")
FLASH = Pool("flash", "flash", "flash", "flash", "flash_bytes")

COLUMNS = ChipColumns(
    costs=(
        Column("flash_bytes", "Flash", int, "bytes", source=FIGURES),
        Column("sram_bytes", "SRAM", int, "bytes", source=FIGURES),
    ),
    size="flash_bytes",
    file_ap=Column("file_ap", "AP of the file", float, "ap"),
    file="file",
    accelerator="NPU",
    format=FORMAT,
)


class EthosU(Chip):
    """An NPU that computes int8 networks; a Cortex takes what it cannot."""

    name = "ethos_u"
    title = "Ethos-U"
    formats = (FORMAT,)
    pools = (SRAM, FLASH)
    columns = COLUMNS
    target_type = EthosUTarget
    spaces = ("ethos_u_face", "ethos_u")
    places: ClassVar[Mapping[str, str]] = {"npu": "NPU", "cpu": "CPU computes"}

    def price(self, graph: Graph, format: str, target: Target) -> EthosUCost:
        """See `Chip`; as Vela says. Raises CompilerError, too, where Vela cannot be had."""
        from dse.chips.ethos_u.pricing import price

        return price(graph, format, EthosUTarget.own(target))

    def price_many(
        self, networks: Iterable[Network], formats: Iterable[str], target: Target
    ) -> Mapping[tuple[Network, str], EthosUCost]:
        """See `Chip`; by a process a core."""
        from dse.chips.ethos_u.pricing import price_all

        wanted = list(networks)
        graphs = [network.graph for network in wanted]
        costs = price_all(graphs, formats, EthosUTarget.own(target))
        return {(wanted[place], format): cost for (place, format), cost in costs.items()}

    def uses(self, cost: Cost, target: Target) -> tuple[Use, Use]:
        """See `Chip`; flash as for weights such as training gives."""
        ours, allowed = _own(cost), EthosUTarget.own(target)
        return (
            Use(SRAM, ours.sram_bytes, allowed.sram_bytes, ours.sram_layer),
            Use(FLASH, ours.flash_bytes, allowed.flash_bytes, ours.flash_layer),
        )

    def account(self, graph: Graph, format: str, target: Target) -> Account:
        """See `Chip`."""
        from dse.chips.ethos_u.accounting import account

        return account(graph, format, EthosUTarget.own(target))

    def why_explored(self, format: str) -> str:
        """See `Chip`."""
        return (
            f"explored only: the NPU computes in {FORMAT}; time and SRAM are what {FORMAT} takes, "
            f"flash is that of weights in {format}"
        )

    def compiler(self, target: Target) -> str:
        """See `Chip`: there is nothing left to ask it."""
        raise NotSupported(
            f"the {self.title} is priced by its own compiler, Vela, as it is", "leave --compile out"
        )

    def examine(self) -> Iterator[Finding]:
        """See `Chip`."""
        from dse.chips.ethos_u.examining import findings

        return findings()


def _own(cost: Cost) -> EthosUCost:
    assert isinstance(cost, EthosUCost), "a cost that another chip made"
    return cost
