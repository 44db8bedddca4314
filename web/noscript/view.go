package noscript

import (
	"html/template"
	"net/url"
	"slices"
	"time"
)

// State of an approval, as the API shows it to a waiting screen.
type State struct {
	ID              string    `json:"id"`
	Version         int64     `json:"version"`
	State           string    `json:"state"`
	Reason          string    `json:"reason"`
	Method          string    `json:"method"`
	SettledBy       string    `json:"settled_by"`
	Purpose         string    `json:"purpose"`
	Action          string    `json:"action"`
	Application     string    `json:"application"`
	User            string    `json:"user"`
	Next            string    `json:"next"`
	CodeOnlyBecause string    `json:"code_only_because"`
	Number          string    `json:"number"`
	ExpiresAt       time.Time `json:"expires_at"`
	ServerTime      time.Time `json:"server_time"`
	Phones          []Phone   `json:"phones"`
	Methods         []string  `json:"methods"`
	RecoveryOffers  []string  `json:"recovery_offers"` // nil of a server that does not say
	EmailHint       string    `json:"email_hint"`
	TrustDays       int       `json:"trust_days"`
	MayExtend       bool      `json:"may_extend"`
	NumberTries     int       `json:"number_attempts_left"`
	CodeTries       int       `json:"code_attempts_left"`
	Resends         int       `json:"resends_left"`
	ReturnTo        string    `json:"return_to"`
}

// Phone that was asked. Sent is "asking", "accepted", "failed" or "none".
type Phone struct {
	Name string `json:"name"`
	Sent string `json:"sent"`
	Seen bool   `json:"seen"`
}

// Circumstances are what cannot be known from a State.
type Circumstances struct {
	// Asked is for how many seconds the phones have been asked.
	Asked float64 `json:"asked"`
	// Tries is how many tries of the number there were at first.
	Tries int `json:"tries"`
	// HeldBack: the server refused to ask again. Phoneless: the person has said
	// that the phone is not there.
	HeldBack  bool `json:"heldBack"`
	Phoneless bool `json:"phoneless"`
	// Lost is the kind of a problem after which nothing more will come.
	Lost string `json:"lost"`
}

// View is what a waiting screen shows. web/waiting/view.mjs decides the same for
// the page with a script; web/testdata/waiting-states.json holds both to it.
type View struct {
	// Kind is the state's name, Purpose "wait", "code" or "end".
	Kind, Purpose  string
	Headline, Line template.HTML
	// Title is the headline as text.
	Title string
	// Note stands below the code field.
	Note template.HTML
	// Number is to be copied on the phone.
	Number string
	// Counting: the time that is left is shown.
	Counting bool
	// Code is "offered" (behind a link), "shown" or "none".
	Code string
	// Go is where the browser goes once approved; Back where the way on leads
	// otherwise, empty where nobody knows.
	Go, Back string
	// Tone is "good", "alarm" or "calm"; Icon is that of an end.
	Tone, Icon string
	// Actions name what the person may do now, by the keys of their words.
	Actions []string
}

// slowAfter is after how many seconds without a sign of the phone resending is
// offered.
const slowAfter = 15

// ViewOf decides what is shown of a state; nil for one that was never seen.
func ViewOf(w Words, state *State, c Circumstances) View {
	w = speaking(w, state)
	switch {
	case c.Lost != "" && (state == nil || state.State != "approved"):
		kind := "lost"
		if c.Lost == "no-secret" {
			kind = "nowhere"
		}
		return ended(w, kind, state, c)
	case state.State != "pending":
		return ended(w, settledKind(state), state, c)
	}
	return pending(w, state, c)
}

// withCode are the kinds in which no phone helps now.
var withCode = []string{"codeOnly", "heldBack", "pushLocked", "byPolicy", "noneReachable", "phoneless"}

func pending(w Words, state *State, c Circumstances) View {
	kind := pendingKind(state, c)
	v := View{Kind: kind, Purpose: "wait", Number: state.Number, Counting: true, Code: "offered", Tone: "calm"}
	if kind == "wrongNumber" {
		v.Tone = "alarm"
	}
	about, form := "waiting.pending."+kind, form(w, kind, state, c)
	switch first := slices.Contains(withCode, kind); {
	case !takesCodes(state):
		v.Code = "none"
		if w.Has("waiting.phone-only." + kind + ".line") {
			about, form = "waiting.phone-only."+kind, "line"
			if kind != "noneReachable" {
				v.Number = ""
			}
		}
	case first:
		v.Code, v.Purpose, v.Number = "shown", "code", ""
		if kind == "noneReachable" || kind == "phoneless" {
			v.Note = openPhone(w, state)
		}
	}
	v.say(w, about, form, valuesOf(w, state)...)
	v.Actions = pendingActions(v.Code, mayResend(kind, state, c), c.Phoneless)
	return v
}

func pendingActions(code string, resend, phoneless bool) (actions []string) {
	if !phoneless {
		actions = append(actions, "waiting.code.new-phone")
	}
	if resend {
		actions = append(actions, "waiting.resend")
	}
	switch code {
	case "offered":
		actions = append(actions, "waiting.use-code")
	case "shown":
		actions = append(actions, "waiting.code.send")
	}
	if !phoneless {
		actions = append(actions, "waiting.without-phone")
	}
	return append(actions, "waiting.disown", "waiting.cancel")
}

// takes reports whether the application takes a method; one of an older server
// takes all.
func (s *State) takes(method string) bool {
	return len(s.Methods) == 0 || slices.Contains(s.Methods, method)
}

func takesCodes(s *State) bool { return s.takes("totp") || s.takes("recovery_code") }

// pendingKind: the order matters, what the person must act on comes first.
func pendingKind(s *State, c Circumstances) string {
	failed := func(p Phone) bool { return p.Sent == "failed" }
	asleep := func(p Phone) bool { return p.Sent == "none" }
	switch {
	case s.Next == "code_only":
		return barredKind(s, c)
	case s.NumberTries < c.Tries:
		return "wrongNumber"
	case slices.ContainsFunc(s.Phones, func(p Phone) bool { return p.Seen }):
		return "opened"
	case len(s.Phones) > 0 && all(s.Phones, failed):
		return "noneReachable"
	case c.Phoneless && takesCodes(s):
		return "phoneless"
	// A phone that nothing wakes shows the request once it is opened.
	case slices.ContainsFunc(s.Phones, asleep) && all(s.Phones, func(p Phone) bool { return failed(p) || asleep(p) }):
		return "openIt"
	case c.Asked >= slowAfter:
		return "slow"
	case slices.ContainsFunc(s.Phones, failed):
		return "someUnreachable"
	}
	return "asking"
}

func barredKind(s *State, c Circumstances) string {
	kind, known := map[string]string{"no_phone": "codeOnly", "reported": "pushLocked", "policy": "byPolicy"}[s.CodeOnlyBecause]
	if c.HeldBack || !known {
		return "heldBack"
	}
	return kind
}

func all(phones []Phone, is func(Phone) bool) bool {
	return !slices.ContainsFunc(phones, func(p Phone) bool { return !is(p) })
}

// mayResend: asking again wakes no phone that nothing wakes, and none that is not
// there.
func mayResend(kind string, s *State, c Circumstances) bool {
	return s.Next == "wait" && kind != "openIt" && kind != "phoneless" && !c.HeldBack && s.Resends > 0 && c.Asked >= slowAfter
}

// form of a pending state's sentence: most speak of a number, if there is one.
func form(w Words, kind string, s *State, c Circumstances) string {
	switch {
	case kind == "slow" && (c.HeldBack || s.Resends <= 0) && !takesCodes(s):
		return "phone-only"
	case kind == "slow" && (c.HeldBack || s.Resends <= 0):
		return "no-resend"
	case w.Has("waiting.pending." + kind + ".plain"):
		return numbered(s)
	}
	return "line"
}

func openPhone(w Words, s *State) template.HTML {
	return sentence(w, "waiting.open-phone."+numbered(s), "number", s.Number)
}

func numbered(s *State) string {
	if s.Number == "" {
		return "plain"
	}
	return "line"
}

func valuesOf(w Words, s *State) []any {
	var seen, reached []Phone
	var lost []string
	for _, p := range s.Phones {
		if p.Seen {
			seen = append(seen, p)
		}
		if p.Sent != "failed" {
			reached = append(reached, p)
		} else if !p.Seen {
			lost = append(lost, p.Name)
		}
	}
	if len(seen) > 0 {
		reached = seen
	}
	return []any{"application", applicationOf(w, s), "number", s.Number, "phone", names(w, reached),
		"lost", w.OneOf(lost), "tries", triesLeft(w, s.NumberTries)}
}

// applicationOf is what the application is called on the screen.
func applicationOf(w Words, s *State) string {
	if s == nil || s.Application == "" {
		return w.Text("waiting.some-application")
	}
	return s.Application
}

// names of up to three phones; more would bury the number.
func names(w Words, phones []Phone) string {
	var known []string
	for _, p := range phones {
		if p.Name != "" {
			known = append(known, p.Name)
		}
	}
	if len(known) == 0 || len(known) > 3 {
		return w.Text("waiting.some-phone")
	}
	return w.OneOf(known)
}

// triesLeft is a sentence of its own; empty when no number is known.
func triesLeft(w Words, n int) string {
	if n <= 0 {
		return ""
	}
	return w.Text("waiting.tries-left", "count", n)
}

func settledKind(s *State) string {
	kinds := map[string]map[string]string{
		"approved":  {"": "approved"},
		"expired":   {"": "expired"},
		"withdrawn": {"": "ended", "cancelled": "cancelled", "replaced": "replaced", "recovery": "recovering"},
		"denied":    {"": "denied", "reported": "reported", "number_mismatch": "mismatch", "too_many_codes": "tooManyCodes"},
	}[s.State]
	if kinds == nil {
		return "lost" // a state of a later version: certainly not approved
	}
	if kind, known := kinds[s.Reason]; known {
		return kind
	}
	return kinds[""]
}

var icons = map[string]string{
	"approved": "tick", "denied": "no", "reported": "shield", "mismatch": "shield", "tooManyCodes": "shield",
	"expired": "clock", "replaced": "swap", "lost": "clock", "nowhere": "door", "cancelled": "no", "ended": "door", "recovering": "swap",
}

// onward is the way on from a settled state, where it is not to try again.
var onward = map[string]string{"reported": "back", "replaced": "here", "recovering": "back", "approved": "", "nowhere": "", "lost": "back"}

func ended(w Words, kind string, s *State, c Circumstances) View {
	v := View{Kind: kind, Purpose: "end", Code: "none", Tone: "calm", Icon: icons[kind]}
	var settledBy, method string
	if s != nil {
		settledBy, method, v.Back = s.SettledBy, s.Method, webAddress(s.ReturnTo)
	}
	if kind == "approved" {
		v.Tone, v.Go, v.Back = "good", v.Back, ""
	} else if slices.Contains([]string{"denied", "reported", "mismatch", "tooManyCodes"}, kind) {
		v.Tone = "alarm"
	}
	values := []any{"application", applicationOf(w, s), "phone", settledBy}
	v.say(w, "waiting.settled."+kind, settledForm(kind, settledBy, v.Go, c.Tries), values...)
	if kind == "approved" && c.Phoneless && leads(s, method) {
		v.Line = sentence(w, "waiting.new-phone.line", values...)
		v.Actions = append(v.Actions, "waiting.new-phone")
	}
	if v.Go != "" {
		v.Actions = append(v.Actions, "waiting.go-on")
	}
	if way, named := onward[kind]; !named {
		v.Actions = append(v.Actions, "waiting.onward.again")
	} else if way != "" {
		v.Actions = append(v.Actions, "waiting.onward."+way)
	}
	if kind == "mismatch" || kind == "expired" {
		v.Actions = append(v.Actions, "waiting.use-code")
	}
	return v
}

// leads says whether a code that approved also leads to a new phone.
func leads(s *State, method string) bool {
	return s.Purpose != "change" && (method == "totp" || method == "recovery_code") && (s.RecoveryOffers == nil || slices.Contains(s.RecoveryOffers, method))
}

func settledForm(kind, settledBy, to string, tries int) string {
	switch {
	case kind == "approved" && to == "":
		return "here"
	case kind == "denied" && settledBy == "":
		return "somewhere"
	case kind == "mismatch" && tries == 2:
		return "twice"
	}
	return "line"
}

// webAddress lets through what a browser may be sent to, and no javascript: URL.
func webAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return ""
	}
	return u.String()
}

func (v *View) say(w Words, about, form string, values ...any) {
	v.Headline, v.Title = sentence(w, about+".headline", values...), w.Text(about+".headline", values...)
	v.Line = sentence(w, about+"."+form, values...)
}

// sentence is T for keys that are written in this package: one that is not
// there is a mistake that its tests find, and says nothing.
func sentence(w Words, key string, values ...any) template.HTML {
	s, err := w.T(key, values...)
	if err != nil {
		return ""
	}
	return s
}
