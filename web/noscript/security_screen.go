package noscript

import (
	"html/template"
	"slices"
	"strings"
	"time"
)

// securityScreen is what the template of the page shows. web/security/view.mjs
// says the same on the page with a script.
type securityScreen struct {
	Kind           string
	Headline, Line template.HTML
	Title          string
	State          *security
	// Told is what was done, Trouble why something was not.
	Told, Trouble string
	Phones, Apps  []thing
	Trusted       []thing
	Recoveries    []thing
	// Newest are the first sign-ins, Earlier the others.
	Newest, Earlier []thing
	// Closes is when the page closes.
	Closes string
	Back   string
	// Replaces is the phone that a new one most likely takes the place of.
	Replaces string
	ByPhone  bool
	ByCode   []string
	ByMail   string
	// Mailed names what the backup address is good for here.
	Mailed string
	// Giving is of the forms of an address and of questions, Refusal why one was
	// not taken; Here is empty, they lead to where they say.
	Giving        giving
	Refusal, Here string
	Codes         []string
	CodesOf       string
}

// thing is one item: what it is called, facts, and how it stands.
type thing struct {
	ID, Name, Facts string
	State           string
	Quiet           bool
}

// firstSignIns are shown before the person asks for more.
const firstSignIns = 5

func securityScreenOf(w Words, s *security, at place, replaces string) securityScreen {
	kind := "overview"
	switch {
	case s == nil:
		kind, s = "ended", &security{}
	case at.newPhone:
		kind = "newPhone"
	case at.mailed:
		kind = "emailCode"
	case at.step() != "":
		kind = at.step()
	}
	about, line := "security.state."+kind, "line"
	if kind == "ended" {
		line = "somewhere" // whose page it was is not known any more
	}
	screen := securityScreen{
		Kind: kind, Headline: sentence(w, about+".headline"), Title: w.Text(about + ".headline"),
		Line: sentence(w, about+"."+line, "user", s.User), State: s, Replaces: replaces,
	}
	if kind == "ended" {
		return screen
	}
	screen.Closes = s.EndsAt.UTC().Format("15:04") + " UTC"
	if kind == "overview" {
		screen.Back = webAddress(s.BackTo)
	}
	if replaces == "" && len(s.Phones) == 1 {
		screen.Replaces = s.Phones[0].ID
	}
	screen.ByPhone, screen.ByCode = waysOf(w, s)
	screen.Mailed = mailed(s)
	if slices.Contains(s.NewPhoneBy, "email") {
		screen.ByMail = w.Text("security.new-phone.mail.line", "address", s.Email)
	}
	screen.things(w)
	return screen
}

func (screen *securityScreen) things(w Words) {
	s := screen.State
	for _, p := range s.Phones {
		platform := "security.platform." + p.Platform
		if !w.Has(platform) {
			platform = "security.platform.other"
		}
		reach, silent := "security.phones.working", p.Reach == "silent"
		if silent {
			reach = "security.phones.silent"
		}
		screen.Phones = append(screen.Phones, thing{p.ID, p.Name, apart(dates(w, p.AddedAt, p.LastUsed), w.Text(platform)), w.Text(reach), silent})
	}
	for _, a := range s.Apps {
		screen.Apps = append(screen.Apps, thing{ID: a.ID, Name: w.Text("security.apps.name"), Facts: dates(w, a.AddedAt, a.LastUsed)})
	}
	for _, b := range s.Trusted {
		name, until := b.Name, b.EndsAt
		if name == "" {
			name = w.Text("security.trusted.unnamed")
		}
		if !b.IdleEndsAt.IsZero() && b.IdleEndsAt.Before(until) {
			until = b.IdleEndsAt
		}
		facts := apart(w.Text("security.added", "when", day(b.AddedAt)), w.Text("security.trusted.until", "when", day(until)))
		screen.Trusted = append(screen.Trusted, thing{ID: b.ID, Name: name, Facts: facts})
	}
	for _, r := range s.Recoveries {
		screen.Recoveries = append(screen.Recoveries, recoveryThing(w, r))
	}
	for i, past := range s.SignIns {
		if i < firstSignIns {
			screen.Newest = append(screen.Newest, signInThing(w, past))
		} else {
			screen.Earlier = append(screen.Earlier, signInThing(w, past))
		}
	}
}

func recoveryThing(w Words, r runningRecovery) thing {
	begun := "security.recovery." + r.Method
	if !w.Has(begun) {
		begun = "security.recovery.begun"
	}
	ready := "security.recovery.waiting"
	if r.State == "ready" {
		ready = "security.recovery.ready"
	}
	return thing{
		r.ID, w.Text(begun, "when", moment(r.BegunAt)), apart(r.Browser, r.Location, r.IP),
		w.Text(ready, "ready", moment(r.ReadyAt)), true,
	}
}

func signInThing(w Words, s pastSignIn) thing {
	what, phone := s.Application, s.SettledBy
	if s.Purpose == "change" {
		what = apart(what, s.Action)
	}
	if phone == "" {
		phone = w.Text("security.sign-ins.phone")
	}
	how := w.Text("security.sign-ins."+ending(w, s), "phone", phone)
	return thing{"", what, apart(s.Browser, s.Location, s.IP, moment(s.At)), how, s.State != "approved"}
}

func ending(w Words, s pastSignIn) string {
	switch s.State {
	case "approved":
		switch {
		case s.Method == "push":
			return "approved"
		case w.Has("security.sign-ins." + s.Method):
			return s.Method
		}
		return "other"
	case "denied":
		if how := map[string]string{"reported": "reported", "number_mismatch": "mismatch", "too_many_codes": "tooManyCodes"}[s.Reason]; how != "" {
			return how
		}
		return "denied"
	case "expired":
		return "expired"
	}
	return "withdrawn"
}

// waysOf is how a new phone can be confirmed: on a phone, and by a code, with
// what is to be said of codes.
func waysOf(w Words, s *security) (phone bool, code []string) {
	if slices.Contains(s.NewPhoneBy, "totp") {
		code = append(code, w.Text("security.new-phone.code.app"))
	}
	if slices.Contains(s.NewPhoneBy, "recovery_code") {
		if s.RecoveryHours > 0 {
			code = append(code, w.Text("security.new-phone.code.wait", "count", s.RecoveryHours))
		} else {
			code = append(code, w.Text("security.new-phone.code.no-wait"))
		}
	}
	if len(code) > 0 && len(s.Phones) > 0 {
		code = append(code, w.Text("security.new-phone.code.told"))
	}
	return slices.Contains(s.NewPhoneBy, "push"), code
}

func mailed(s *security) string {
	switch {
	case s.Email == "" && !s.EmailRecovers:
		return "none-told"
	case s.Email == "":
		return "none"
	case !s.EmailOffered:
		return "unsent"
	case !slices.Contains(s.NewPhoneBy, "email"):
		return "told"
	}
	return "set"
}

// told says what came of the last step.
func (screen *securityScreen) told(w Words, n note) {
	switch {
	case n.Said == "":
	case n.At == "security":
		screen.Trouble = w.Text(refusedAt(w, n.Said))
	case n.At != "":
		screen.Refusal = n.refusal(w, "security", screen.Kind)
	case w.Has("security." + n.Said):
		screen.Told = w.Text("security." + n.Said)
	}
}

// unsent are the problems of a code by mail.
var unsent = map[string]string{
	"email-refused": "forms.email.same", "too-many-emails": "forms.email.many", "unavailable": "forms.email.unsent",
}

func refusedAt(w Words, kind string) string {
	switch own := "security.refused." + kind; {
	case kind == "person-locked":
		return "security.locked"
	case kind == "nameless":
		return "security.rename.empty"
	case w.Has(own):
		return own
	case unsent[kind] != "":
		return unsent[kind]
	}
	return "page.offline"
}

func codesScreen(w Words, codes []string, of string) securityScreen {
	return securityScreen{
		Kind: "codes", Headline: sentence(w, "security.state.codes.headline"), Title: w.Text("security.state.codes.headline"),
		Line: sentence(w, "security.state.codes.line"), Codes: codes, CodesOf: of, State: &security{},
	}
}

func dates(w Words, added, used time.Time) string {
	last := w.Text("security.unused")
	if !used.IsZero() {
		last = w.Text("security.used", "when", moment(used))
	}
	return apart(w.Text("security.added", "when", day(added)), last)
}

// apart sets texts side by side.
func apart(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(t string) bool { return t == "" }), " · ")
}

// day is that of an instant in UTC, written so that it is one in every language.
func day(at time.Time) string { return at.UTC().Format("2006-01-02") }
