-- Projects, their applications and roles; login requests; what clients were given; keys that sign.

CREATE TABLE project (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, organization_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL, state text COLLATE "C" NOT NULL, created_at bigint NOT NULL,
    changed_at bigint NOT NULL, format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX project_organization ON project (organization_id, id);

CREATE TABLE project_role (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, project_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL, display_name text COLLATE "C" NOT NULL, created_at bigint NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX project_role_project ON project_role (project_id, id);

CREATE TABLE project_grant (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, project_id text COLLATE "C" NOT NULL,
    organization_id text COLLATE "C" NOT NULL, granted_organization_id text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL, created_at bigint NOT NULL, format bigint NOT NULL DEFAULT 1,
    data bytea NOT NULL
);
CREATE INDEX project_grant_project ON project_grant (project_id, id);
CREATE INDEX project_grant_granted ON project_grant (granted_organization_id, id);

CREATE TABLE user_authorization (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, user_id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL, organization_id text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL, created_at bigint NOT NULL, format bigint NOT NULL DEFAULT 1,
    data bytea NOT NULL
);
CREATE INDEX user_authorization_user ON user_authorization (user_id, id);
CREATE INDEX user_authorization_project ON user_authorization (project_id, id);

CREATE TABLE application (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, project_id text COLLATE "C" NOT NULL,
    organization_id text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
    client_id text COLLATE "C" NOT NULL UNIQUE, type text COLLATE "C" NOT NULL, state text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL, changed_at bigint NOT NULL, format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX application_project ON application (project_id, id);

CREATE TABLE application_key (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, owner_id text COLLATE "C" NOT NULL,
    organization_id text COLLATE "C" NOT NULL, created_at bigint NOT NULL, expires_at bigint NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX application_key_owner ON application_key (owner_id, id);

CREATE TABLE machine_key (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, owner_id text COLLATE "C" NOT NULL,
    organization_id text COLLATE "C" NOT NULL, created_at bigint NOT NULL, expires_at bigint NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX machine_key_owner ON machine_key (owner_id, id);

CREATE TABLE machine_secret (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);

CREATE TABLE signing_key (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, algorithm text COLLATE "C" NOT NULL,
    active_at bigint NOT NULL, format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);

CREATE TABLE login_request (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, expires_at bigint NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX login_request_expires ON login_request (expires_at);

CREATE TABLE device_authorization (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, user_code text COLLATE "C" NOT NULL UNIQUE,
    expires_at bigint NOT NULL, format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX device_authorization_expires ON device_authorization (expires_at);

CREATE TABLE pushed_request (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, expires_at bigint NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX pushed_request_expires ON pushed_request (expires_at);

CREATE TABLE used_assertion (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, expires_at bigint NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX used_assertion_expires ON used_assertion (expires_at);

CREATE TABLE token_grant (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, user_id text COLLATE "C" NOT NULL,
    client_id text COLLATE "C" NOT NULL, session_id text COLLATE "C" NOT NULL, over_at bigint NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX token_grant_user ON token_grant (user_id, id);
CREATE INDEX token_grant_session ON token_grant (session_id, id);
CREATE INDEX token_grant_over ON token_grant (over_at);

CREATE TABLE participant (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, session_id text COLLATE "C" NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX participant_session ON participant (session_id, id);
