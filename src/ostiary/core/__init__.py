"""Values and pure functions: nothing here waits, reads the clock or knows a wire."""
