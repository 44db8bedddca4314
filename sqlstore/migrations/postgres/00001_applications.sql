-- +goose Up
CREATE TABLE applications (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL,
    return_urls TEXT NOT NULL, -- a JSON array
    policy      TEXT NOT NULL, -- a JSON object
    created_at  BIGINT NOT NULL
);

-- The key of the highest number is the newest.
CREATE TABLE application_keys (
    application_id TEXT COLLATE "C" NOT NULL REFERENCES applications (id),
    number         BIGINT NOT NULL,
    hash           BYTEA NOT NULL,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (application_id, number),
    UNIQUE (application_id, hash)
);

-- +goose Down
DROP TABLE application_keys;
DROP TABLE applications;
