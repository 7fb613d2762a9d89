"""The installation of deploy/."""
