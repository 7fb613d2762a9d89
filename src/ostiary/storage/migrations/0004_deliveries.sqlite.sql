-- What became of messages that were to be sent; and the outbox by kind, for each kind has its own sender.

CREATE TABLE delivery (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, kind TEXT NOT NULL, outcome TEXT NOT NULL, at INTEGER NOT NULL,
    format INTEGER NOT NULL DEFAULT 1, data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_at ON delivery (at);

CREATE INDEX outbox_kind ON outbox (kind, due_at);
