"""What is done to the signing keys of one installation."""

from ostiary.app.installation import Installation
from ostiary.keys.rotation import KeyRotation


def key_rotation(installation: Installation) -> KeyRotation:
    """Rotation of its keys."""
    return KeyRotation(installation.store, installation.effects, installation.sealer)
