"""One contract, kept by every store; and what each store promises besides."""
