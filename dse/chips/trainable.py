"""Whether a training for a chip could be judged: asked before one begins, not at its end."""

from __future__ import annotations

from collections.abc import Iterable

from dse.chips.chip import Chip
from dse.errors import NotSupported
from dse.network.weight_formats import KEPT

__all__ = ["check_judged"]


def check_judged(on: Chip, formats: Iterable[str]) -> None:
    """Raises NotSupported where AP in one of `formats` could not be told.

    In the chip's own formats it is that of its file, or of its own model; in others that of its
    model, which a chip without one has for weights alone.
    """
    models = type(on).model is not Chip.model
    for format in formats:
        if format in on.formats and not models and type(on).deploy is Chip.deploy:
            raise NotSupported(
                f"the {on.title} has neither a compiler nor a model of its {format} in dse: it "
                "prices networks, and a training for it could not be judged",
                "look with --dry-run, or search for another --target and price its designs with "
                "dse check --target",
            )
        if format not in on.formats and not models and format not in KEPT:
            known = ", ".join(dict.fromkeys((*on.formats, *KEPT)))
            raise NotSupported(
                f"AP in {format} cannot be told on the {on.title}", f"it can in {known}"
            )
