-- +goose Up
-- Opened without an approval, for a person who had nothing: good for the first thing alone.
ALTER TABLE pairings ADD COLUMN free BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE pairings DROP COLUMN free;
