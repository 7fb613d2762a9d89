"""Every store there is."""

from tests.storage.conftest import file, store

__all__ = ["file", "store"]
