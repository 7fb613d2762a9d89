"""One contract, kept by every factor; and what each one does besides."""
