// Package sqlstore keeps what lasts in SQL: it is the enrolments.Store over an
// SQLite file or a PostgreSQL database, and the one home of both drivers and of
// the migrations.
//
// Both databases are spoken to in the same plain SQL. What differs is behind
// one small seam, backend:
//
//	sqlite    one writer connection, owned by one goroutine that puts what
//	          many callers want into one transaction (a savepoint each), and
//	          a pool of readers beside it
//	postgres  a pool; a transaction a caller, rows locked where a decision
//	          needs more than one statement
//
// Every race is decided by one conditional UPDATE or INSERT, or under the lock
// of one row; locks are taken in the order people, pairings, phones,
// notices, and the head of the trail last.
//
// TOTP secrets, signing keys, push targets, addresses for mail and the secrets of
// notices that are on their way are sealed, each bound to its table, column and
// row; all other bearer secrets are kept as hashes only. Times are microseconds
// since 1970 in UTC.
//
// It refuses a database of a newer program, a keyring that does not open what
// is stored, text that one of the two databases could not keep, and an unknown
// URL. Violations are told apart by the driver's code, never by its text.
package sqlstore
