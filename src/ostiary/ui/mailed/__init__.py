"""Pages by which people show that they read an address: registration, invitation, forgotten password, verification."""
