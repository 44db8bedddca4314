-- +goose Up
-- Phones that go when the new one becomes active: ids with a space between them.
ALTER TABLE pairings ADD COLUMN removes TEXT NOT NULL DEFAULT '';

-- Names its application and its pairing without referring to them: they may go.
CREATE TABLE recoveries (
    id               TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id        TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    application_id   TEXT COLLATE "C" NOT NULL,
    application_name TEXT NOT NULL,
    method           TEXT NOT NULL,
    browser          TEXT NOT NULL,
    location         TEXT NOT NULL,
    ip               TEXT NOT NULL,
    token            BYTEA NOT NULL,
    refused          BOOLEAN NOT NULL,
    done             BOOLEAN NOT NULL, -- its phone became active
    refused_by       TEXT NOT NULL,
    pairing_id       TEXT COLLATE "C" NOT NULL,
    begun_at         BIGINT NOT NULL,
    ready_at         BIGINT NOT NULL,
    ends_at          BIGINT NOT NULL
);
CREATE INDEX recoveries_of_person ON recoveries (person_id, begun_at);

-- +goose Down
DROP TABLE recoveries;
ALTER TABLE pairings DROP COLUMN removes;
