-- +goose Up
-- Names its person without referring to them, as the trail does: storing a
-- notice waits for nobody who has locked the person.
CREATE TABLE notices (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    person_id   TEXT COLLATE "C" NOT NULL,
    event       TEXT NOT NULL,
    phone_id    TEXT COLLATE "C" NOT NULL,
    application TEXT NOT NULL, -- its name
    detail      TEXT NOT NULL,
    because     TEXT NOT NULL,
    browser     TEXT NOT NULL,
    location    TEXT NOT NULL,
    ip          TEXT NOT NULL,
    at          BIGINT NOT NULL,
    token       BYTEA NOT NULL, -- a hash
    secret      BYTEA, -- what the hash is of, sealed; none once all is delivered
    stopped_at  BIGINT NOT NULL, -- 0 for not
    recoveries  BIGINT NOT NULL,
    set_ups     BIGINT NOT NULL,
    browsers    BIGINT NOT NULL
);
CREATE INDEX notices_of_person ON notices (person_id, at);

CREATE TABLE deliveries (
    id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    notice_id TEXT COLLATE "C" NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    channel   TEXT NOT NULL,
    address   BYTEA, -- sealed; of a mail
    language  TEXT NOT NULL,
    tries     BIGINT NOT NULL, -- rises with each claim: who has claimed it knows it
    due_at    BIGINT NOT NULL -- when it may be claimed: a lease ends, or a pause
);
CREATE INDEX deliveries_due ON deliveries (channel, due_at);
CREATE INDEX deliveries_of_notice ON deliveries (notice_id);

-- +goose Down
DROP TABLE deliveries;
DROP TABLE notices;
