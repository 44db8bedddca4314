-- +goose Up
CREATE TABLE people (
    id                 TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_name          TEXT COLLATE "C" NOT NULL UNIQUE,
    push_locked        BOOLEAN NOT NULL,
    code_failures      BIGINT NOT NULL DEFAULT 0,
    code_blocked_until BIGINT NOT NULL DEFAULT 0,
    created_at         BIGINT NOT NULL
);

CREATE TABLE phones (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id    TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    name         TEXT NOT NULL,
    platform     TEXT NOT NULL,
    public_key   TEXT NOT NULL, -- a JWK
    push         BYTEA,         -- sealed
    push_hash    BYTEA,         -- to recognise the same target again
    active       BOOLEAN NOT NULL,
    claim_ends   BIGINT NOT NULL,  -- until when a phone that is not active is there
    added_at     BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL
);
CREATE INDEX phones_of_person ON phones (person_id);

CREATE TABLE authenticators (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id  TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    phone_id   TEXT COLLATE "C" UNIQUE REFERENCES phones (id) ON DELETE CASCADE,
    secret     BYTEA NOT NULL, -- sealed
    confirmed  BOOLEAN NOT NULL,
    last_step  BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX authenticators_of_person ON authenticators (person_id);

CREATE TABLE recovery_codes (
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    hash      BYTEA NOT NULL,
    used_at   BIGINT,
    PRIMARY KEY (person_id, hash)
);

-- +goose Down
DROP TABLE recovery_codes;
DROP TABLE authenticators;
DROP TABLE phones;
DROP TABLE people;
