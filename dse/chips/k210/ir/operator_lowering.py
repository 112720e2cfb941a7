"""The operators of a file as the program that nncase 1.9 makes of them for the K210."""

from __future__ import annotations

from dataclasses import replace

from dse.chips.cost import Refusal
from dse.chips.k210.cost.program import Program
from dse.chips.k210.cost.transfers import ordered
from dse.chips.k210.ir.buffers import fuse_buffers, is_one_piece, is_view
from dse.chips.k210.ir.emitting import steps_of, without_code
from dse.chips.k210.ir.importing import Imported, Importer
from dse.chips.k210.ir.net import Net, Node
from dse.chips.k210.ir.operator_rules import RULES
from dse.chips.k210.ir.pipeline import run_passes
from dse.chips.k210.ir.refusals import forgotten, not_emitted, not_found, not_whole
from dse.chips.k210.ir.regions import kpu_regions
from dse.errors import InvalidFile
from dse.network.operators import Operators

__all__ = ["lower_operators"]


MALFORMED = (ValueError, IndexError, KeyError, TypeError, ZeroDivisionError, OverflowError)
"""What the rules raise on operators whose numbers do not fit each other."""


def lower_operators(
    name: str, operators: Operators, interleaved: bool, otherwise: frozenset[str] = frozenset()
) -> Program:
    """The program of `operators`, of the network `name`.

    It has no steps where the compiler refuses the network, or where an operation has no rule.
    Arguments as of `cost.lowering.lower`. Raises InvalidFile where the file contradicts itself.
    """
    try:
        imported = _imported(operators, interleaved)
    except MALFORMED as error:
        hint = "export it again; it may have been cut while copying"
        raise InvalidFile(name, f"is damaged ({error})", hint=hint) from None
    if imported.refusals or imported.unknown:
        return Program((), (), refusals=tuple(imported.refusals), missing=tuple(imported.unknown))
    net = imported.net
    dependent = run_passes(net, otherwise)
    refusals = _refusals(net) or _forgotten(net)
    if refusals:
        return Program((), (), refusals=refusals)
    calls = kpu_regions(net)
    lost = _lost(calls)
    if lost:
        return Program((), (), refusals=lost)
    fuse_buffers(net, calls)
    torn = _torn(calls)
    if torn:
        return Program((), (), refusals=torn, range_dependent=tuple(dependent))
    program = ordered(*steps_of(net, calls))
    return replace(program, range_dependent=tuple(dependent))


def _imported(operators: Operators, interleaved: bool) -> Imported:
    importer = Importer(operators, interleaved)
    for number, operator in enumerate(operators.operators):
        importer.read(operator, number + 1, RULES)
    if not importer.result.refusals and not importer.result.unknown:
        importer.end()
    return importer.result


def _lost(calls: dict[Node, int]) -> tuple[Refusal, ...]:
    """Pieces, not from the first byte on, of what a call of the KPU gives out."""
    pieces = [node for node in calls if node.op == "slice" and is_view(node) and any(node["begin"])]
    found = (
        not_found(node.layer)
        for node in pieces
        if any(calls.get(user) != calls[node] for user in node.source.users)
    )
    return tuple(dict.fromkeys(found))


def _torn(calls: dict[Node, int]) -> tuple[Refusal, ...]:
    """Pieces of maps, in several stretches of memory, that a call of the KPU reads from outside."""
    read = (source for node in calls for source in node.inputs if source not in calls)
    pieces = (node for node in read if node.op == "slice" and is_view(node))
    return tuple(dict.fromkeys(not_whole(one.layer) for one in pieces if not is_one_piece(one)))


def _forgotten(net: Net) -> tuple[Refusal, ...]:
    """ReLUs that the file will not compute."""
    layers = (node.values.get("forgets") for node in net.in_order() if node.op == "kpu_conv2d")
    return tuple(dict.fromkeys(forgotten(layer) for layer in layers if layer))


def _refusals(net: Net) -> tuple[Refusal, ...]:
    """What was imported, but cannot be written."""
    return tuple(dict.fromkeys(not_emitted(node.op, node.layer) for node in without_code(net)))
