-- +goose Up
-- Opened without an approval, for a person who had nothing: good for the first thing alone.
ALTER TABLE pairings ADD COLUMN free INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE pairings DROP COLUMN free;
