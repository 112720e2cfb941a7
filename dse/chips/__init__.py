"""What a network costs on a chip, and whether the chip can hold it: exact, and for free.

`chip.Chip` is the contract that every chip fulfils, `registry` finds one by name, and a target
(`profiles`) is a chip on a board. The rest of this room is common to all chips.
"""

from dse.chips.checking import Checked, check, check_each, check_rows, check_table
from dse.chips.chip import Chip
from dse.chips.cost import Cost, Pool, Use
from dse.chips.explaining import Explanation, explain
from dse.chips.nearest import nearest_fit
from dse.chips.pricing import Priced, judge, price, price_candidate, price_space
from dse.chips.profiles import load_target
from dse.chips.registry import chip
from dse.chips.target import Target
from dse.chips.verdict import Verdict

__all__ = [
    "Checked",
    "Chip",
    "Cost",
    "Explanation",
    "Pool",
    "Priced",
    "Target",
    "Use",
    "Verdict",
    "check",
    "check_each",
    "check_rows",
    "check_table",
    "chip",
    "explain",
    "judge",
    "load_target",
    "nearest_fit",
    "price",
    "price_candidate",
    "price_space",
]
