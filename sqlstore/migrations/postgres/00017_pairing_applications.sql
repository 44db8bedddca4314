-- +goose Up
-- The application for which a set-up was opened: its policy says what is offered.
ALTER TABLE pairings ADD COLUMN application_id TEXT COLLATE "C" NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE pairings DROP COLUMN application_id;
