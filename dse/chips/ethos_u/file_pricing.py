"""TensorFlow-Lite files: quantized ones as they are, others by their layers.

A quantized file is Vela's own input, so its price is that of its own weights, and flash is exact.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dse.chips.account import Account
from dse.chips.ethos_u.accounting import account, account_of_operations
from dse.chips.ethos_u.cost import FORMAT, EthosUCost
from dse.chips.ethos_u.pricing import cost_of, price
from dse.chips.ethos_u.target import EthosUTarget
from dse.chips.ethos_u.vela import reports
from dse.errors import InvalidFile
from dse.files import read_bytes
from dse.network.network_files import NetworkFile, read_network
from dse.network.tflite_checks import MOST_BYTES

__all__ = ["account_file", "price_file"]

QUANTIZED = ("int8", "uint8", "int16")
"""Types of maps that the NPU computes."""

COMPILED = b"ethos-u"
"""The operation that stands for what Vela compiled."""


def price_file(path: Path, target: EthosUTarget) -> EthosUCost:
    """The cost of a `.tflite` file. Raises InvalidFile, and CompilerError where Vela refuses it."""
    network = _network(path)
    if not _is_quantized(network):
        return price(network.graph, FORMAT, target)
    (report,) = reports([network.content], target)
    cost = cost_of(network.graph, FORMAT, target, report)
    flash = cost.flash_bytes
    return replace(
        cost,
        parameters=report.weight_bytes,
        macs=report.macs,
        flash_bytes_low=flash,
        flash_bytes_high=flash,
    )


def account_file(path: Path, target: EthosUTarget) -> Account:
    """The same layer by layer; of a quantized file, operation by operation. Raises the same."""
    network = _network(path)
    if not _is_quantized(network):
        return account(network.graph, FORMAT, target)
    (report,) = reports([network.content], target)
    return account_of_operations(report, network.graph, price_file(path, target), target)


def _network(path: Path) -> NetworkFile:
    try:
        return read_network(path)
    except InvalidFile:
        if path.is_file() and COMPILED in read_bytes(path, MOST_BYTES):
            hint = "give the int8 file that it was made of"
            raise InvalidFile(path, "Vela has compiled it already", hint=hint) from None
        raise


def _is_quantized(network: NetworkFile) -> bool:
    told = network.graph.operators
    return told is not None and any(
        tensor.type in QUANTIZED for one in told.operators for tensor in one.outputs
    )
