-- Columns by which projects' roles, grants, keys, authorisations and administrators are searched and sorted.

ALTER TABLE project_role ADD COLUMN changed_at bigint NOT NULL DEFAULT 0;

ALTER TABLE project_grant ADD COLUMN changed_at bigint NOT NULL DEFAULT 0;
ALTER TABLE project_grant ADD COLUMN role_keys text COLLATE "C" NOT NULL DEFAULT '';

ALTER TABLE user_authorization ADD COLUMN changed_at bigint NOT NULL DEFAULT 0;
ALTER TABLE user_authorization ADD COLUMN user_organization_id text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE user_authorization ADD COLUMN role_keys text COLLATE "C" NOT NULL DEFAULT '';

ALTER TABLE application_key ADD COLUMN project_id text COLLATE "C" NOT NULL DEFAULT '';

ALTER TABLE membership ADD COLUMN project_organization_id text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE membership ADD COLUMN roles text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE membership ADD COLUMN created_at bigint NOT NULL DEFAULT 0;
ALTER TABLE membership ADD COLUMN changed_at bigint NOT NULL DEFAULT 0;
