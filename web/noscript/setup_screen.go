package noscript

import (
	"encoding/base64"
	"html/template"
)

// setUpView is what a set-up page says. web/setup/view.mjs decides the same for
// the page with a script.
type setUpView struct {
	Kind           string
	Headline, Line template.HTML
	Title          string
	Digits         string
	Tone, Icon     string
	// PairURL is the link for the phone; Phone the one that opened it; HasApp: an
	// authenticator app was proved in this set-up.
	PairURL, Phone string
	HasApp         bool
	// BackTo leads back to Application; empty for nowhere.
	BackTo, Application string
	// AppOnly: an app is all that can be added. Began: its key was shown.
	AppOnly, Began bool
}

// setUpScreen is what its template shows.
type setUpScreen struct {
	setUpView
	at place
	// Here leads back to this place after a step.
	Here string
	// Looks, Stopped and Still are as on the waiting screen.
	Looks, Stopped bool
	Still          string
	// Key and Picture are of an authenticator app's key, when it was just made.
	Key     string
	Picture template.URL
	// Refusal is why a code was not taken, Notice what came of another step.
	Refusal, Notice string
	// Trial is how a test request stands: "asking", "approved", "denied" or
	// "over"; empty where none was sent.
	Trial, TrialNumber string
	Codes              []string
	CodesOf            string
	// Back is the security page that led here.
	Back string
	// Giving is what may follow, where Kind is a step of it.
	Giving giving
}

var setUpIcons = map[string]string{
	"active": "tick", "added": "tick", "done": "tick", "refused": "no", "expired": "clock", "lost": "clock", "codes": "key",
}

var setUpTones = map[string]string{"refused": "alarm", "active": "good", "added": "good", "done": "good"}

// setUpViewOf decides what is shown; g is nil for a set-up that is not there.
func setUpViewOf(w Words, g *pairing, at place) setUpView {
	kind := setUpKind(g, at)
	v := sayings(w, kind, g)
	if g == nil {
		return v
	}
	v.PairURL, v.Phone, v.HasApp = webAddress(g.PairURL), g.Phone.Name, g.Authenticator
	v.AppOnly, v.Began = g.appOnly(), at.app
	v.BackTo, v.Application = webAddress(g.BackTo), g.Application
	if kind == "claimed" && len(g.Digits) == 6 {
		v.Digits = g.Digits[:3] + " " + g.Digits[3:]
	}
	return v
}

func setUpKind(g *pairing, at place) string {
	switch {
	case at.done:
		return furtherKind(g, at)
	case g == nil:
		return "lost"
	// A phone that asks to be added comes before all else: the person must see
	// that it asks.
	case g.State == "claimed", g.State == "refused":
		return g.State
	case at.app && g.State != "expired":
		return "app"
	case at.sure && (g.State == "active" || g.Authenticator):
		return "sure"
	case g.State == "active":
		return "active"
	case g.Authenticator:
		return "added"
	case g.appOnly():
		return "app"
	case g.State == "open":
		return "open"
	}
	return "expired"
}

// sayings are the words of a kind.
func sayings(w Words, kind string, g *pairing) setUpView {
	if g == nil {
		g = &pairing{}
	}
	about, values := "setup.state."+kind, []any{"phone", g.Phone.Name, "user", g.User, "application", g.Application}
	tone := setUpTones[kind]
	if tone == "" {
		tone = "calm"
	}
	return setUpView{
		Kind: kind, Headline: sentence(w, about+".headline", values...), Line: sentence(w, about+"."+lineOf(kind, g), values...),
		Title: w.Text(about+".headline", values...), Tone: tone, Icon: setUpIcons[kind],
	}
}

// lineOf names the line of a kind: who is done goes on in one way or another, and
// an address leads to more or to less.
func lineOf(kind string, g *pairing) string {
	switch {
	case kind == "email" && !g.EmailRecovers:
		return "told"
	case kind != "done" || webAddress(g.BackTo) == "":
		return "line"
	case g.SigningIn:
		return "again"
	}
	return "return"
}

// asImage is a picture in the page itself: this one cannot be asked for again.
func asImage(svg string) template.URL {
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(svg)))
}
