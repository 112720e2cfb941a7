"""Many networks walked through at once, for as long as they take the same way.

What the rules make of a network follows from what they ask about its numbers: is this side
odd, are these channels too many? Networks that answer every question alike come out alike,
and differ in the numbers alone. So a `Lockstep` hands the rules numbers that stand for one
whole number a network. Arithmetic makes more of these; a question is answered as the first
network answers it, and those that answer otherwise stay behind, for a walk of their own.

The rules need not know: an `int` that cannot be hashed, so that no question goes unnoticed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

__all__ = ["Lockstep", "Mask", "Whole"]

Mask = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]
Result = TypeVar("Result")


class Lockstep:
    """Networks on their way, and the numbers that they have met.

    together: those that have answered every question of the present walk alike.
    """

    def __init__(self, count: int) -> None:
        self.together: Mask = np.ones(count, dtype=bool)
        self._leader = 0
        self._answers: dict[tuple[object, ...], bool] = {}
        self._numbers: dict[bytes, _Numbers] = {}

    def number(self, values: npt.ArrayLike) -> int:
        """The whole numbers `values`, one a network, as an operand. Equal ones are one object."""
        array = np.asarray(values, dtype=np.int64)
        if (array == array[0]).all():
            return int(array[0])
        known = self._numbers.setdefault(array.tobytes(), _Numbers(self, array))
        return cast(int, known)

    def values(self, numbers: Sequence[int], members: Whole) -> Whole:
        """numbers x members: what the operands `numbers` are in the networks `members`."""
        distinct = {id(number): number for number in numbers}
        place = {key: row for row, key in enumerate(distinct)}
        rows = np.empty((len(distinct), len(members)), dtype=np.int64)
        for row, number in enumerate(distinct.values()):
            rows[row] = number.values[members] if isinstance(number, _Numbers) else number
        return rows[[place[id(number)] for number in numbers]]

    def walks(self, members: Mask, walk: Callable[[], Result]) -> Iterator[tuple[Mask, Result]]:
        """`walk` again and again, until all `members` went; who went together, and the result."""
        while members.any():
            self._leader, self.together, self._answers = int(members.argmax()), members, {}
            result = walk()
            went = self.together
            yield went, result
            members = members & ~went

    def ask(self, question: Callable[[Any, Any], Any], one: _Numbers, other: object) -> bool:
        """The leader's answer to a comparison; who answers otherwise goes no further."""
        key = (question, id(one), *_named(other))
        answer = self._answers.get(key)
        if answer is None:
            answers = question(one.values, other.values if isinstance(other, _Numbers) else other)
            answer = bool(answers[self._leader])
            self.together = self.together & (answers == answer)
            self._answers[key] = answer
        return answer


class _Numbers:
    """A whole number for each network of a lockstep, to be used like an int."""

    __hash__ = None  # type: ignore[assignment]
    __slots__ = ("_lockstep", "_results", "values")

    def __init__(self, lockstep: Lockstep, values: Whole) -> None:
        self.values = values
        self._lockstep = lockstep
        self._results: dict[tuple[object, ...], int] = {}

    def _make(self, operation: Callable[[Any, Any], Any], other: object) -> int:
        key = (operation, *_named(other))
        result = self._results.get(key)
        if result is None:
            operand = other.values if isinstance(other, _Numbers) else other
            result = self._lockstep.number(operation(self.values, operand))
            self._results[key] = result
        return result

    def __add__(self, other: object) -> int:
        return self._make(operator.add, other)

    __radd__ = __add__

    def __mul__(self, other: object) -> int:
        return self._make(operator.mul, other)

    __rmul__ = __mul__

    def __sub__(self, other: object) -> int:
        return self._make(operator.sub, other)

    def __rsub__(self, other: object) -> int:
        return self._make(_subtracted_from, other)

    def __floordiv__(self, other: object) -> int:
        return self._make(operator.floordiv, other)

    def __mod__(self, other: object) -> int:
        return self._make(operator.mod, other)

    def __neg__(self) -> int:
        return self._make(operator.mul, -1)

    def __eq__(self, other: object) -> bool:
        return self is other or self._lockstep.ask(operator.eq, self, other)

    def __lt__(self, other: object) -> bool:
        return self._lockstep.ask(operator.lt, self, other)

    def __le__(self, other: object) -> bool:
        return self._lockstep.ask(operator.le, self, other)

    def __gt__(self, other: object) -> bool:
        return self._lockstep.ask(operator.gt, self, other)

    def __ge__(self, other: object) -> bool:
        return self._lockstep.ask(operator.ge, self, other)

    def __bool__(self) -> bool:
        return self._lockstep.ask(operator.ne, self, 0)


def _subtracted_from(values: Any, other: Any) -> Any:
    return other - values


def _named(operand: object) -> tuple[object, ...]:
    """The operand in a key: a plain number by its value, numbers by who they are."""
    return (None, id(operand)) if operand.__class__ is _Numbers else (operand,)
