"""A uv that notes how it is called, and makes environments with a Python that only ends."""

from __future__ import annotations

__all__ = ["FAKE_UV"]

FAKE_UV = """#!/bin/sh
echo "$@" >> {log}
case "$1" in
  venv) for folder; do :; done
        mkdir -p "$folder/bin" && printf '#!/bin/sh\\nexit {check}\\n' > "$folder/bin/python"
        chmod +x "$folder/bin/python" ;;
esac
{end}
"""
"""log: the file of its notes. check: how the Python ends. end: what uv does at last."""
