-- Codes that are over are found by their time.

CREATE INDEX verification_code_expires ON verification_code (expires_at);
