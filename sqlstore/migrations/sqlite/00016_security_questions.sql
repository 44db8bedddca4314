-- +goose Up
CREATE TABLE security_questions (
    person_id TEXT NOT NULL PRIMARY KEY REFERENCES people (id),
    answers   BLOB NOT NULL, -- three questions with salt and hash of each answer, sealed
    set_at    INTEGER NOT NULL
) STRICT;
ALTER TABLE people ADD COLUMN answer_failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE people ADD COLUMN answer_blocked_until INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE people DROP COLUMN answer_blocked_until;
ALTER TABLE people DROP COLUMN answer_failures;
DROP TABLE security_questions;
