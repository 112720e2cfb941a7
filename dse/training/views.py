"""The views of a data set that a training sees, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dse.canvas import Canvas, InputSize
from dse.data.pictures import DataSet, Picture
from dse.errors import DataError
from dse.training.augmentation import View, augmented_view, plain_view
from dse.training.changes import USUAL, Changes

__all__ = ["ViewSet"]


@dataclass(frozen=True)
class ViewSet:
    """`views` views of each picture: number 0 is plain, the others are augmented.

    View i belongs to picture i // views and is the same whenever it is asked for. changes: what
    may be done to the augmented ones.
    """

    data: DataSet
    input_size: InputSize
    views: int
    seed: int
    changes: Changes = USUAL

    def __len__(self) -> int:
        return len(self.data) * self.views

    @property
    def key(self) -> str:
        """What the views depend on, as a name for caches."""
        numbers = f"{self.input_size}-v{self.views}-s{self.seed}"
        return f"{self.data.checksum}-{numbers}{self.changes.key}"

    def iterate(self, start: int = 0) -> Iterator[View]:
        """Views from number `start` on; each picture is read once.

        A picture that cannot be read gives grey views without objects, so that numbering holds.
        """
        first = start // self.views
        for number, picture in enumerate(self.data.pictures[first:], start=first):
            pixels, labelled = self._read(picture)
            for version in range(self.views):
                if number * self.views + version >= start:
                    yield self._view(pixels, labelled, number, version)

    def view(self, number: int, version: int) -> View:
        """View `version` of picture `number`: beyond `views` there are as many as are asked for."""
        return self._view(*self._read(self.data.pictures[number]), number, version)

    def _read(self, picture: Picture) -> tuple[NDArray[np.uint8], Picture]:
        try:
            return picture.load(), picture
        except DataError:
            grey = np.full(Canvas.of(self.input_size).shape, 127, np.uint8)
            return grey, Picture(picture.name, picture.boxes[:0], picture.load)

    def _view(self, pixels: NDArray[np.uint8], picture: Picture, number: int, version: int) -> View:
        if version == 0:
            return plain_view(pixels, picture, self.input_size)
        rng = np.random.default_rng((self.seed, number, version))
        return augmented_view(pixels, picture, self.input_size, rng, self.changes)
