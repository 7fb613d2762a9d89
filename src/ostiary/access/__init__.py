"""Who is calling, by which credential, in which organisation."""
