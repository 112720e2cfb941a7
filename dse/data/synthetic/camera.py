"""What a camera and a file format do to a scene: blur, exposure, colour, noise, JPEG."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.ndimage import uniform_filter1d

__all__ = ["Camera", "expose", "sample_camera"]

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Camera:
    """defocus: radius, pixels; motion: length, pixels, along x (or y if `upright`); gain,
    gamma, lift (0..255), saturation; cast: gain per channel; noise: sd, 0..255; jpeg: quality
    (0: none); sharpen: percent; vignette: 0..1."""

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


def sample_camera(rng: Generator) -> Camera:
    """A camera from a press photographer's to a bad phone's."""
    poor = rng.random() < 0.3
    grey = rng.random() < 0.10
    flat = rng.random() < 0.12
    red, green, blue = np.exp(rng.normal(0, 0.07, 3))
    return Camera(
        defocus=float(rng.gamma(1.2, 0.6 if poor else 0.2)) * (rng.random() < 0.6),
        motion=int(rng.integers(3, 8)) if rng.random() < 0.06 else 0,
        upright=bool(rng.random() < 0.3),
        gain=float(np.exp(rng.normal(-0.02, 0.22))) * (0.55 if flat else 1.0),
        gamma=float(np.exp(rng.normal(0.0, 0.18))),
        lift=float(rng.uniform(20, 80)) if flat else float(max(0.0, rng.normal(2, 6))),
        saturation=0.0 if grey else float(np.clip(rng.normal(1.0, 0.22), 0.2, 1.7)),
        cast=(float(red), float(green), float(blue)),
        noise=float(rng.gamma(1.3, 5.0 if poor else 1.8)),
        jpeg=int(rng.integers(25, 96)) if rng.random() < 0.8 else 0,
        sharpen=int(rng.integers(40, 150)) if rng.random() < 0.25 else 0,
        vignette=float(rng.uniform(0, 0.5)) if rng.random() < 0.25 else 0.0,
    )


def expose(scene: Pixels, camera: Camera, seed: int) -> Pixels:
    """uint8 (height, width, 3) as the camera's file shows the scene of the same shape."""
    rng = np.random.default_rng(seed)
    picture = Image.fromarray(scene)
    if camera.defocus > 0.2:
        picture = picture.filter(ImageFilter.GaussianBlur(camera.defocus))
    if camera.sharpen:
        picture = picture.filter(ImageFilter.UnsharpMask(1.2, camera.sharpen, 2))
    values = np.asarray(picture, np.float32)
    if camera.motion:
        values = uniform_filter1d(values, camera.motion, axis=0 if camera.upright else 1)
    grey = values @ np.array([0.299, 0.587, 0.114], np.float32)
    values = grey[..., None] + camera.saturation * (values - grey[..., None])
    if camera.saturation > 0:
        values = values * np.asarray(camera.cast, np.float32)
    values = 255 * np.clip(values * (camera.gain / 255), 0, 1) ** camera.gamma
    if camera.vignette:
        height, width = grey.shape
        far = np.hypot(np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :])
        values = values * (1 - camera.vignette * 0.5 * far[..., None] ** 2)
    values = camera.lift + values * (1 - camera.lift / 255)
    if camera.noise > 0.3:
        grain = rng.standard_normal(grey.shape, np.float32)[..., None]
        values = values + camera.noise * grain
    exposed = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    if camera.jpeg:
        buffer = io.BytesIO()
        exposed.save(buffer, "JPEG", quality=camera.jpeg)
        exposed = Image.open(buffer).convert("RGB")
    return np.array(exposed, np.uint8)
