package noscript

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// noteLife is as long as the longest of what a note is about, a sign-in with
// its second life.
const noteLife = 15 * time.Minute

func (s *Server) remember(v *visit) {
	s.keep(v.w, s.path(v.page, v.id), "note", v.note.String(), noteLife)
}

// note is what a script would remember while it runs.
type note struct {
	// Asked is when the phones were last asked.
	Asked time.Time
	// Tries is how many tries of the number there were at first.
	Tries int
	// HeldBack: the server refused to ask again. Phoneless: the person has said
	// that the phone is not there. Trusted: and that this browser is to be
	// trusted, or that this cannot be.
	HeldBack, Phoneless, Trusted bool
	// Said is what came of the last step: "resent", or the kind of a problem. At
	// is the field that it is about, empty for a notice. Count goes with it: tries
	// that are left, seconds to wait, or which of several. OfRecovery says that it
	// is about a recovery code.
	Said, At   string
	Count      int
	OfRecovery bool
	// Typed is what was typed, where it is no secret: a person's own address, or
	// which questions they chose.
	Typed string
	// From is the security page that led here.
	From string
	// Trial is the test request of a set-up: its id and token.
	Trial string
}

// maxTyped bounds Typed in bytes; an address for mail has 254 at most.
const maxTyped = 320

// String writes a note as a cookie keeps it.
func (n note) String() string {
	q := url.Values{}
	for name, value := range map[string]string{
		"asked": decimal(n.Asked.Unix()), "tries": decimal(int64(n.Tries)), "held": flag(n.HeldBack),
		"phoneless": flag(n.Phoneless), "trusted": flag(n.Trusted), "said": n.Said, "at": n.At, "typed": n.Typed, "count": decimal(int64(n.Count)),
		"recovery": flag(n.OfRecovery), "trial": n.Trial, "from": n.From,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q.Encode()
}

// decimal leaves zero out: it is what is read where there is nothing.
func decimal(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func flag(on bool) string { return map[bool]string{true: "1"}[on] }

// parseNote reads a note, as far as it is one: whoever writes their own cookie
// misleads nobody else.
func parseNote(text string) note {
	q, _ := url.ParseQuery(text)
	number := func(name string) int64 {
		n, err := strconv.ParseInt(q.Get(name), 10, 64)
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	typed := q.Get("typed")
	if len(typed) > maxTyped {
		typed = ""
	}
	return note{
		Asked: time.Unix(number("asked"), 0), Tries: int(min(number("tries"), 10)), Count: int(min(number("count"), 24*3600)),
		HeldBack: q.Has("held"), Phoneless: q.Has("phoneless"), Trusted: q.Has("trusted"),
		Said: q.Get("said"), At: q.Get("at"), Typed: typed, OfRecovery: q.Has("recovery"), Trial: q.Get("trial"), From: q.Get("from"),
	}
}

// say notes what a step came to, for the page to say above all else.
func (n *note) say(what string) { n.Said, n.At, n.Count, n.Typed = what, "", 0, "" }

// refuse notes why what was typed into a field was not taken.
func (n *note) refuse(field string, err error) {
	n.say(kindOf(err))
	n.At = field
	if p := (*problem)(nil); errors.As(err, &p) {
		n.Count = p.CodeTries
		if p.Kind == "codes-blocked" {
			n.Count = int(p.After / time.Second)
		}
	}
}

// leave forgets what was said at a field that is not shown any more.
func (n *note) leave(fields ...string) {
	if n.At != "" && !slices.Contains(fields, n.At) {
		n.say("")
	}
}

// notices are the sentences on what a step came to.
var notices = map[string]string{
	"resent": "waiting.resent", "held": "waiting.held-back", "extended": "waiting.extended", "offline": "page.offline",
	"disown-failed": "waiting.disown-failed", "cancel-failed": "waiting.cancel-failed",
	"fresh-approval-needed": "waiting.new-phone.spent", "person-locked": "waiting.new-phone.locked",
	"pairing-settled": "setup.settled", "codes-shown": "setup.codes-shown", "too-many-pushes": "setup.trial.held",
	"not-stopped": "notice.not-yet",
}

// notice is the sentence, empty for none.
func (n note) notice(w Words) string {
	switch key, known := notices[n.Said]; {
	case n.At != "" || n.Said == "":
		return ""
	case !known:
		return w.Text("page.offline")
	default:
		return w.Text(key)
	}
}

// Sentences on a backup address, the code that is sent there, and answers.
var (
	ofAddress = map[string]string{
		"no-address": "forms.email.shape", "email-refused": "forms.email.same", "invalid-request": "forms.email.shape",
		"too-many-emails": "forms.email.many", "unavailable": "forms.email.unsent", "pairing-settled": "setup.further.late",
		"person-locked": "security.locked", "nothing-usable": "security.refused.nothing-usable", "not-offered": "security.refused.not-offered",
	}
	ofMailed = map[string]string{
		"empty": "forms.email.empty", "code-wrong": "forms.email.wrong", "code-expired": "forms.email.expired",
		"codes-blocked": "forms.email.blocked", "pairing-settled": "setup.further.late", "person-locked": "security.locked",
	}
	ofAnswers = map[string]string{
		"choose": "forms.questions.choose", "twice": "noscript.questions-twice", "length": "forms.questions.length",
		"same": "forms.questions.same", "invalid-request": "forms.questions.guessable", "pairing-settled": "setup.further.late",
		"person-locked": "security.locked", "nothing-usable": "security.refused.nothing-usable", "not-offered": "security.refused.not-offered",
	}
)

// fields has the sentences on what a field of a page did not take, by the kind of
// problem; whatever else went wrong is "page.offline". Those of a sign-in's code
// are in refusals.
var fields = map[string]map[string]string{
	"waiting/email": steps(map[string]string{
		"empty": "waiting.step.email.empty", "code-wrong": "waiting.step.email.wrong", "code-expired": "waiting.step.email.expired",
		"too-many-emails": "waiting.step.email.many",
	}),
	"waiting/questions": steps(map[string]string{"empty": "waiting.step.questions.empty", "answers-wrong": "waiting.step.questions.wrong"}),
	"set-up/email":      ofAddress, "set-up/emailCode": ofMailed, "set-up/questions": ofAnswers,
	"security/email": ofAddress, "security/emailCode": ofMailed, "security/questions": ofAnswers,
	"set-up/app": {
		"invalid-request": "setup.app.empty", "code-wrong": "setup.app.wrong", "code-used": "setup.app.wrong",
		"codes-blocked": "setup.app.blocked", "too-many-requests": "setup.app.blocked",
	},
}

// steps adds what all steps beside the sign-in are refused for.
func steps(own map[string]string) map[string]string {
	maps.Copy(own, map[string]string{
		"codes-blocked": "waiting.step.blocked", "approval-settled": "waiting.step.over", "unauthorized": "waiting.step.over",
		"person-locked": "waiting.new-phone.locked", "not-offered": "waiting.step.closed", "fresh-approval-needed": "waiting.step.spent",
		"too-many-requests": "waiting.code.busy",
	})
	return own
}

// refusal is the sentence on a field, empty for none.
func (n note) refusal(w Words, page, field string) string {
	if n.At != field || n.Said == "" {
		return ""
	}
	key, known := fields[page+"/"+field][n.Said]
	if !known {
		key = "page.offline"
	}
	return w.Text(key, "count", minutesOf(n.Count))
}

// minutesOf seconds, rounded up.
func minutesOf(seconds int) int { return max(1, (seconds+59)/60) }
