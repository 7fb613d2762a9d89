-- Devices on which users were authenticated, so that a sign-in on another one is told.

CREATE TABLE known_device (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, user_id TEXT NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX known_device_user ON known_device (user_id, id);
