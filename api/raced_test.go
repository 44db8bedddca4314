//go:build race

package api_test

// raced says that the race detector is at work. It lengthens everything but
// cryptography, so that nothing can be learnt from how long an answer takes.
const raced = true
