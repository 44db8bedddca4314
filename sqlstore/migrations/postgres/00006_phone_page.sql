-- +goose Up
-- A pairing may be opened by a phone of the person, which the new one may replace.
ALTER TABLE pairings ADD COLUMN by_phone TEXT NOT NULL DEFAULT '';
ALTER TABLE pairings ADD COLUMN replaces BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE audit ADD COLUMN data TEXT NOT NULL DEFAULT ''; -- a JSON object, or nothing
CREATE INDEX audit_of_person_by_kind ON audit (person, kind, number);

-- +goose Down
DROP INDEX audit_of_person_by_kind;
ALTER TABLE audit DROP COLUMN data;
ALTER TABLE pairings DROP COLUMN replaces;
ALTER TABLE pairings DROP COLUMN by_phone;
