"""What is taken where nobody says otherwise."""

from pathlib import Path

__all__ = ["OTHERS_SPACE", "RESULTS", "SPACE", "TARGET"]

TARGET = "k210"
"""A file of `constraints/`."""

SPACE = "k210_face"
"""A file of `search_spaces/`, where faces are to be found."""

OTHERS_SPACE = "k210"
"""The same where anything else is."""

RESULTS = Path("results")
"""Where studies lie."""
