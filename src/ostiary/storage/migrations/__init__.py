"""The numbered files that make and change the schema."""
