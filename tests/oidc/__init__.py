"""Tests of OpenID Connect and OAuth 2, one file a rule or RFC."""
