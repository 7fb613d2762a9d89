"""What pytest loads before any test."""
