"""What is measured of ourselves, for whoever watches."""
