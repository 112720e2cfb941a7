"""What `dse explain` advises, done literally: is the price after it what it said?

    python benchmarks/advice.py [--json] [NAME ...]

Ten Keras networks with random weights, each with one of the causes. The advice on each is taken,
the line of Keras it gives is applied to the model, the model is converted again by TensorFlow, and
that file is priced, and compiled by nncase. "equal" says that the bytes which the advice predicted
are those of the compiled file. Takes about two minutes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from keras_networks import to_tflite

from dse.chips import check, explain, load_target
from dse.chips.k210.compiler.compiler import compile_kmodel
from dse.chips.k210.compiler.network_inputs import network_inputs
from dse.chips.k210.compiler.trial_inputs import noise
from dse.errors import CompilerError
from dse.network.keras_conversion import with_padding_on_all_sides
from dse.network.keras_startup import keras
from dse.text_table import format_table

__all__ = ["CASES", "Case", "measured"]

kl = keras.layers
BYTES = ("kmodel_bytes", "data_bytes", "peak_kpu_bytes")


class Case(NamedTuple):
    """cause: of the advice. build: the model as it is (False), and with its line applied (True)."""

    name: str
    cause: str
    build: Callable[[bool], keras.Model]


def _applications(application: Any, *settings: Any, **named: Any) -> Callable[[bool], keras.Model]:
    def build(cured: bool) -> keras.Model:
        model = application(*settings, weights=None, **named)
        return with_padding_on_all_sides(model)[0] if cured else model

    return build


def _body(tensor: Any) -> Any:
    """Plain convolutions, each halving the map by a pool."""
    for channels in (16, 32, 64):
        tensor = kl.Conv2D(channels, 3, padding="same", activation="relu")(tensor)
        tensor = kl.MaxPooling2D(2)(tensor)
    return tensor


def _prepared(layer: Callable[[], Any], size: int) -> Callable[[bool], keras.Model]:
    """A layer that prepares the picture, left out when cured."""

    def build(cured: bool) -> keras.Model:
        picture = keras.Input((size, size, 3) if not cured else layer()(
            keras.Input((size, size, 3))).shape[1:])  # fmt: skip
        prepared = picture if cured else layer()(picture)
        return keras.Model(picture, kl.Conv2D(30, 1)(_body(prepared)))

    return build


def _normalization() -> Any:
    return kl.Normalization(mean=(123.7, 116.3, 103.5), variance=(3411.0, 3263.0, 3290.0))


def _wide(cured: bool) -> keras.Model:
    picture = keras.Input((224, 256 if cured else 224, 3))
    return keras.Model(picture, kl.Conv2D(30, 1)(_body(picture)))


def _pooled_first(cured: bool) -> keras.Model:
    picture = tensor = keras.Input((64, 64, 3))
    for channels in (16, 32):
        tensor = kl.Conv2D(channels, 3, padding="same")(tensor)
        tensor = kl.LeakyReLU(0.1)(tensor) if cured else kl.MaxPooling2D(2)(tensor)
        tensor = kl.MaxPooling2D(2)(tensor) if cured else kl.LeakyReLU(0.1)(tensor)
    return keras.Model(picture, kl.Conv2D(30, 1)(tensor))


def _residual(cured: bool) -> keras.Model:
    picture = keras.Input((64, 64, 3))
    tensor = kl.Conv2D(16, 3, padding="same", activation="relu")(picture)
    for _ in range(2):
        inner = kl.Conv2D(16, 3, padding="same", activation="relu")(tensor)
        inner = kl.Conv2D(16, 3, padding="same")(inner)
        tensor = kl.ReLU()(inner if cured else kl.Add()([tensor, inner]))
    return keras.Model(picture, kl.Conv2D(30, 1)(tensor))


def _head(cured: bool) -> keras.Model:
    picture = keras.Input((128, 128, 3))
    return keras.Model(picture, kl.Conv2D(30 if cured else 125, 1)(_body(picture)))


def _flattened(cured: bool) -> keras.Model:
    picture = keras.Input((64, 64, 3))
    tensor = _body(picture)
    row = kl.GlobalAveragePooling2D()(tensor) if cured else kl.Flatten()(tensor)
    return keras.Model(picture, kl.Dense(4, activation="softmax")(row))


APPLICATIONS = keras.applications
CASES = (
    Case(
        "MobileNet 0.75, 224",
        "one_sided_padding",
        _applications(APPLICATIONS.MobileNet, (224, 224, 3), 0.75, classes=3),
    ),
    Case(
        "MobileNetV2 0.5, 128",
        "one_sided_padding",
        _applications(APPLICATIONS.MobileNetV2, (128, 128, 3), 0.5, classes=10),
    ),
    Case("Rescaling", "normalisation", _prepared(lambda: kl.Rescaling(1 / 127.5, -1), 128)),
    Case("Normalization", "normalisation", _prepared(_normalization, 128)),
    Case("Resizing", "resizing", _prepared(lambda: kl.Resizing(128, 128), 64)),
    Case("224 wide", "input_width", _wide),
    Case("pool, LeakyReLU", "activation_behind_pool", _pooled_first),
    Case("residual", "additions", _residual),
    Case("125 channels", "head_channels", _head),
    Case("Flatten, Dense", "flattened_dense", _flattened),
)


def measured(case: Case, folder: Path) -> dict[str, Any]:
    """What the advice predicted, and what its line applied to the model came to."""
    target = load_target("k210")
    paths = {}
    for cured in (False, True):
        paths[cured] = folder / f"{'cured' if cured else 'before'}.tflite"
        paths[cured].write_bytes(to_tflite(case.build(cured)))
    told = explain(str(paths[False]), target)
    found = next((one for one in told.advice if one.cause == case.cause), None)
    priced = check(paths[True], target)
    row: dict[str, Any] = {
        "name": case.name,
        "cause": case.cause,
        "before": told.checked.verdict.status,
        "before_ms": told.checked.cost.latency_ms if told.checked.cost.is_priced else None,
        "priced": {name: priced.cost.figures[name] for name in BYTES},
        "priced_ms": priced.cost.latency_ms,
        "compiled": _compiled(paths[True].read_bytes()),
    }
    if found is not None:
        figures = found.after.cost.figures
        row["predicted"] = {name: figures[name] for name in BYTES}
        row["predicted_ms"] = found.after.cost.latency_ms
    row["equal"] = found is not None and row["predicted"] == row["priced"] == row["compiled"]
    return row


def _compiled(content: bytes) -> dict[str, int | None] | str:
    try:
        compiled = compile_kmodel(content, noise(network_inputs(content), 1).arrays)
    except CompilerError as error:
        return str(error)
    return {name: getattr(compiled, name) for name in BYTES}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    for case in CASES:
        if not options.names or case.name in options.names:
            with tempfile.TemporaryDirectory() as folder:
                rows.append(measured(case, Path(folder)))
    print(json.dumps(rows, indent=1) if options.json else _table(rows))
    return 0


def _table(rows: list[dict[str, Any]]) -> str:
    header = (
        "network",
        "cause",
        "now",
        "time",
        "predicted",
        "priced",
        "RAM beside file",
        "file",
        "",
    )
    cells = [
        (
            row["name"],
            row["cause"],
            row["before"],
            _ms(row["before_ms"]),
            _ms(row.get("predicted_ms")),
            _ms(row["priced_ms"]),
            f"{row['priced']['data_bytes']:,}",
            f"{row['priced']['kmodel_bytes']:,}",
            "equal" if row["equal"] else "differs",
        )
        for row in rows
    ]
    return format_table(header, cells, left=("network", "cause", "now"))


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} ms"


if __name__ == "__main__":
    raise SystemExit(main())
