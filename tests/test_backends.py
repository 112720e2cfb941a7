"""Networks and training on Keras' JAX backend, which GPUs without TensorFlow's packages have."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.skipif(
    importlib.util.find_spec("jax") is None,
    reason="JAX is not installed; 'uv pip install jax==0.6.2' does",
)
@pytest.mark.parametrize("tests", ["network/test_keras_inference.py", "training/test_trainer.py"])
def test_what_holds_on_tensorflow_holds_on_jax(tests: str) -> None:
    command = [sys.executable, "-m", "pytest", "-n", "0", str(HERE / tests)]
    done = subprocess.run(
        command, env={**os.environ, "KERAS_BACKEND": "jax"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
