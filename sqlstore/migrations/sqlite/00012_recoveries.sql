-- +goose Up
-- Phones that go when the new one becomes active: ids with a space between them.
ALTER TABLE pairings ADD COLUMN removes TEXT NOT NULL DEFAULT '';

-- Names its application and its pairing without referring to them: they may go.
CREATE TABLE recoveries (
    id               TEXT NOT NULL PRIMARY KEY,
    person_id        TEXT NOT NULL REFERENCES people (id),
    application_id   TEXT NOT NULL,
    application_name TEXT NOT NULL,
    method           TEXT NOT NULL,
    browser          TEXT NOT NULL,
    location         TEXT NOT NULL,
    ip               TEXT NOT NULL,
    token            BLOB NOT NULL,
    refused          INTEGER NOT NULL,
    done             INTEGER NOT NULL, -- its phone became active
    refused_by       TEXT NOT NULL,
    pairing_id       TEXT NOT NULL,
    begun_at         INTEGER NOT NULL,
    ready_at         INTEGER NOT NULL,
    ends_at          INTEGER NOT NULL
) STRICT;
CREATE INDEX recoveries_of_person ON recoveries (person_id, begun_at);

-- +goose Down
DROP TABLE recoveries;
ALTER TABLE pairings DROP COLUMN removes;
