-- Upstream identity providers, and logins at them that were begun.

CREATE TABLE identity_provider (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, organization_id TEXT NOT NULL, name TEXT NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_provider_organization ON identity_provider (organization_id, id);

CREATE TABLE intent (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, idp_id TEXT NOT NULL, expires_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX intent_expires ON intent (expires_at);
