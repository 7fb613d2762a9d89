"""Where values are kept: the port every service sees, and the stores behind it. SQL lives here and nowhere else."""
