"""Training: views of pictures, frozen features, targets, loss, and the loop with checkpoints.

Only what needs no TensorFlow is exported here; the modules that do are imported by name.
"""

from __future__ import annotations

from dse.training.recipe import EpochReport, Recipe

__all__ = ["EpochReport", "Recipe"]
