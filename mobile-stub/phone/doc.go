// Package phone is a whole phone in software, for tests, demonstrations and
// load. It owns the phone's side of docs/protocol.md: keys, pairing, fetching
// and answering requests, codes without a network, and reading wake-ups.
//
//	pair URL ──▶ Pair ──▶ digits on the screen ──▶ WaitActive ──▶ account
//	                                                   │
//	wake-up ──▶ DecryptWebPush ──▶ id of a request     ▼
//	                └────────────▶ Pending ──▶ Request ──▶ Approve · Deny · Report
//
// It is a second implementation, written against the protocol and the vectors
// in approvals/testdata, so that server and phone cannot share a mistake: it
// imports nothing of the server and no library for its cryptography.
//
// It refuses plain http to anything but this machine, redirects, replies beyond
// a bound, and a state file that others can read. The functions named Sign let a
// test sign whatever it likes, so that servers can be tried with wrong proofs.
package phone
