package push

import (
	"strconv"
	"time"
)

// longestWait bounds what a service may ask for; no approval lives as long.
const longestWait = 24 * time.Hour

// Later adds to cause, which wraps ErrUnavailable, how long to wait: a
// *RetryAfter when header, the value of a Retry-After field (RFC 9110 section
// 10.2.3), can be read, and cause alone when it is empty or broken.
func Later(cause error, header string, now time.Time) error {
	after, ok := parseRetryAfter(header, now)
	if !ok {
		return cause
	}
	return &RetryAfter{After: min(max(after, 0), longestWait), Cause: cause}
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
