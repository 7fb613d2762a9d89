"""``ostiary migrate``."""

from ostiary.cli.options import HERE, Place


def migrate(*, place: Place = HERE) -> None:
    """Bring the database to this version's schema, or make a new installation; refused while a server runs."""
    settings = place.settings()
    from ostiary.app.upkeep import prepare_installation

    print(prepare_installation(settings))
