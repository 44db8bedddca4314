-- +goose Up
-- When all of the person's trust in browsers last ended: what was approved before
-- trusts none.
ALTER TABLE people ADD COLUMN trust_ended_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE people DROP COLUMN trust_ended_at;
