"""Ostiary, the identity server whose product is the session."""

from typing import Final

__version__: Final = "0.1.0"
