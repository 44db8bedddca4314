-- +goose Up
CREATE TABLE security_pages (
    id             TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id      TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    application_id TEXT COLLATE "C" NOT NULL,
    return_url     TEXT NOT NULL,
    token          BYTEA NOT NULL, -- a hash
    opened_at      BIGINT NOT NULL,
    ends_at        BIGINT NOT NULL
);
CREATE INDEX security_pages_of_person ON security_pages (person_id, application_id, opened_at);

-- A change names what it is about without referring to it: that may go.
CREATE TABLE changes (
    approval         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    page_id          TEXT COLLATE "C" NOT NULL REFERENCES security_pages (id) ON DELETE CASCADE,
    person_id        TEXT COLLATE "C" NOT NULL,
    kind             TEXT NOT NULL,
    phone_id         TEXT COLLATE "C" NOT NULL,
    authenticator_id TEXT COLLATE "C" NOT NULL,
    about            TEXT NOT NULL,
    details          BYTEA NOT NULL, -- sealed: a name, an address for mail or hashes of answers, as JSON
    begun_at         BIGINT NOT NULL
);
CREATE INDEX changes_of_page ON changes (page_id);

-- Opened for an authenticator app: no phone may claim it.
ALTER TABLE pairings ADD COLUMN app_only BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE pairings DROP COLUMN app_only;
DROP TABLE changes;
DROP TABLE security_pages;
