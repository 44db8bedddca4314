package noscript

import (
	"html/template"
	"slices"
	"strings"
)

// changing are the words of a screen that confirms a change of how somebody signs
// in, where those of a sign-in would be wrong: under waiting.change, with what is
// changed as {action}. web/waiting/change.mjs does the same.
type changing struct {
	Words
	action string
}

// speaking gives the words for a state.
func speaking(w Words, s *State) Words {
	if s == nil || s.Purpose != "change" {
		return w
	}
	return changing{w, s.Action}
}

// T implements Words.
func (c changing) T(key string, values ...any) (template.HTML, error) {
	return c.Words.T(c.own(key), c.with(values)...)
}

// Text implements Words.
func (c changing) Text(key string, values ...any) string {
	return c.Words.Text(c.own(key), c.with(values)...)
}

// Has implements Words.
func (c changing) Has(key string) bool { return c.Words.Has(c.own(key)) }

func (c changing) own(key string) string {
	rest, of := strings.CutPrefix(key, "waiting.")
	if own := "waiting.change." + rest; of && c.Words.Has(own) {
		return own
	}
	return key
}

func (c changing) with(values []any) []any { return append(slices.Clone(values), "action", c.action) }
