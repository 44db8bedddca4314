-- +goose Up
-- Where a set-up leads back to, and whether it stands in the place of a sign-in
-- that has to be begun anew.
ALTER TABLE pairings ADD COLUMN return_url TEXT NOT NULL DEFAULT '';
ALTER TABLE pairings ADD COLUMN signing_in INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE pairings DROP COLUMN signing_in;
ALTER TABLE pairings DROP COLUMN return_url;
