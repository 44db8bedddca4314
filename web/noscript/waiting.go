package noscript

import (
	"net/http"
	"slices"
	"time"
)

const (
	// everyLook is between two looks of a page that waits for somebody: soon
	// enough for who has just answered, and time to reach what stops it. The
	// server answers at once, for a browser that waits may take no key.
	everyLook = 4 * time.Second
	// goAfter is how long "You're in" stands: to be read, and no wait.
	goAfter = time.Second
)

// waiting shows the waiting screen.
func (s *Server) waiting(v *visit) {
	at := placeOf(v.r.URL.Query())
	v.note.leave(at.field())
	state, err := s.approval(v, v.id, v.token)
	c := Circumstances{HeldBack: v.note.HeldBack, Phoneless: v.note.Phoneless}
	switch kind := kindOf(err); {
	case err == nil:
		v.note.Tries = max(v.note.Tries, state.NumberTries)
		if state.State == "pending" { // here it is where they are that tells
			c.Phoneless = at.noPhone
		}
	case kind == "unauthorized":
		c.Lost = kind
	default:
		s.later(v, at)
		return
	}
	c.Asked, c.Tries = s.config.Now().Sub(v.note.Asked).Seconds(), v.note.Tries
	view, w := ViewOf(s.words(v.r), state, c), speaking(s.words(v.r), state)
	screen := newWaitingScreen(w, view, state, at, v.note)
	screen.Step = s.stepOf(v, at, screen.View, state)
	s.remember(v)
	switch {
	case screen.Step != nil: // it keeps still
	case screen.Back != "" && v.r.URL.Query().Has(codeFirst):
		s.startWithCode(v, screen.Back)
		return
	case screen.Looks:
		lookAgain(v.w, everyLook, s.path(v.page, v.id))
	case screen.Goes:
		lookAgain(v.w, goAfter, screen.Go)
	}
	s.show(v.w, v.r, "waiting", http.StatusOK, w, screen)
}

// approval reads how an approval stands.
func (s *Server) approval(v *visit, id, token string) (*State, error) {
	var state State
	if err := s.ask(v.r, token, http.MethodGet, "/v1/approvals/"+id+"/stream", nil, &state); err != nil {
		return nil, err
	}
	return &state, nil
}

// later says that the server cannot tell now, and looks again.
func (s *Server) later(v *visit, at place) {
	lookAgain(v.w, everyLook, s.path(v.page, v.id)+at.String())
	s.show(v.w, v.r, "closed", http.StatusServiceUnavailable, s.words(v.r), closed{Why: "later", Again: s.path(v.page, v.id) + at.String()})
}

// waitingSteps are what a form of the waiting screen can ask for.
func (s *Server) waitingSteps() map[string]func(*visit) {
	return map[string]func(*visit){
		"code": s.typeCode, "resend": s.resend, "extend": s.extend, "trust": s.trust, "recovery": s.beginRecovery,
		"recovery/email": s.sendMail, "recovery/email/confirm": s.typeMailed, "recovery/questions": s.answer,
		"disown": s.ends("disown"), "cancel": s.ends("cancel"),
	}
}

// tell does a step of the sign-in. It is no error that something was first: what
// stands says more than any refusal.
func (s *Server) tell(v *visit, step string, in any) error {
	err := s.ask(v.r, v.token, http.MethodPost, "/v1/approvals/"+v.id+"/"+step, in, nil)
	if err != nil && slices.Contains([]string{"approval-settled", "unauthorized"}, kindOf(err)) {
		return nil
	}
	return err
}

func (s *Server) typeCode(v *visit) {
	at := placeOf(v.r.URL.Query())
	code, ok := readCode(v.r.PostForm.Get("code"))
	switch {
	case code == "":
		v.note.refuse("code", &problem{Kind: "empty"})
	case !ok:
		v.note.refuse("code", &problem{Kind: "invalid-request"})
	default:
		err := s.tell(v, "code", map[string]string{"code": code})
		if err == nil {
			v.note.say("")
			v.note.Phoneless, at = at.noPhone, place{}
			break
		}
		v.note.refuse("code", err)
		v.note.OfRecovery = isRecovery(code)
	}
	s.back(v, at)
}

func (s *Server) resend(v *visit) {
	err := s.tell(v, "resend", nil)
	v.note.Asked, v.note.HeldBack = s.config.Now(), err != nil && kindOf(err) == "too-many-pushes"
	switch {
	case err == nil:
		v.note.say("resent")
	case v.note.HeldBack:
		v.note.say("held")
	default:
		v.note.say("offline")
	}
	s.back(v, placeOf(v.r.URL.Query()))
}

func (s *Server) extend(v *visit) {
	switch err := s.tell(v, "extend", nil); {
	case err == nil:
		v.note.say("extended")
	case kindOf(err) == "no-more-time":
		v.note.say("")
	default:
		v.note.say("offline")
	}
	s.back(v, placeOf(v.r.URL.Query()))
}

// ends does a step after which nothing more comes.
func (s *Server) ends(step string) func(*visit) {
	return func(v *visit) {
		v.note.say("")
		if err := s.tell(v, step, nil); err != nil {
			v.note.say(step + "-failed")
		}
		s.back(v, place{})
	}
}

// trust notes the wish, whatever comes of it: without the trust the next sign-in
// asks again, which is no reason to stop this one.
func (s *Server) trust(v *visit) {
	s.tell(v, "trust", nil)
	v.note.Trusted = true
	s.back(v, place{})
}
