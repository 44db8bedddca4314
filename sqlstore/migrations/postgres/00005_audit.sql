-- +goose Up
CREATE TABLE audit (
    number      BIGINT NOT NULL PRIMARY KEY, -- 1, 2, 3 … without a gap
    at          BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    person      TEXT COLLATE "C" NOT NULL,
    application TEXT COLLATE "C" NOT NULL,
    phone       TEXT COLLATE "C" NOT NULL,
    approval    TEXT COLLATE "C" NOT NULL,
    detail      TEXT NOT NULL,
    before      BYTEA NOT NULL, -- the hash of the row before
    hash        BYTEA NOT NULL
);
CREATE INDEX audit_of_person ON audit (person, number);
CREATE INDEX audit_of_approval ON audit (approval, number);

-- The one row that every append locks: where the trail ends.
CREATE TABLE audit_head (
    id     BIGINT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    hash   BYTEA NOT NULL,
    seal   BYTEA -- the hash, sealed: who has the database alone cannot make it
);
INSERT INTO audit_head (id, number, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

-- +goose Down
DROP TABLE audit_head;
DROP TABLE audit;
