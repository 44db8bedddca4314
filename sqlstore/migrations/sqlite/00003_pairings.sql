-- +goose Up
-- A pairing names its phone and its authenticator without referring to them:
-- they may go, it stays as it was.
CREATE TABLE pairings (
    id                      TEXT NOT NULL PRIMARY KEY,
    person_id               TEXT NOT NULL REFERENCES people (id),
    token                   BLOB NOT NULL,
    ticket                  BLOB NOT NULL UNIQUE,
    state                   TEXT NOT NULL,
    phone_id                TEXT NOT NULL,
    digits                  TEXT NOT NULL,
    phone_name              TEXT NOT NULL,
    platform                TEXT NOT NULL,
    authenticator_id        TEXT NOT NULL,
    authenticator_confirmed INTEGER NOT NULL,
    codes_issued            INTEGER NOT NULL,
    created_at              INTEGER NOT NULL,
    expires_at              INTEGER NOT NULL,
    version                 INTEGER NOT NULL
) STRICT;
CREATE INDEX pairings_of_person ON pairings (person_id);
CREATE INDEX pairings_of_phone ON pairings (phone_id);
CREATE INDEX pairings_of_authenticator ON pairings (authenticator_id);

CREATE TABLE spent_approvals (
    approval TEXT NOT NULL PRIMARY KEY,
    spent_at INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE spent_approvals;
DROP TABLE pairings;
