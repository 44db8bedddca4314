-- +goose Up
CREATE TABLE security_questions (
    person_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES people (id),
    answers   BYTEA NOT NULL, -- three questions with salt and hash of each answer, sealed
    set_at    BIGINT NOT NULL
);
ALTER TABLE people ADD COLUMN answer_failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE people ADD COLUMN answer_blocked_until BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE people DROP COLUMN answer_blocked_until;
ALTER TABLE people DROP COLUMN answer_failures;
DROP TABLE security_questions;
