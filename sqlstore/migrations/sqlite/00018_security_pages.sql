-- +goose Up
CREATE TABLE security_pages (
    id             TEXT NOT NULL PRIMARY KEY,
    person_id      TEXT NOT NULL REFERENCES people (id),
    application_id TEXT NOT NULL,
    return_url     TEXT NOT NULL,
    token          BLOB NOT NULL, -- a hash
    opened_at      INTEGER NOT NULL,
    ends_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX security_pages_of_person ON security_pages (person_id, application_id, opened_at);

-- A change names what it is about without referring to it: that may go.
CREATE TABLE changes (
    approval         TEXT NOT NULL PRIMARY KEY,
    page_id          TEXT NOT NULL REFERENCES security_pages (id) ON DELETE CASCADE,
    person_id        TEXT NOT NULL,
    kind             TEXT NOT NULL,
    phone_id         TEXT NOT NULL,
    authenticator_id TEXT NOT NULL,
    about            TEXT NOT NULL,
    details          BLOB NOT NULL, -- sealed: a name, an address for mail or hashes of answers, as JSON
    begun_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX changes_of_page ON changes (page_id);

-- Opened for an authenticator app: no phone may claim it.
ALTER TABLE pairings ADD COLUMN app_only INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE pairings DROP COLUMN app_only;
DROP TABLE changes;
DROP TABLE security_pages;
