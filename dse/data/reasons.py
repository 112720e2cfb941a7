"""What was left out, counted by reason: the same words for the same trouble of any file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from dse.data.pictures import Skipped

__all__ = ["by_reason", "reason_kind"]

_WHERE = re.compile(r"^.*?\.(?:xml|txt|json)(?::\d+)?: |^object \d+: ", re.IGNORECASE)
_FOUND = re.compile(r" ?\([^()]*\)| ?'[^']*'|, found .*$")
_NUMBER = re.compile(r"\d[\d.,]*")


def reason_kind(reason: str) -> str:
    """The reason without the file, the line, the numbers and the text that it quotes."""
    kind = _WHERE.sub("", _WHERE.sub("", reason))
    return " ".join(_NUMBER.sub("N", _FOUND.sub("", kind)).split()) or reason


def by_reason(skipped: Iterable[Skipped]) -> dict[str, int]:
    """How many were left out for each kind of reason, the commonest first."""
    return dict(Counter(reason_kind(one.reason) for one in skipped).most_common())
