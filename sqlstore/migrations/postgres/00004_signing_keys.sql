-- +goose Up
CREATE TABLE signing_keys (
    number     BIGINT NOT NULL PRIMARY KEY, -- the highest is the current one
    key        BYTEA NOT NULL,           -- sealed
    created_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE signing_keys;
