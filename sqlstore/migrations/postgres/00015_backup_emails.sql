-- +goose Up
CREATE TABLE backup_emails (
    person_id    TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES people (id),
    address      BYTEA NOT NULL, -- sealed
    language     TEXT NOT NULL,
    confirmed_at BIGINT NOT NULL
);

-- Kept for an hour, spent or not: so many are sent in one.
CREATE TABLE email_codes (
    id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    purpose   TEXT COLLATE "C" NOT NULL, -- where it may be typed
    code      BYTEA NOT NULL, -- a hash, sealed: six digits are soon guessed from a hash alone
    address   BYTEA, -- sealed: what becomes the backup address; none where there is one
    language  TEXT NOT NULL,
    tries     BIGINT NOT NULL, -- that are left; none once it is spent
    sent_at   BIGINT NOT NULL
);
CREATE INDEX email_codes_of_person ON email_codes (person_id, sent_at);

-- Each kind of guess is counted by itself.
ALTER TABLE people ADD COLUMN email_failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE people ADD COLUMN email_blocked_until BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE people DROP COLUMN email_blocked_until;
ALTER TABLE people DROP COLUMN email_failures;
DROP TABLE email_codes;
DROP TABLE backup_emails;
