// Package redisstore keeps approvals in Redis, for as many nodes as there are.
// It owns every key and script there, and nothing else of Redis: it refuses to
// start on a server that is too old or that takes no writes, and it takes
// nothing as approved that Redis did not say was settled.
//
// One step of the contract is one script: it reads, checks, writes and
// announces together. What one person has stands under one hash tag, so the
// same scripts run on a Cluster. With S the person's slot (approvals.SlotOf):
//
//	{p:S}a:<rest of the id>             hash: an approval; also the channel of its changes
//	{p:S}p:<person>                     string: push budget and newest approvals of a person
//	{p:S}k:<person>:<application>:<key> string: an idempotency key
//	{p:S}x:<person>:<proof>             string: a spent proof
//	{p:S}w:<person>                     channel: a new approval of the person
//
// Every key has a time to live. The clock is Redis' TIME, held up by a mark in
// each approval and person: it never runs back to before an instant at which
// something was decided about the same one, also when a replica with a slower
// clock is promoted. What the keys hold stands in lua/prelude.lua.
//
// A change is announced with all that can change, so that a node which waits
// need not ask again. Announcements come at most once: the hub subscribes
// first, then reads, then listens, and reads again whenever it cannot know that
// it heard everything.
package redisstore
