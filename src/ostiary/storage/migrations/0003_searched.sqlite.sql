-- Columns by which projects' roles, grants, keys, authorisations and administrators are searched and sorted.

ALTER TABLE project_role ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;
UPDATE project_role SET changed_at = created_at;

ALTER TABLE project_grant ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE project_grant ADD COLUMN role_keys TEXT NOT NULL DEFAULT '';
UPDATE project_grant SET changed_at = created_at, role_keys =
    coalesce((SELECT group_concat(char(10) || value, '') FROM json_each(CAST(data AS TEXT), '$.role_keys')), '')
    || char(10);

ALTER TABLE user_authorization ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user_authorization ADD COLUMN user_organization_id TEXT NOT NULL DEFAULT '';
ALTER TABLE user_authorization ADD COLUMN role_keys TEXT NOT NULL DEFAULT '';
UPDATE user_authorization SET changed_at = created_at, role_keys =
    coalesce((SELECT group_concat(char(10) || value, '') FROM json_each(CAST(data AS TEXT), '$.role_keys')), '')
    || char(10);

ALTER TABLE application_key ADD COLUMN project_id TEXT NOT NULL DEFAULT '';

ALTER TABLE membership ADD COLUMN project_organization_id TEXT NOT NULL DEFAULT '';
ALTER TABLE membership ADD COLUMN roles TEXT NOT NULL DEFAULT '';
ALTER TABLE membership ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE membership ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;
UPDATE membership SET
    roles = coalesce((SELECT group_concat(char(10) || value, '') FROM json_each(CAST(data AS TEXT), '$.roles')), '')
        || char(10),
    created_at = coalesce(json_extract(CAST(data AS TEXT), '$.created_at_s'), 0) * 1000000,
    changed_at = coalesce(json_extract(CAST(data AS TEXT), '$.created_at_s'), 0) * 1000000;
