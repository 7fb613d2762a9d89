"""The composition root: it knows everybody, and nobody but the command line knows it."""

import importlib
import sys


def _load_structlog_plain() -> None:
    """Load structlog as if rich were not there.

    rich would take a third of the server's start, and its tracebacks show local variables: secrets.
    """
    hidden = "rich" not in sys.modules
    if hidden:
        sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        importlib.import_module("structlog")
    finally:
        if hidden:
            del sys.modules["rich"]


_load_structlog_plain()
