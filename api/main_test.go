package api_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// Here a property is checked over HTTP, with answers that are slow to hash:
	// fewer orders a run than rapid's 100. -rapid.checks on the command line wins.
	if err := flag.Set("rapid.checks", "30"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
