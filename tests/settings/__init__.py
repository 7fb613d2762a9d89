"""Settings as they hold, and organisations."""
