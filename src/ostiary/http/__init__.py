"""HTTP: bytes into requests, requests to endpoints. Knows no word of identity."""
