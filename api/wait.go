package api

import (
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// maxWait is the longest that a request is held open: below the minute after
// which proxies give up.
const maxWait = 25 * time.Second

// wait is the query parameter of that name: how long an answer may take.
type wait struct{ time.Duration }

// UnmarshalText reads e.g. "25s".
func (w *wait) UnmarshalText(text []byte) (err error) {
	w.Duration, err = parseWait(string(text))
	return err
}

// Schema documents the parameter.
func (wait) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Pattern: `^[0-9]{1,5}(s|ms)$`, Examples: []any{"25s"},
		Description: `how long the answer may take, at most "25s"; without it the answer is immediate`,
	}
}

// parseWait reads whole seconds or milliseconds, at most maxWait; empty is
// none. It takes a part of what time.ParseDuration does, so that every number
// has one reading.
func parseWait(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	number, unit := strings.TrimSuffix(text, "s"), time.Second
	if digits, ok := strings.CutSuffix(number, "m"); ok {
		number, unit = digits, time.Millisecond
	}
	if !strings.HasSuffix(text, "s") || !allDigits(number, 5) {
		return 0, errQuery
	}
	n, err := strconv.Atoi(number)
	if d := time.Duration(n) * unit; err == nil && d <= maxWait {
		return d, nil
	}
	return 0, errQuery
}

// parseVersion reads the version that a client has; empty is none.
func parseVersion(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	if !allDigits(text, 18) {
		return 0, errQuery
	}
	return strconv.ParseInt(text, 10, 64)
}

func allDigits(text string, limit int) bool {
	return text != "" && len(text) <= limit && strings.Trim(text, "0123456789") == ""
}

// wireTime is a time as it is sent: UTC, to the millisecond.
func wireTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
