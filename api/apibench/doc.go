// Package apibench holds what waiting screens are measured beside and with: a
// websocket server as a tutorial has it, and browsers by the thousand. It owns
// no approval and knows no token but those it is given.
package apibench
