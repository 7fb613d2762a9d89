-- Devices on which users were authenticated, so that a sign-in on another one is told.

CREATE TABLE known_device (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, user_id text COLLATE "C" NOT NULL,
    format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX known_device_user ON known_device (user_id, id);
