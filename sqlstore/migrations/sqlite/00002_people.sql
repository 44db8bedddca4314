-- +goose Up
CREATE TABLE people (
    id                 TEXT NOT NULL PRIMARY KEY,
    user_name          TEXT NOT NULL UNIQUE,
    push_locked        INTEGER NOT NULL,
    code_failures      INTEGER NOT NULL DEFAULT 0,
    code_blocked_until INTEGER NOT NULL DEFAULT 0,
    created_at         INTEGER NOT NULL
) STRICT;

CREATE TABLE phones (
    id           TEXT NOT NULL PRIMARY KEY,
    person_id    TEXT NOT NULL REFERENCES people (id),
    name         TEXT NOT NULL,
    platform     TEXT NOT NULL,
    public_key   TEXT NOT NULL, -- a JWK
    push         BLOB,         -- sealed
    push_hash    BLOB,         -- to recognise the same target again
    active       INTEGER NOT NULL,
    claim_ends   INTEGER NOT NULL,  -- until when a phone that is not active is there
    added_at     INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL
) STRICT;
CREATE INDEX phones_of_person ON phones (person_id);

CREATE TABLE authenticators (
    id         TEXT NOT NULL PRIMARY KEY,
    person_id  TEXT NOT NULL REFERENCES people (id),
    phone_id   TEXT UNIQUE REFERENCES phones (id) ON DELETE CASCADE,
    secret     BLOB NOT NULL, -- sealed
    confirmed  INTEGER NOT NULL,
    last_step  INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX authenticators_of_person ON authenticators (person_id);

CREATE TABLE recovery_codes (
    person_id TEXT NOT NULL REFERENCES people (id),
    hash      BLOB NOT NULL,
    used_at   INTEGER,
    PRIMARY KEY (person_id, hash)
) STRICT;

-- +goose Down
DROP TABLE recovery_codes;
DROP TABLE authenticators;
DROP TABLE phones;
DROP TABLE people;
