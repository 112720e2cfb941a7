from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dse.chips import check_rows
from dse.chips.cost import Refusal
from dse.chips.k210.compiler import second_opinion
from dse.chips.k210.compiler.second_opinion import COMPARED, compiled_row, compiled_table
from dse.chips.k210.compiler.tflite import random_tflite
from dse.chips.k210.cost.price import price
from dse.chips.k210.target import K210Target
from dse.errors import CompilerError
from dse.network.graph import Graph, Layer

pytestmark = pytest.mark.compiler

TARGET = K210Target.load("k210")
SMALL = "A98-a0.35-64-kpu8"


def told(name: str, target: K210Target = TARGET) -> dict[str, Any]:
    """The row of `dse check --compile`."""
    (row,) = check_rows([name], target)
    row["compiled"] = compiled_row(name, target)
    return row


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    return told(SMALL)


def test_the_compilers_figures_stand_beside_the_predicted(small: dict[str, Any]) -> None:
    compiled = small["compiled"]
    assert {field: small[field] for field in COMPARED} == {f: compiled[f] for f in COMPARED}
    assert (compiled["verdict"], compiled["fits"], compiled["reason"]) == ("accepted", True, None)
    assert compiled["agrees"] is True
    assert compiled["differences"] == {}
    text = compiled_table(small)
    assert "agree to the byte" in text
    assert text.count("equal") == len(COMPARED)


@pytest.mark.parametrize("version", [3, 4])
def test_an_older_version_is_priced_to_the_byte(version: int) -> None:
    compiled = told(SMALL, replace(TARGET, kmodel_versions_written=(version,)))["compiled"]
    assert (compiled["agrees"], compiled["differences"]) == (True, {})


def test_interleaved_pictures_are_compiled_interleaved(small: dict[str, Any]) -> None:
    compiled = compiled_row(SMALL, replace(TARGET, interleaved=True))
    assert compiled is not None
    assert compiled["data_bytes"] > small["compiled"]["data_bytes"]  # of the transposed picture


def test_a_refusal_is_the_compilers_verdict() -> None:
    row = told("A98-a1-224-kpu8")
    compiled = row["compiled"]
    assert (compiled["verdict"], compiled["reason"]) == ("rejected", "kpu_memory")
    assert compiled["agrees"] is True
    assert compiled["kmodel_bytes"] is None
    assert "ran out of memory" in compiled["message"]
    assert "refuses it too" in compiled_table(row)


def test_main_memory_is_judged_by_the_targets_limit() -> None:
    compiled = compiled_row(SMALL, replace(TARGET, main_memory_bytes=100_000))
    assert compiled is not None
    assert (compiled["verdict"], compiled["reason"]) == ("rejected", "main_memory")
    assert compiled["agrees"] is True
    assert compiled["kmodel_bytes"] > 0


def test_a_wrong_prediction_is_shown(
    small: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*arguments: Any) -> Any:
        cost = price(*arguments)
        return replace(cost, data_bytes=cost.data_bytes + 8)

    monkeypatch.setattr(second_opinion, "price", wrong)
    compiled = compiled_row(SMALL, TARGET)
    assert compiled is not None
    assert compiled["agrees"] is False
    assert compiled["differences"] == {"data_bytes": 8}
    text = compiled_table({**small, "compiled": compiled})
    assert "DIFFER" in text
    assert "+8" in text


def test_what_the_rules_do_not_know_is_compiled_all_the_same(
    small: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ignorant(*arguments: Any) -> Any:
        return replace(price(*arguments), unknown_ops=(("strange", "warp"),))

    monkeypatch.setattr(second_opinion, "price", ignorant)
    compiled = compiled_row(SMALL, TARGET)
    assert compiled is not None
    assert compiled["agrees"] is None
    assert compiled["verdict"] == "accepted"
    row = {**small, "compiled": compiled, "message": "no rule covers 'warp'"}
    assert compiled_table(row).endswith("trust the compiler (compiled): no rule covers 'warp'")


def test_files_are_compiled_as_they_are(tmp_path: Path) -> None:
    layers = (
        Layer("input", "input", (), (20, 28, 4)),
        Layer("head", "conv", ("input",), (20, 28, 7), 3, 1, (1, 1, 1, 1), bias=True),
    )
    path = tmp_path / "own.tflite"
    path.write_bytes(random_tflite(Graph("own", layers, ("head",)), seed=5))
    compiled = compiled_row(str(path), TARGET)
    assert compiled is not None
    assert compiled["agrees"] is True
    assert compiled["input_bytes"] == 20 * 28 * 4


def test_another_failure_of_the_compiler_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> Any:
        raise CompilerError("the kmodel compiler ended with code 1: warp is not supported")

    monkeypatch.setattr(second_opinion, "compile_kmodel", refuse)
    row = told(SMALL)
    assert (row["compiled"]["verdict"], row["compiled"]["reason"]) == ("refused", "compiler")
    assert row["compiled"]["agrees"] is False
    assert "warp is not supported" in compiled_table(row)


def test_a_compiler_that_was_stopped_contradicts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise CompilerError("the kmodel compiler was stopped after 1 s")

    monkeypatch.setattr(second_opinion, "compile_kmodel", stop)
    row = compiled_row("A98-a0.35-160-kpu8", TARGET)
    assert row is not None
    assert row["agrees"] is None and row["kmodel_bytes"] is None


def test_a_predicted_refusal_is_the_compilers(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*arguments: Any) -> Any:
        return replace(price(*arguments), refusals=(Refusal("odd", "warp", "why", "instead"),))

    def fails(*arguments: Any, **options: Any) -> Any:
        raise CompilerError("the kmodel compiler ended with code 1: warp is not supported")

    monkeypatch.setattr(second_opinion, "price", refuses)
    compiled = compiled_row(SMALL, TARGET)
    assert compiled is not None
    assert (compiled["verdict"], compiled["agrees"]) == ("accepted", False)  # it was none
    monkeypatch.setattr(second_opinion, "compile_kmodel", fails)
    compiled = compiled_row(SMALL, TARGET)
    assert compiled is not None
    assert (compiled["verdict"], compiled["agrees"]) == ("refused", True)


def test_formats_of_the_cpu_are_not_the_compilers() -> None:
    row = told("A98-a0.35-64-Q8")
    assert row["compiled"] is None
    assert "no other format" in compiled_table(row)


def test_what_is_compiled_needs_no_compiler() -> None:
    assert compiled_row("model.kmodel", TARGET) is None
