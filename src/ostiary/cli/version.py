"""``ostiary version``."""

from ostiary import __version__


def version() -> None:
    """Print the version."""
    print(__version__)
