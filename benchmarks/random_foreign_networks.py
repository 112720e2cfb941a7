"""Networks of other people's kinds, drawn at random, in the files that the converter writes.

    python benchmarks/random_foreign_networks.py FOLDER [--first 0] [--count 100]

`random_networks.py` draws what the search's own families are made of, and its writer is ours.
Here a network has whatever people put into theirs (activations, gates, slices, reshapes, heads of
classifiers and of detectors, inputs that are no pictures), and its `.tflite` file is the
converter's. `foreign_networks.py FOLDER` compares them with the compiler. A seed is always the
same network; what Keras cannot build or the converter cannot write is drawn again.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dse.network.keras_startup import keras
from dse.terminal import silent_stderr

with silent_stderr():
    import tensorflow as tf

__all__ = ["FAMILIES", "draw_network", "written"]

kl = keras.layers
Tensor = Any
Draw = Callable[[random.Random, Tensor], Tensor]

MOST_VALUES = 400_000
"""In a map: the compiler runs the network on its calibration pictures."""

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": lambda x: kl.ReLU()(x),
    "relu6": lambda x: kl.ReLU(6.0)(x),
    "leaky": lambda x: kl.LeakyReLU(0.1)(x),
    "sigmoid": lambda x: kl.Activation("sigmoid")(x),
    "tanh": lambda x: kl.Activation("tanh")(x),
    "swish": lambda x: x * keras.ops.sigmoid(x),
    "hard_swish": lambda x: x * keras.ops.relu6(x + 3.0) * (1 / 6),
    "hard_sigmoid": lambda x: keras.ops.relu6(x + 3.0) * (1 / 6),
    "softplus": lambda x: kl.Activation("softplus")(x),
    "mish": lambda x: x * keras.ops.tanh(keras.ops.softplus(x)),
    "prelu": lambda x: kl.PReLU(shared_axes=[1, 2], alpha_initializer="random_uniform")(x),
    "elu": lambda x: kl.ELU()(x),
}
WEIGHTS = (6, 4, 3, 1, 1, 2, 2, 1, 1, 1, 2, 0.3)
"""How often each is drawn."""


def draw_network(family: str, seed: int) -> keras.Model:
    """The network of `family` that `seed` stands for."""
    keras.utils.set_random_seed(seed)
    return FAMILIES[family](random.Random(f"foreign-{family}-{seed}"))


def written(model: keras.Model) -> bytes:
    """The converter's `.tflite` file of `model`, with one picture at a time."""
    with contextlib.redirect_stdout(io.StringIO()), silent_stderr():
        return bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def _normalisation() -> keras.Layer:
    """With factors as training leaves them: about 1, lest nothing be left behind a few of them."""
    return kl.BatchNormalization(gamma_initializer=keras.initializers.RandomUniform(0.5, 1.5))


def _picture(draw: random.Random) -> Tensor:
    height = draw.choice((16, 24, 32, 33, 48, 64, 96, 100, 128))
    width = height if draw.random() < 0.5 else draw.choice((16, 32, 40, 64, 96, 160))
    return keras.Input((height, width, draw.choice((3, 3, 3, 1))), batch_size=1)


def _channels(draw: random.Random) -> int:
    return draw.choice((1, 3, 4, 8, 8, 12, 16, 16, 24, 32, 40, 64))


def _activated(draw: random.Random, x: Tensor) -> Tensor:
    return ACTIVATIONS[draw.choices(list(ACTIVATIONS), WEIGHTS)[0]](x)


def _convolution(draw: random.Random, x: Tensor) -> Tensor:
    kernel, stride = draw.choice((1, 3, 3, 3, 5)), draw.choice((1, 1, 2))
    padding, biased = draw.choice(("same", "same", "valid")), draw.random() < 0.5
    if padding == "same" and stride == 2 and draw.random() < 0.5:
        x, padding = kl.ZeroPadding2D(kernel // 2)(x), "valid"
    x = kl.Conv2D(_channels(draw), kernel, stride, padding, use_bias=biased)(x)
    if draw.random() < 0.5:
        x = _normalisation()(x)
    return _activated(draw, x) if draw.random() < 0.8 else x


def _depthwise(draw: random.Random, x: Tensor) -> Tensor:
    x = kl.DepthwiseConv2D(3, draw.choice((1, 1, 2)), "same")(x)
    x = _activated(draw, x) if draw.random() < 0.6 else x
    return kl.Conv2D(_channels(draw), 1)(x)


def _pool(draw: random.Random, x: Tensor) -> Tensor:
    kind = draw.choice((kl.MaxPool2D, kl.MaxPool2D, kl.AveragePooling2D))
    size = draw.choice((2, 2, 2, 3, (1, 2), (2, 1)))
    return kind(size, draw.choice((2, size)), draw.choice(("same", "valid")))(x)


def _odd_convolution(draw: random.Random, x: Tensor) -> Tensor:
    kind = draw.choice(("dilated", "wide", "uneven", "grouped", "transposed"))
    if kind == "dilated":
        return kl.Conv2D(_channels(draw), 3, padding="same", dilation_rate=2)(x)
    if kind == "wide":
        return kl.Conv2D(_channels(draw), draw.choice(((1, 3), (3, 1), (1, 5))), padding="same")(x)
    if kind == "uneven":
        return kl.Conv2D(_channels(draw), 3, (2, 1), padding="same")(x)
    if kind == "grouped" and x.shape[3] % 2 == 0:
        return kl.Conv2D(8, 3, padding="same", groups=2)(x)
    return kl.Conv2DTranspose(_channels(draw), 2, 2, "same")(x)


def _two_maps(draw: random.Random, x: Tensor) -> Tensor:
    count = _channels(draw)
    pair = [kl.Conv2D(count, 1)(x), kl.Conv2D(count, 3, padding="same")(x)]
    joins = (kl.Add(), kl.Subtract(), kl.Multiply(), kl.Maximum(), kl.Minimum(), kl.Average())
    joined = draw.choice((*joins, kl.Add(), kl.Concatenate(), kl.Concatenate()))(pair)
    return _activated(draw, joined) if draw.random() < 0.5 else joined


def _residual(draw: random.Random, x: Tensor) -> Tensor:
    y = _activated(draw, kl.Conv2D(x.shape[3], 3, padding="same")(x))
    return kl.Add()([x, kl.Conv2D(x.shape[3], 1)(y)])


def _gate(draw: random.Random, x: Tensor) -> Tensor:
    if draw.random() < 0.3:
        return kl.Multiply()([x, kl.Conv2D(1, 1, activation="sigmoid")(x)])
    pooled = kl.GlobalAveragePooling2D(keepdims=True)(x)
    squeezed = kl.Conv2D(max(1, x.shape[3] // 4), 1, activation="relu")(pooled)
    gate = draw.choice((ACTIVATIONS["sigmoid"], ACTIVATIONS["hard_sigmoid"]))
    return kl.Multiply()([x, gate(kl.Conv2D(x.shape[3], 1)(squeezed))])


def _constant(draw: random.Random, x: Tensor) -> Tensor:
    number = draw.uniform(0.2, 3.0)
    vector = np.random.default_rng(draw.randrange(99)).uniform(0.5, 2, x.shape[3]).astype("f")
    value = draw.choice((number, vector))
    return draw.choice((lambda: x * value, lambda: x + value, lambda: x - value))()


def _lone(draw: random.Random, x: Tensor) -> Tensor:
    return draw.choice((_normalisation(), kl.ReLU()))(x)


def _resized(draw: random.Random, x: Tensor) -> Tensor:
    sides = (x.shape[1] * 2, x.shape[2] * 2)
    if draw.random() < 0.2:
        return kl.UpSampling2D(2)(x)
    if draw.random() < 0.2:
        sides = (x.shape[1] + 5, x.shape[2] + 3)
    method = draw.choice(("nearest", "bilinear"))
    return kl.Lambda(lambda t: tf.image.resize(t, sides, method))(x)


def _moved(draw: random.Random, x: Tensor) -> Tensor:
    height, channels = x.shape[1], x.shape[3]
    moves: list[Callable[[], Tensor]] = [
        lambda: x[:, : height // 2],
        lambda: x[:, ::2, ::2],
        lambda: kl.Cropping2D(1)(x),
        lambda: kl.ZeroPadding2D(draw.choice((1, ((0, 1), (1, 0)))))(x),
        lambda: kl.Concatenate(axis=draw.choice((1, 2)))([x, x]),
        lambda: kl.Permute((2, 1, 3))(x),
        lambda: kl.Lambda(lambda t: tf.pad(t, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT"))(x),
    ]
    if channels % 2 == 0:
        moves += [
            lambda: kl.Concatenate()(keras.ops.split(x, 2, axis=3)[::-1]),
            lambda: _shuffled(x),
        ]
    return draw.choice(moves)()


def _shuffled(x: Tensor) -> Tensor:
    height, width, channels = x.shape[1:]
    apart = kl.Reshape((height, width, 2, channels // 2))(x)
    return kl.Reshape((height, width, channels))(kl.Permute((1, 2, 4, 3))(apart))


STEPS: tuple[tuple[Draw, float], ...] = (
    (_convolution, 10), (_depthwise, 3), (_pool, 3), (_odd_convolution, 1), (_two_maps, 3),
    (_residual, 2), (_gate, 2), (_constant, 1), (_lone, 1.5), (_resized, 1), (_moved, 2),
)  # fmt: skip


def _trunk(draw: random.Random, x: Tensor, least: int, most: int) -> Tensor:
    """Some steps; one that would make a map too large or too small is passed over."""
    if draw.random() < 0.15:
        x = draw.choice((lambda: x / 255.0, lambda: x / 127.5 - 1.0))()
    x = _convolution(draw, x)
    for _ in range(draw.randint(least, most)):
        step = draw.choices([step for step, _ in STEPS], [share for _, share in STEPS])[0]
        if min(x.shape[1:3]) < 6 and step in (_pool, _moved, _odd_convolution):
            continue
        if step is _resized and np.prod(x.shape[1:]) * 4 > MOST_VALUES:
            continue
        x = step(draw, x)
    return x


def _mapping(draw: random.Random) -> keras.Model:
    """Ends in a map, as detectors and segmenters do."""
    picture = _picture(draw)
    x = _trunk(draw, picture, 2, 8)
    x = kl.Conv2D(draw.choice((30, 18, 6)), 1)(x)
    ends: tuple[Callable[[], Tensor], ...] = (
        lambda: x,
        lambda: x,
        lambda: kl.Reshape((x.shape[1], x.shape[2], 3, x.shape[3] // 3))(x),
        lambda: kl.Softmax()(x),
        lambda: kl.Activation("sigmoid")(x),
    )
    return keras.Model(picture, draw.choice(ends)())


def _classifying(draw: random.Random) -> keras.Model:
    """Ends in numbers of classes."""
    picture = _picture(draw)
    x = _trunk(draw, picture, 2, 6)
    pools = (kl.GlobalAveragePooling2D(), kl.GlobalMaxPooling2D(), kl.Flatten())
    small = np.prod(x.shape[1:]) <= 8192
    x = draw.choice(pools if small else pools[:2])(x)
    if draw.random() < 0.5:
        x = _activated_dense(draw, kl.Dense(draw.choice((8, 32, 100)))(x))
    end = draw.choice(("softmax", "softmax", "sigmoid", "linear", "l2"))
    x = kl.Dense(draw.choice((1, 2, 5, 10)), activation=None if end == "l2" else end)(x)
    return keras.Model(picture, kl.UnitNormalization()(x) if end == "l2" else x)


def _activated_dense(draw: random.Random, x: Tensor) -> Tensor:
    if draw.random() < 0.3:
        x = _normalisation()(x)
    return ACTIVATIONS[draw.choice(("relu", "relu", "leaky", "sigmoid", "tanh"))](x)


def _two_scales(draw: random.Random) -> keras.Model:
    """Detectors with two maps: YOLOv3's pyramid, or SSD's joined boxes and scores."""
    picture = _picture(draw)
    fine = _trunk(draw, picture, 1, 4)
    coarse = kl.Conv2D(_channels(draw), 3, padding="same", activation="relu")(fine)
    coarse = _convolution(draw, kl.MaxPool2D(2, padding="same")(coarse))
    if draw.random() < 0.5:
        size = (fine.shape[1], fine.shape[2])
        up = kl.Lambda(lambda t: tf.image.resize(t, size, "bilinear"))(coarse)
        joined = kl.Conv2D(18, 1)(kl.Concatenate()([up, fine]))
        return keras.Model(picture, [kl.Conv2D(18, 1)(coarse), joined])
    maps = (fine, coarse)
    boxes = [kl.Reshape((-1, 4))(kl.Conv2D(8, 3, padding="same")(x)) for x in maps]
    scores = [kl.Reshape((-1, 3))(kl.Conv2D(6, 3, padding="same")(x)) for x in maps]
    joined = kl.Concatenate(axis=1)(scores)
    return keras.Model(picture, [kl.Concatenate(axis=1)(boxes), kl.Softmax()(joined)])


def _no_picture(draw: random.Random) -> keras.Model:
    """Vectors and series: sensors, keywords, gestures."""
    if draw.random() < 0.5:
        numbers = keras.Input((draw.choice((6, 20, 64, 128)),), batch_size=1)
        x = numbers
        for _ in range(draw.randint(1, 3)):
            x = _activated_dense(draw, kl.Dense(draw.choice((8, 16, 50)))(x))
        return keras.Model(numbers, kl.Dense(draw.choice((2, 5)), activation="softmax")(x))
    series = keras.Input((draw.choice((32, 64, 128)), draw.choice((1, 3, 6, 13))), batch_size=1)
    x = series
    for _ in range(draw.randint(1, 3)):
        x = kl.Conv1D(draw.choice((8, 16, 32)), 3, padding="same", activation="relu")(x)
        x = kl.MaxPool1D(2)(x) if draw.random() < 0.6 else x
    return keras.Model(series, kl.Dense(4, activation="softmax")(kl.Flatten()(x)))


FAMILIES: dict[str, Callable[[random.Random], keras.Model]] = {
    "mapping": _mapping,
    "classifying": _classifying,
    "two_scales": _two_scales,
    "no_picture": _no_picture,
}
SHARES = (5, 3, 2, 1)


def main() -> None:
    """Writes the networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for seed in range(options.first, options.first + options.count):
        family = random.Random(seed).choices(list(FAMILIES), SHARES)[0]
        path = options.folder / f"{family}-{seed}.tflite"
        keras.backend.clear_session()
        try:
            path.write_bytes(written(draw_network(family, seed)))
        except Exception as error:
            print(f"{path.stem}: not built ({' '.join(str(error).split())[:100]})", flush=True)


if __name__ == "__main__":
    main()
