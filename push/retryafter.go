package push

import (
	"fmt"
	"strconv"
	"time"
)

// longestWait bounds what a service may ask for; no approval lives as long.
const longestWait = 24 * time.Hour

// Later is the error of a service that is unavailable for now: a *RetryAfter
// when header, the value of a Retry-After field (RFC 9110 section 10.2.3), can
// be read, and a plain ErrUnavailable when it is empty or broken. reason is the
// service's own word for it.
func Later(reason, header string, now time.Time) error {
	after, ok := parseRetryAfter(header, now)
	if !ok {
		return fmt.Errorf("%w: %s", ErrUnavailable, reason)
	}
	return &RetryAfter{After: min(max(after, 0), longestWait), Reason: reason}
}

func parseRetryAfter(header string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	// IMF-fixdate, the one form of a date that may be generated.
	if at, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", header); err == nil {
		return at.Sub(now), true
	}
	return 0, false
}
