package web

import "strings"

// conjunctions join the last two of a list: of two, and of more (CLDR's list
// patterns, as Intl.ListFormat has them in the pages' scripts).
var conjunctions = map[string]struct{ or, lastOr, and, lastAnd string }{
	"en": {" or ", ", or ", " and ", ", and "},
	"de": {" oder ", " oder ", " und ", " und "},
	"fr": {" ou ", " ou ", " et ", " et "},
}

// OneOf lists names as alternatives: "Ana's iPhone or Old Pixel".
func (w words) OneOf(names []string) string {
	c := conjunctions[w.Language]
	return list(names, c.or, c.lastOr)
}

// AllOf lists them all: "Ana's iPhone and Old Pixel".
func (w words) AllOf(names []string) string {
	c := conjunctions[w.Language]
	return list(names, c.and, c.lastAnd)
}

func list(names []string, ofTwo, last string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	case 2:
		return names[0] + ofTwo + names[1]
	default:
		return strings.Join(names[:n-1], ", ") + last + names[n-1]
	}
}
