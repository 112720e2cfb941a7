"""How good and how fast are the synthetic pictures? Prints one JSON object.

    python benchmarks/synthetic_quality.py [--scenes 200] [--contact-sheet FILE [--boxes]]

haar_recall: share of the large (at least 60 pixels wide), upright, frontal, unmasked, mostly
visible faces that OpenCV's frontal Haar cascade finds; nobody here trained it, and it has
never seen a synthetic picture. haar_false_per_scene: its other detections.
render_ms: one core, drawing one scene, everything included.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from dse.data.pictures import DataSet
from dse.data.synthetic import synthetic
from dse.data.synthetic.labels import easy_faces
from dse.data.synthetic.scene import Scene, sample_scene


def haar_boxes(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, 4) boxes that the cascade finds in a picture (h, w, 3)."""
    import cv2
    import cv2.data

    path = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"
    cascade = cv2.CascadeClassifier(str(path))
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    found = cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=3, minSize=(24, 24))
    boxes = np.array(found, np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def found(face: NDArray[np.float32], boxes: NDArray[np.float32]) -> bool:
    """Whether a detection's centre lies in the middle of the face and its size is right.

    The cascade draws squares of about 1.3 times the width of our tight boxes.
    """
    if not len(boxes):
        return False
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    size = face[2:] - face[:2]
    near = np.abs(centre - (face[:2] + face[2:]) / 2) < 0.3 * size
    ratio = (boxes[:, 2] - boxes[:, 0]) / size[0]
    return bool((near.all(axis=1) & (ratio > 0.7) & (ratio < 2.2)).any())


def measure(count: int, seed: int, smallest: float = 60.0) -> dict[str, float]:
    """The figures of `count` scenes of the training split."""
    easy = hit = stray = 0
    seconds = []
    for index, picture in enumerate(synthetic("train", count, seed=seed).pictures):
        start = time.perf_counter()
        pixels = picture.load()
        seconds.append(time.perf_counter() - start)
        boxes = haar_boxes(pixels)
        scene: Scene = sample_scene(seed, "train", index)
        faces = easy_faces(scene, smallest)
        easy += len(faces)
        hit += sum(found(face, boxes) for face in faces)
        everyone = np.concatenate([picture.boxes, picture.ignored])
        stray += sum(not any(found(face, box[None]) for face in everyone) for box in boxes)
    return {
        "scenes": count,
        "large_frontal_faces": easy,
        "haar_recall": round(hit / max(easy, 1), 4),
        "haar_false_per_scene": round(stray / count, 3),
        "render_ms_mean": round(1000 * float(np.mean(seconds)), 1),
        "render_ms_median": round(1000 * float(np.median(seconds)), 1),
    }


def contact_sheet(
    data: DataSet, path: Path, boxes: bool, columns: int = 8, side: int = 200
) -> None:
    """A PNG of the set's pictures in rows, with their boxes (green; ignored ones red) if asked."""
    rows = -(-len(data) // columns)
    sheet = Image.new("RGB", (columns * side, rows * side), (255, 255, 255))
    for place, picture in enumerate(data.pictures):
        image = Image.fromarray(picture.load())
        draw = ImageDraw.Draw(image)
        for colour, faces in (((0, 230, 0), picture.boxes), ((255, 0, 0), picture.ignored)):
            for face in faces if boxes else ():
                draw.rectangle([float(v) for v in face], outline=colour, width=2)
        image.thumbnail((side - 4, side - 4), Image.Resampling.LANCZOS)
        left = place % columns * side + (side - image.width) // 2
        sheet.paste(image, (left, place // columns * side + (side - image.height) // 2))
    sheet.save(path)


def main() -> int:
    """Measure, print, and draw the contact sheet if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--contact-sheet", type=Path)
    parser.add_argument("--boxes", action="store_true", help="draw the boxes on the sheet")
    chosen = parser.parse_args()
    if chosen.contact_sheet:
        contact_sheet(synthetic("train", 48, seed=chosen.seed), chosen.contact_sheet, chosen.boxes)
        print(f"wrote {chosen.contact_sheet}", file=sys.stderr)
    print(json.dumps(measure(chosen.scenes, chosen.seed), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
