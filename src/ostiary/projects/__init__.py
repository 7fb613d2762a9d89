"""Projects, their roles, grants and applications; who was given roles on them, and who administers what."""
