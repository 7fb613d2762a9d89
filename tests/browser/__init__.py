"""A real browser with authenticators in software, against a real server over HTTP on localhost."""
