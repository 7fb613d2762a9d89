-- One table a kind: id, version, what lists and indexes see, and the value as JSON (data) in a numbered format.
-- Times are microseconds since 1970.

CREATE TABLE generation (id INTEGER PRIMARY KEY CHECK (id = 0), value INTEGER NOT NULL) STRICT;
INSERT INTO generation (id, value) VALUES (0, 1);

CREATE TABLE counter (
    key TEXT PRIMARY KEY, value INTEGER NOT NULL, expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor_id TEXT NOT NULL, action TEXT NOT NULL,
    object_id TEXT NOT NULL, detail BLOB NOT NULL
) STRICT;

CREATE TABLE outbox (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    leased_until INTEGER NOT NULL DEFAULT 0, sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (due_at);

CREATE TABLE instance (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE organization (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, name TEXT NOT NULL, primary_domain TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL, created_at INTEGER NOT NULL, format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE policy (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, owner TEXT NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX policy_owner ON policy (owner);

CREATE TABLE user (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, organization_id TEXT NOT NULL, username TEXT NOT NULL,
    login_name TEXT NOT NULL, type TEXT NOT NULL, state TEXT NOT NULL, given_name TEXT NOT NULL,
    family_name TEXT NOT NULL, nick_name TEXT NOT NULL, display_name TEXT NOT NULL, email TEXT NOT NULL,
    phone TEXT NOT NULL, created_at INTEGER NOT NULL, username_folded TEXT NOT NULL, login_name_folded TEXT NOT NULL,
    email_folded TEXT NOT NULL, format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX user_organization ON user (organization_id, id);
CREATE INDEX user_created ON user (created_at, id);
CREATE INDEX user_username ON user (username);
CREATE INDEX user_username_folded ON user (username_folded);
CREATE INDEX user_login_name ON user (login_name);
CREATE INDEX user_login_name_folded ON user (login_name_folded);
CREATE INDEX user_email ON user (email);
CREATE INDEX user_email_folded ON user (email_folded);
CREATE INDEX user_phone ON user (phone) WHERE phone <> '';

CREATE TABLE login_name (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, user_id TEXT NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_name_user ON login_name (user_id);

CREATE TABLE authenticator (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, user_id TEXT NOT NULL, kind TEXT NOT NULL,
    lookup_hash TEXT UNIQUE, format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX authenticator_user ON authenticator (user_id, id);

CREATE TABLE user_metadata (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, user_id TEXT NOT NULL, key TEXT NOT NULL,
    value_hash TEXT NOT NULL, created_at INTEGER NOT NULL, format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX user_metadata_user ON user_metadata (user_id, key);
CREATE INDEX user_metadata_key ON user_metadata (key, value_hash);
CREATE INDEX user_metadata_value ON user_metadata (value_hash);

CREATE TABLE personal_access_token (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, user_id TEXT NOT NULL, organization_id TEXT NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX personal_access_token_user ON personal_access_token (user_id, id);

CREATE TABLE verification_code (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, user_id TEXT NOT NULL, expires_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX verification_code_user ON verification_code (user_id, id);

CREATE TABLE membership (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, user_id TEXT NOT NULL, resource TEXT NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX membership_user ON membership (user_id, id);
CREATE INDEX membership_resource ON membership (resource, id);

CREATE TABLE session (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, user_id TEXT NOT NULL, creator_id TEXT NOT NULL,
    fingerprint_id TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
-- Ids grow with time, so lists in order of creation are lists in order of ids.
CREATE INDEX session_user ON session (user_id, id);
CREATE INDEX session_creator ON session (creator_id, id);
CREATE INDEX session_fingerprint ON session (fingerprint_id, id) WHERE fingerprint_id <> '';
CREATE INDEX session_created ON session (created_at);
CREATE INDEX session_expires ON session (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE ended_session (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, user_id TEXT NOT NULL, ended_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ended_session_user ON ended_session (user_id, ended_at);
CREATE INDEX ended_session_ended ON ended_session (ended_at);

CREATE TABLE idempotent_answer (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotent_answer_expires ON idempotent_answer (expires_at);
