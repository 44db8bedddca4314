-- +goose Up
CREATE TABLE signing_keys (
    number     INTEGER NOT NULL PRIMARY KEY, -- the highest is the current one
    key        BLOB NOT NULL,           -- sealed
    created_at INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE signing_keys;
