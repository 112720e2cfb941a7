"""What is taken where nobody says otherwise."""

__all__ = ["SPACE", "TARGET"]

TARGET = "k210"
"""A file of `constraints/`."""

SPACE = "k210_face"
"""A file of `search_spaces/`."""
