package noscript

import (
	"strings"
	"time"
	"unicode"
)

// readCode brings what was typed or pasted into the form that is sent; false if
// it cannot be a code: six to eight digits, or sixteen letters and digits.
// Spaces and hyphens of any kind are how people write codes, not part of them.
func readCode(typed string) (code string, ok bool) {
	code = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r):
			return -1
		case r >= '！' && r <= '～': // full-width forms of ASCII
			r -= '！' - '!'
		}
		return unicode.ToUpper(r)
	}, typed)
	return code, isDigits(code) || isRecovery(code)
}

func isDigits(code string) bool {
	return len(code) >= 6 && len(code) <= 8 && strings.Trim(code, "0123456789") == ""
}

func isRecovery(code string) bool {
	return len(code) == 16 && strings.Trim(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// refusals are the sentences of a code that was not taken, by the kind of
// problem; those of a recovery code where it has its own.
var refusals = map[string]struct{ app, recovery string }{
	"empty":             {"waiting.code.empty", ""},
	"code-wrong":        {"waiting.code.wrong", "waiting.code.wrong-recovery"},
	"code-used":         {"waiting.code.used", "waiting.code.used-recovery"},
	"code-kind-refused": {"waiting.code.kind-refused", ""},
	"invalid-request":   {"waiting.code.shape", ""},
	"too-many-requests": {"waiting.code.busy", ""},
}

// Refusal is why a code was not taken.
type Refusal struct{ Headline, Line string }

// RefusalOf says why a code was not taken. count is how many tries are left, or
// for how many seconds none is taken; phoneAsked: approving on a phone is still
// possible.
func RefusalOf(w Words, kind string, recovery bool, count int, phoneAsked bool, s *State) Refusal {
	if kind == "codes-blocked" {
		form := "waiting.code.blocked.alone"
		if phoneAsked {
			form = "waiting.code.blocked.phone"
		}
		return Refusal{w.Text("waiting.code.blocked.headline"), w.Text(form, "count", minutesOf(count))}
	}
	why, known := refusals[kind]
	key := why.app
	if recovery && why.recovery != "" {
		key = why.recovery
	}
	if !known {
		key = "noscript.code-offline"
	}
	line := w.Text(key, "application", applicationOf(w, s), "tries", triesLeft(w, count))
	return Refusal{Line: strings.TrimSpace(line)}
}

// codePeriod is for how long a code of an app stands (RFC 6238).
const codePeriod = 30 * time.Second

// NextCode says when apps show another code, seen from at.
func NextCode(w Words, at time.Time) string {
	left := at.Truncate(codePeriod).Add(codePeriod).Sub(at)
	return w.Text("waiting.code.next", "count", int((left+time.Second-1)/time.Second))
}
