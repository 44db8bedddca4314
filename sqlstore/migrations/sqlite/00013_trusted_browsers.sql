-- +goose Up
CREATE TABLE trusted_browsers (
    id             TEXT NOT NULL PRIMARY KEY,
    person_id      TEXT NOT NULL REFERENCES people (id),
    application_id TEXT NOT NULL,
    approval       TEXT NOT NULL UNIQUE,
    name           TEXT NOT NULL,
    token          BLOB UNIQUE, -- a hash; none until it was handed out
    added_at       INTEGER NOT NULL,
    last_used_at   INTEGER NOT NULL,
    ends_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX trusted_browsers_of_person ON trusted_browsers (person_id, application_id, added_at);

-- +goose Down
DROP TABLE trusted_browsers;
