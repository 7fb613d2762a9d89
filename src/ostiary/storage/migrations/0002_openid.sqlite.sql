-- Projects, their applications and roles; login requests; what clients were given; keys that sign.

CREATE TABLE project (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, organization_id TEXT NOT NULL, name TEXT NOT NULL,
    state TEXT NOT NULL, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX project_organization ON project (organization_id, id);

CREATE TABLE project_role (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, project_id TEXT NOT NULL, key TEXT NOT NULL,
    display_name TEXT NOT NULL, created_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX project_role_project ON project_role (project_id, id);

CREATE TABLE project_grant (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, project_id TEXT NOT NULL, organization_id TEXT NOT NULL,
    granted_organization_id TEXT NOT NULL, state TEXT NOT NULL, created_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX project_grant_project ON project_grant (project_id, id);
CREATE INDEX project_grant_granted ON project_grant (granted_organization_id, id);

CREATE TABLE user_authorization (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, user_id TEXT NOT NULL, project_id TEXT NOT NULL,
    organization_id TEXT NOT NULL, state TEXT NOT NULL, created_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX user_authorization_user ON user_authorization (user_id, id);
CREATE INDEX user_authorization_project ON user_authorization (project_id, id);

CREATE TABLE application (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, project_id TEXT NOT NULL, organization_id TEXT NOT NULL,
    name TEXT NOT NULL, client_id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, state TEXT NOT NULL,
    created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX application_project ON application (project_id, id);

CREATE TABLE application_key (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, owner_id TEXT NOT NULL, organization_id TEXT NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX application_key_owner ON application_key (owner_id, id);

CREATE TABLE machine_key (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, owner_id TEXT NOT NULL, organization_id TEXT NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX machine_key_owner ON machine_key (owner_id, id);

CREATE TABLE machine_secret (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_key (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, algorithm TEXT NOT NULL, active_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE login_request (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_request_expires ON login_request (expires_at);

CREATE TABLE device_authorization (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, user_code TEXT NOT NULL UNIQUE, expires_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_authorization_expires ON device_authorization (expires_at);

CREATE TABLE pushed_request (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pushed_request_expires ON pushed_request (expires_at);

CREATE TABLE used_assertion (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_assertion_expires ON used_assertion (expires_at);

CREATE TABLE token_grant (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, user_id TEXT NOT NULL, client_id TEXT NOT NULL,
    session_id TEXT NOT NULL, over_at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX token_grant_user ON token_grant (user_id, id);
CREATE INDEX token_grant_session ON token_grant (session_id, id);
CREATE INDEX token_grant_over ON token_grant (over_at);

CREATE TABLE participant (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, session_id TEXT NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX participant_session ON participant (session_id, id);
