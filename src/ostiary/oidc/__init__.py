"""OpenID Connect and OAuth 2: what relying parties ask, and what they are given."""
