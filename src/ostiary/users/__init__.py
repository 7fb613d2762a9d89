"""Users: made, changed, found."""
