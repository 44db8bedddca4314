// Package redisbench holds what the store is measured beside: Redis' own
// benchmark and a plain go-redis client. It owns no keys: it sends what it has
// heard the store send, so that both sides of a ratio do the same work, and it
// is for servers that were started for a measurement alone.
package redisbench
