"""``ostiary clean``."""

import asyncio

from ostiary.cli.options import HERE, Place


def clean(*, place: Place = HERE) -> None:
    """Remove what is over and was kept as long as the settings say; nobody waits for it. Prints what went."""
    from ostiary.app.cleaning import cleaned

    removed = asyncio.run(cleaned(place.settings()))
    for name, count in sorted(removed.items()):
        print(f"{count:10} {name}")
    if not removed:
        print("Nothing was over.")
