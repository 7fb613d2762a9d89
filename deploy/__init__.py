"""A whole installation on one machine: PostgreSQL on three nodes under Patroni, two servers, a proxy."""
