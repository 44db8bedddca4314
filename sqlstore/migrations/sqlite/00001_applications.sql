-- +goose Up
CREATE TABLE applications (
    id          TEXT NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL,
    return_urls TEXT NOT NULL, -- a JSON array
    policy      TEXT NOT NULL, -- a JSON object
    created_at  INTEGER NOT NULL
) STRICT;

-- The key of the highest number is the newest.
CREATE TABLE application_keys (
    application_id TEXT NOT NULL REFERENCES applications (id),
    number         INTEGER NOT NULL,
    hash           BLOB NOT NULL,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (application_id, number),
    UNIQUE (application_id, hash)
) STRICT;

-- +goose Down
DROP TABLE application_keys;
DROP TABLE applications;
