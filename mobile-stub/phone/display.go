package phone

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Line is one line of a request as it is shown.
type Line struct {
	Label, Value string
}

// labels are the members of a display that the protocol names, in the order in
// which a person reads them.
var labels = [...]struct{ member, label string }{
	{"application", "Application"}, {"user", "Account"}, {"action", "Action"}, {"browser", "Browser"},
	{"location", "Near"}, {"ip", "Address"}, {"reference", "Reference"}, {"time", "Time"},
}

// Show reads the display of a request into lines, empty ones left out. Members
// that the protocol does not name come last under their own names: nothing is
// signed that was not shown. Values are made Plain. The error is ErrReply.
func (r Request) Show() ([]Line, error) {
	var members map[string]string
	if err := json.Unmarshal([]byte(r.Display), &members); err != nil {
		return nil, fmt.Errorf("%w: what it wants shown is not text", ErrReply)
	}
	var lines []Line
	for _, l := range labels {
		if v := members[l.member]; v != "" {
			lines = append(lines, Line{l.label, Plain(v)})
		}
		delete(members, l.member)
	}
	for _, member := range slices.Sorted(maps.Keys(members)) {
		lines = append(lines, Line{Plain(member), Plain(members[member])})
	}
	return lines, nil
}
