"""What a camera and a file format do to a scene: blur, exposure, colour, noise, JPEG."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.ndimage import uniform_filter1d

from dse.data.picture_files import open_picture

__all__ = ["Camera", "expose", "sample_camera"]

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Camera:
    """defocus: radius, pixels; motion: length, pixels, along x (or y if `upright`); gain,
    gamma, lift (0..255), saturation; cast: gain per channel; noise: sd, 0..255; jpeg: quality
    (0: none); sharpen: percent; vignette: 0..1; metering: 0 exposes
    every scene alike, 1 brings every scene to medium grey."""

    defocus: float = 0.0
    motion: int = 0
    upright: bool = False
    gain: float = 1.0
    gamma: float = 1.0
    lift: float = 0.0
    saturation: float = 1.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    noise: float = 0.0
    jpeg: int = 0
    sharpen: int = 0
    vignette: float = 0.0
    metering: float = 0.5


def sample_camera(rng: Generator) -> Camera:
    """A camera from a press photographer's to a bad phone's."""
    poor = rng.random() < 0.3
    grey = rng.random() < 0.10
    flat = rng.random() < 0.12
    red, green, blue = np.exp(rng.normal(0, 0.05, 3))
    return Camera(
        defocus=float(rng.gamma(1.2, 0.6 if poor else 0.2)) * (rng.random() < 0.6),
        motion=int(rng.integers(3, 8)) if rng.random() < 0.06 else 0,
        upright=bool(rng.random() < 0.3),
        gain=float(np.exp(rng.normal(0.0, 0.2))) * (0.6 if flat else 1.0),
        gamma=float(np.exp(rng.normal(0.0, 0.18))),
        lift=float(rng.uniform(20, 80)) if flat else float(max(0.0, rng.normal(2, 6))),
        saturation=0.0 if grey else float(np.clip(rng.normal(1.0, 0.22), 0.2, 1.7)),
        cast=(float(red), float(green), float(blue)),
        noise=float(rng.gamma(1.3, 5.0 if poor else 1.8)),
        jpeg=int(rng.integers(25, 96)) if rng.random() < 0.8 else 0,
        sharpen=int(rng.integers(40, 150)) if rng.random() < 0.25 else 0,
        metering=float(rng.uniform(0.2, 0.8)),
        vignette=float(rng.uniform(0, 0.5)) if rng.random() < 0.25 else 0.0,
    )


def expose(scene: Pixels, camera: Camera, seed: int) -> Pixels:
    """uint8 (height, width, 3) as the camera's file shows the scene of the same shape."""
    picture = Image.fromarray(scene)
    if camera.defocus > 0.2:
        picture = picture.filter(ImageFilter.GaussianBlur(camera.defocus))
    if camera.sharpen:
        picture = picture.filter(ImageFilter.UnsharpMask(1.2, camera.sharpen, 2))
    if camera.motion:
        values = uniform_filter1d(
            np.asarray(picture), camera.motion, axis=0 if camera.upright else 1
        )
        picture = Image.fromarray(values)
    picture = picture.convert("RGB", _colour_matrix(camera)).point(_curve(camera, scene) * 3)
    if camera.vignette or camera.noise > 0.3:
        picture = _grain(picture, camera, seed)
    if camera.jpeg:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=camera.jpeg)
        picture = open_picture(buffer).convert("RGB")
    return np.array(picture, np.uint8)


def _colour_matrix(camera: Camera) -> tuple[float, ...]:
    """3 x 4 matrix, row by row, of saturation (around BT.601 luminance) and colour cast."""
    luminance = np.array([0.299, 0.587, 0.114])
    matrix = camera.saturation * np.eye(3) + (1 - camera.saturation) * luminance[None, :]
    if camera.saturation > 0:
        matrix = matrix * np.asarray(camera.cast)[:, None]
    return tuple(np.hstack([matrix, np.zeros((3, 1))]).ravel().tolist())


def _curve(camera: Camera, scene: Pixels) -> list[int]:
    """256 values: exposure that leans towards a medium picture, then gamma and lift."""
    metered = float(np.clip(scene[::4, ::4].mean(), 12, 240))
    gain = camera.gain * (112 / metered) ** camera.metering
    tone = 255 * np.clip(np.arange(256) * (gain / 255), 0, 1) ** camera.gamma
    tone = camera.lift + tone * (1 - camera.lift / 255)
    return [int(value) for value in np.clip(tone, 0, 255)]


def _grain(picture: Image.Image, camera: Camera, seed: int) -> Image.Image:
    values = np.asarray(picture, np.float32)
    height, width = values.shape[:2]
    if camera.vignette:
        far = np.linspace(-1, 1, height)[:, None] ** 2 + np.linspace(-1, 1, width)[None, :] ** 2
        values = values * (1 - 0.5 * camera.vignette * far[..., None]).astype(np.float32)
    if camera.noise > 0.3:
        rng = np.random.default_rng(seed)
        field = rng.standard_normal((height, width), np.float32)[..., None]
        values = values + np.float32(camera.noise) * field
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
