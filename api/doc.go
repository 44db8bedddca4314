// Package api speaks our own protocol, docs/protocol.md, over HTTP: JSON for
// applications, waiting screens and phones, and one stream that a waiting
// screen reads as a websocket, as server-sent events or by asking again.
//
// A request passes four gates, each of which can end it with a problem:
//
//	body     bounded, strict JSON, nothing after it
//	guard    who is it: an application's key, a waiting token, a set-up token,
//	         a phone's proof; an address that guesses is slowed down
//	schema   members and parameters as the OpenAPI document says
//	domain   one call into approvals or enrolments
//
// What goes wrong is an error of the domain until the table in problems.go
// gives it its kind; an error that the table does not know is "internal", and
// its text goes to the log alone.
//
// The package is the only home of huma (routes, OpenAPI), gorilla/websocket and
// useragent. It decides nothing about a sign-in, keeps nothing, and refuses
// everything that the protocol does not name.
package api
