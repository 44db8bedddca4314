-- +goose Up
ALTER TABLE applications ADD COLUMN logo BYTEA;
ALTER TABLE applications ADD COLUMN logo_type TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN logo_digest TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE applications DROP COLUMN logo_digest;
ALTER TABLE applications DROP COLUMN logo_type;
ALTER TABLE applications DROP COLUMN logo;
