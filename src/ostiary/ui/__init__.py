"""The pages that people see: a client of the same commands as the API."""
