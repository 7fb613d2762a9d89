"""The instance, its organisations, and the settings both have."""
