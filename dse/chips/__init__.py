"""What a network costs on a chip, and whether the chip can hold it: exact, and for free.

A layer graph is lowered to the steps that the compiler would make of it (`lowering`,
`transfers`), placed in memory as the compiler places it (`memory`), sized (`kmodel_size`)
and timed (`latency`); `price` adds that up and `verdict` compares it with a `target`.
"""

from dse.chips.checking import check_rows, check_table
from dse.chips.explaining import explain, explain_table
from dse.chips.k210.cost.price import Cost, LayerCost, Priced, price, price_candidate, price_space
from dse.chips.nearest import nearest_fit
from dse.chips.target import Target
from dse.chips.verdict import Verdict, judge

__all__ = [
    "Cost",
    "LayerCost",
    "Priced",
    "Target",
    "Verdict",
    "check_rows",
    "check_table",
    "explain",
    "explain_table",
    "judge",
    "nearest_fit",
    "price",
    "price_candidate",
    "price_space",
]
