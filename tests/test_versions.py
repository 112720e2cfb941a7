"""Versions are those that are installed; what is not installed is left out."""

from __future__ import annotations

import platform

import numpy as np

from dse.versions import version_of, versions


def test_a_version_is_the_packages_own() -> None:
    assert version_of("numpy") == np.__version__


def test_what_is_not_installed_is_left_out() -> None:
    assert version_of("no-such-package") is None
    found = versions(("numpy", "no-such-package"))
    assert found == {"python": platform.python_version(), "numpy": np.__version__}
