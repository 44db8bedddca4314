-- +goose Up
-- Where the sign-in that a recovery began with would have led back to.
ALTER TABLE recoveries ADD COLUMN return_url TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE recoveries DROP COLUMN return_url;
