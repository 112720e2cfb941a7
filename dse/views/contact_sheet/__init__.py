"""Contact sheets: what a detector found on pictures, drawn, as in the paper's figure 4.

Pictures are chosen (`choosing`), laid out in rows (`layout`), and drawn one by one
(`thumbnail`) with boxes (`marks`) and scores (`lettering`) under a head (`heading`).
"""

from __future__ import annotations

from dse.views.contact_sheet.labels import write_labels
from dse.views.contact_sheet.sheet import Sheet, contact_sheet

__all__ = ["Sheet", "contact_sheet", "write_labels"]
