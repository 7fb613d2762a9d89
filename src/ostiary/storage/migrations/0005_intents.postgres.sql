-- Upstream identity providers, and logins at them that were begun.

CREATE TABLE identity_provider (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, organization_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL, format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX identity_provider_organization ON identity_provider (organization_id, id);

CREATE TABLE intent (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, idp_id text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL, format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX intent_expires ON intent (expires_at);
