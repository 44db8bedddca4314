-- +goose Up
CREATE TABLE trusted_browsers (
    id             TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id      TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    application_id TEXT COLLATE "C" NOT NULL,
    approval       TEXT COLLATE "C" NOT NULL UNIQUE,
    name           TEXT NOT NULL,
    token          BYTEA UNIQUE, -- a hash; none until it was handed out
    added_at       BIGINT NOT NULL,
    last_used_at   BIGINT NOT NULL,
    ends_at        BIGINT NOT NULL
);
CREATE INDEX trusted_browsers_of_person ON trusted_browsers (person_id, application_id, added_at);

-- +goose Down
DROP TABLE trusted_browsers;
