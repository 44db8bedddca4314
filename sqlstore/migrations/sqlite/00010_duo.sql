-- +goose Up
CREATE TABLE integrations (
    key            TEXT NOT NULL PRIMARY KEY,
    application_id TEXT NOT NULL UNIQUE REFERENCES applications (id),
    secret         BLOB NOT NULL, -- sealed
    policy         TEXT NOT NULL, -- a JSON object
    created_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE integration_aliases (
    integration_key TEXT NOT NULL REFERENCES integrations (key),
    alias           TEXT NOT NULL,
    user_name       TEXT NOT NULL,
    PRIMARY KEY (integration_key, alias)
) STRICT;

-- +goose Down
DROP TABLE integration_aliases;
DROP TABLE integrations;
