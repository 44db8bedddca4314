-- +goose Up
CREATE TABLE audit (
    number      INTEGER NOT NULL PRIMARY KEY, -- 1, 2, 3 … without a gap
    at          INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    person      TEXT NOT NULL,
    application TEXT NOT NULL,
    phone       TEXT NOT NULL,
    approval    TEXT NOT NULL,
    detail      TEXT NOT NULL,
    before      BLOB NOT NULL, -- the hash of the row before
    hash        BLOB NOT NULL
) STRICT;
CREATE INDEX audit_of_person ON audit (person, number);
CREATE INDEX audit_of_approval ON audit (approval, number);

-- The one row that every append locks: where the trail ends.
CREATE TABLE audit_head (
    id     INTEGER NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL,
    hash   BLOB NOT NULL,
    seal   BLOB -- the hash, sealed: who has the database alone cannot make it
) STRICT;
INSERT INTO audit_head (id, number, hash) VALUES (1, 0, zeroblob(32));

-- +goose Down
DROP TABLE audit_head;
DROP TABLE audit;
