package noscript

import (
	"net/http"
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
	if !at.typing() && v.note.ofCode() {
		v.note.Said = "" // it was said at the field
	}
	state, err := s.approval(v, v.id, v.token)
	c := Circumstances{HeldBack: v.note.HeldBack, Phoneless: v.note.Phoneless}
	switch kind := kindOf(err); {
	case err == nil:
		v.note.Tries = max(v.note.Tries, state.NumberTries)
	case kind == "unauthorized":
		c.Lost = kind
	default:
		s.later(v, at)
		return
	}
	c.Asked, c.Tries = s.config.Now().Sub(v.note.Asked).Seconds(), v.note.Tries
	s.remember(v)
	w := s.words(v.r)
	screen := newWaitingScreen(w, ViewOf(w, state, c), state, at, v.note)
	switch {
	case screen.Back != "" && v.r.URL.Query().Has(codeFirst):
		s.startWithCode(v, screen.Back)
		return
	case screen.Looks:
		lookAgain(v.w, everyLook, s.path(v.page, v.id))
	case screen.Goes:
		lookAgain(v.w, goAfter, screen.Go)
	}
	s.show(v.w, v.r, "waiting", http.StatusOK, screen)
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
	s.show(v.w, v.r, "closed", http.StatusServiceUnavailable, closed{Why: "later", Again: s.path(v.page, v.id) + at.String()})
}

// waitingSteps are what a form of the waiting screen can ask for.
func (s *Server) waitingSteps() map[string]func(*visit) {
	return map[string]func(*visit){
		"code": s.typeCode, "resend": s.resend, "extend": s.extend, "trust": s.trust, "recovery": s.beginRecovery,
		"disown": s.ends("disown"), "cancel": s.ends("cancel"),
	}
}

// tell does a step of the sign-in; the kind of the problem is empty where it
// was done, and where what stands says more than any refusal.
func (s *Server) tell(v *visit, step string, in any) (kind string, err error) {
	err = s.ask(v.r, v.token, http.MethodPost, "/v1/approvals/"+v.id+"/"+step, in, nil)
	if err == nil {
		return "", nil
	}
	if kind = kindOf(err); kind == "approval-settled" || kind == "unauthorized" {
		return "", nil
	}
	return kind, err
}

func (s *Server) typeCode(v *visit) {
	at := placeOf(v.r.URL.Query())
	code, ok := readCode(v.r.PostForm.Get("code"))
	v.note.OfRecovery, v.note.Count = isRecovery(code), 0
	switch {
	case code == "":
		v.note.Said = "empty"
	case !ok:
		v.note.Said = "invalid-request"
	default:
		kind, err := s.tell(v, "code", map[string]string{"code": code})
		v.note.refuse(kind, err)
		if kind == "" {
			v.note.Phoneless, at = at.noPhone, place{}
		}
	}
	s.back(v, at)
}

func (s *Server) resend(v *visit) {
	kind, _ := s.tell(v, "resend", nil)
	v.note.Asked, v.note.HeldBack = s.config.Now(), kind == "too-many-pushes"
	v.note.Said = map[string]string{"": "resent", "too-many-pushes": "held"}[kind]
	if v.note.Said == "" {
		v.note.Said = "offline"
	}
	s.back(v, placeOf(v.r.URL.Query()))
}

func (s *Server) extend(v *visit) {
	switch kind, _ := s.tell(v, "extend", nil); kind {
	case "":
		v.note.Said = "extended"
	case "no-more-time":
		v.note.Said = ""
	default:
		v.note.Said = "offline"
	}
	s.back(v, placeOf(v.r.URL.Query()))
}

// ends does a step after which nothing more comes.
func (s *Server) ends(step string) func(*visit) {
	return func(v *visit) {
		v.note.Said = ""
		if kind, _ := s.tell(v, step, nil); kind != "" {
			v.note.Said = step + "-failed"
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

// beginRecovery leads on to the page of the new phone, whose token the browser
// gets in the same answer.
func (s *Server) beginRecovery(v *visit) {
	var begun struct {
		ID     string    `json:"id"`
		EndsAt time.Time `json:"ends_at"`
		Token  string    `json:"recovery_token"`
	}
	err := s.ask(v.r, v.token, http.MethodPost, "/v1/approvals/"+v.id+"/recovery", nil, &begun)
	if err != nil {
		v.note.Said = kindOf(err)
		if _, known := notices[v.note.Said]; !known {
			v.note.Said = "offline"
		}
		s.back(v, place{})
		return
	}
	path := s.path("recovery", begun.ID)
	s.keep(v.w, path, "recovery", begun.Token, begun.EndsAt.Sub(s.config.Now()))
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
}
