-- What became of messages that were to be sent; and the outbox by kind, for each kind has its own sender.

CREATE TABLE delivery (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, kind text COLLATE "C" NOT NULL,
    outcome text COLLATE "C" NOT NULL, at bigint NOT NULL, format bigint NOT NULL DEFAULT 1, data bytea NOT NULL
);
CREATE INDEX delivery_at ON delivery (at);

CREATE INDEX outbox_kind ON outbox (kind, due_at);
