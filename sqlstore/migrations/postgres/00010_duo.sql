-- +goose Up
CREATE TABLE integrations (
    key            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    application_id TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES applications (id),
    secret         BYTEA NOT NULL, -- sealed
    policy         TEXT NOT NULL, -- a JSON object
    created_at     BIGINT NOT NULL
);

CREATE TABLE integration_aliases (
    integration_key TEXT COLLATE "C" NOT NULL REFERENCES integrations (key),
    alias           TEXT COLLATE "C" NOT NULL,
    user_name       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (integration_key, alias)
);

-- +goose Down
DROP TABLE integration_aliases;
DROP TABLE integrations;
