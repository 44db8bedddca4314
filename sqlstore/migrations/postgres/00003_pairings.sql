-- +goose Up
-- A pairing names its phone and its authenticator without referring to them:
-- they may go, it stays as it was.
CREATE TABLE pairings (
    id                      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id               TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    token                   BYTEA NOT NULL,
    ticket                  BYTEA NOT NULL UNIQUE,
    state                   TEXT NOT NULL,
    phone_id                TEXT COLLATE "C" NOT NULL,
    digits                  TEXT NOT NULL,
    phone_name              TEXT NOT NULL,
    platform                TEXT NOT NULL,
    authenticator_id        TEXT COLLATE "C" NOT NULL,
    authenticator_confirmed BOOLEAN NOT NULL,
    codes_issued            BOOLEAN NOT NULL,
    created_at              BIGINT NOT NULL,
    expires_at              BIGINT NOT NULL,
    version                 BIGINT NOT NULL
);
CREATE INDEX pairings_of_person ON pairings (person_id);
CREATE INDEX pairings_of_phone ON pairings (phone_id);
CREATE INDEX pairings_of_authenticator ON pairings (authenticator_id);

CREATE TABLE spent_approvals (
    approval TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    spent_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE spent_approvals;
DROP TABLE pairings;
