"""The answers to those who would use a session that cannot be used. Source: ZITADEL's wire contract, part 2.10."""

from ostiary.errors import FailedPrecondition


def ended() -> FailedPrecondition:
    """It was ended."""
    return FailedPrecondition("COMMAND-Hewfq", "Session already terminated")


def expired() -> FailedPrecondition:
    """Its lifetime has passed, or everything of its user was ended."""
    return FailedPrecondition("COMMAND-Hkl3d", "Session has expired")
