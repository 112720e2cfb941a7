"""What made a study, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dse.study.settings import Pictures

if TYPE_CHECKING:
    from dse.study.record import StudyRecord
    from dse.training.recipe import Recipe

__all__ = ["facts"]

NAMED_VERSIONS = ("dse", "python", "tensorflow-cpu")


def facts(record: StudyRecord) -> dict[str, str]:
    """By what each is called: target, space, pictures, recipe, when and by which command."""
    settings, search = record.settings, record.settings.search
    known = settings.versions
    stopping = "early stopping" if search.early_stopping else "no early stopping"
    told = {
        "target": search.target,
        "space": f"{search.space}: {len(record.candidates)} candidates, "
        f"{sum(record.candidates.rejected.values())} rejected unseen",
        "trained on": _pictures(settings.training_pictures),
        "validated on": _pictures(settings.validation_pictures),
        "evaluated on": _pictures(settings.evaluation_pictures),
        "classes": ", ".join(settings.training_pictures.classes),
        "search": f"budget {search.budget}, {search.proposer}, seed {search.seed}, {stopping}",
        "recipe": _recipe(search.recipe),
        "starting weights": settings.starting_weights.source,
        "taken over from": ", ".join(search.warm_from),
        "replay of": search.replay or "",
        "record in": settings.shared.storage if settings.shared else "",
        "created": settings.created,
        "command": settings.command,
        "versions": ", ".join(f"{name} {known[name]}" for name in NAMED_VERSIONS if name in known),
    }
    return {name: words for name, words in told.items() if words}


def _pictures(pictures: Pictures) -> str:
    if not pictures.pictures:
        return pictures.source
    skipped = sum(pictures.skipped.values())
    left_out = f", {skipped} left out" if skipped else ""
    return f"{pictures.source}: {pictures.pictures} pictures, {pictures.boxes} boxes{left_out}"


def _recipe(recipe: Recipe) -> str:
    shown = "all pictures" if recipe.pictures is None else f"{recipe.pictures} pictures"
    return (
        f"{recipe.epochs} epochs in batches of {recipe.batch_size}, {shown} in {recipe.views} "
        f"views, {recipe.loss} loss, seed {recipe.seed}"
    )
