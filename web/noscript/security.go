package noscript

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// security is how a person signs in, as the API shows it to their browser.
type security struct {
	User          string     `json:"user"`
	Application   string     `json:"application"`
	EndsAt        time.Time  `json:"ends_at"`
	BackTo        string     `json:"back_to"`
	Phones        []ownPhone `json:"phones"`
	Apps          []ownApp   `json:"authenticators"`
	CodesLeft     int        `json:"recovery_codes_left"`
	PushLocked    bool       `json:"push_locked"`
	NewPhoneBy    []string   `json:"new_phone_by"`
	RecoveryHours int        `json:"recovery_wait_hours"`
	Trusted       []struct {
		ID         string    `json:"id"`
		Name       string    `json:"name"`
		AddedAt    time.Time `json:"added_at"`
		EndsAt     time.Time `json:"ends_at"`
		IdleEndsAt time.Time `json:"idle_ends_at"`
	} `json:"trusted_browsers"`
	Email            string            `json:"email"`
	EmailOffered     bool              `json:"email_offered"`
	EmailRecovers    bool              `json:"email_recovers"`
	QuestionsSet     bool              `json:"questions_set"`
	QuestionsOffered bool              `json:"questions_offered"`
	SignIns          []pastSignIn      `json:"sign_ins"`
	Recoveries       []runningRecovery `json:"recoveries"`
}

type ownPhone struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Platform string    `json:"platform"`
	AddedAt  time.Time `json:"added_at"`
	LastUsed time.Time `json:"last_used_at"`
	Reach    string    `json:"reach"`
}

type ownApp struct {
	ID       string    `json:"id"`
	AddedAt  time.Time `json:"added_at"`
	LastUsed time.Time `json:"last_used_at"`
}

type pastSignIn struct {
	Purpose     string    `json:"purpose"`
	Action      string    `json:"action"`
	Application string    `json:"application"`
	At          time.Time `json:"at"`
	State       string    `json:"state"`
	Reason      string    `json:"reason"`
	Method      string    `json:"method"`
	Browser     string    `json:"browser"`
	Location    string    `json:"location"`
	IP          string    `json:"ip"`
	SettledBy   string    `json:"settled_by"`
}

type runningRecovery struct {
	ID       string    `json:"id"`
	State    string    `json:"state"`
	Method   string    `json:"method"`
	Browser  string    `json:"browser"`
	Location string    `json:"location"`
	IP       string    `json:"ip"`
	BegunAt  time.Time `json:"begun_at"`
	ReadyAt  time.Time `json:"ready_at"`
}

// security shows the page, or carries out what the waiting screen brings back.
func (s *Server) security(v *visit) {
	q := v.r.URL.Query()
	switch {
	case !q.Has("approval_id"):
	case v.r.Method == http.MethodHead || ahead(v.r): // what is shown once is for the person
		s.secured(v.w)
		v.w.WriteHeader(http.StatusServiceUnavailable) // the browser asks again when they come
		return
	default:
		s.carryOut(v, q.Get("approval_id"), q.Get("result_code"))
		return
	}
	at := placeOf(q)
	state, ok := look[security](s, v, "/v1/security-pages/", at)
	if !ok {
		return
	}
	words := s.words(v.r)
	screen := securityScreenOf(words, state, at, q.Get("new-phone"))
	v.note.leave("security", screen.Kind)
	screen.told(words, v.note)
	screen.Giving = s.givingOf(words, screen.Kind, v.note)
	screen.Giving.SkipWords, screen.Giving.Other = words.Text("page.back"), place{email: true}.String()
	if v.note.At == "" || v.note.At == "security" {
		v.note.Said, v.note.At = "", "" // it is said once
	}
	s.remember(v)
	s.show(v.w, v.r, "security", http.StatusOK, words, screen)
}

// changeOf reads what a form wants changed.
func changeOf(form url.Values) map[string]any {
	change := map[string]any{}
	for _, name := range []string{"kind", "phone_id", "authenticator_id", "name"} {
		if value := strings.TrimSpace(form.Get(name)); value != "" {
			change[name] = value
		}
	}
	switch which := change["phone_id"]; {
	case change["kind"] != "add_phone" || which == nil:
	case which == "all":
		change["kind"] = "replace_phones"
		delete(change, "phone_id")
	default:
		change["kind"] = "replace_phone"
	}
	return change
}

// begin starts a change as a form of the overview wants it.
func (s *Server) begin(v *visit) {
	form, change := v.r.PostForm, changeOf(v.r.PostForm)
	var url string
	var err error = &problem{Kind: "nameless"}
	if change["kind"] != "rename_phone" || change["name"] != nil {
		url, err = s.change(v, change)
	}
	if err != nil {
		v.note.refuse("security", err)
		s.back(v, place{})
		return
	}
	s.lead(v, url, place{code: form.Has("code"), email: form.Has("mail")})
}

// change starts a change; the waiting screen, at url, asks the person to confirm
// it.
func (s *Server) change(v *visit, change map[string]any) (url string, err error) {
	change["language"], _ = s.config.Words(v.r.Header.Get("Accept-Language"))
	var begun struct {
		URL string `json:"waiting_url"`
	}
	err = s.ask(v.r, v.token, http.MethodPost, "/v1/security-pages/"+v.id+"/changes", change, &begun)
	return begun.URL, err
}

// changeAddress starts the change of the backup address, which is confirmed
// before a code is sent there.
func (s *Server) changeAddress(v *visit) {
	var url string
	err := s.withAddress(v, func(address, _ string) (err error) {
		url, err = s.change(v, map[string]any{"kind": "set_email", "address": address})
		return err
	})
	s.leadUnless(err, v, url, place{email: true})
}

func (s *Server) changeAnswers(v *visit) {
	var url string
	err := s.withAnswers(v, func(all []chosen) (err error) {
		url, err = s.change(v, map[string]any{"kind": "set_questions", "questions": all})
		return err
	})
	s.leadUnless(err, v, url, place{questions: true})
}

// leadUnless goes on to the waiting screen, or back to the form that says why not.
func (s *Server) leadUnless(err error, v *visit, url string, form place) {
	if err != nil {
		s.back(v, form)
		return
	}
	s.lead(v, url, place{})
}

// confirmChanged takes the code that was sent to the new address.
func (s *Server) confirmChanged(v *visit) {
	err := s.withMailed(v, func(code string) error {
		return s.ask(v.r, v.token, http.MethodPost, "/v1/security-pages/"+v.id+"/email/confirm", map[string]string{"code": code}, nil)
	})
	if err == nil {
		v.note.say("done.set_email")
	}
	s.back(v, place{mailed: err != nil})
}

// carryOut does what was confirmed. A link that somebody else made leads to
// nothing: it takes what this page's own waiting screen was told.
func (s *Server) carryOut(v *visit, approval, code string) {
	v.note.say("")
	if !isName(approval) || code == "" {
		v.note.refuse("security", &problem{Kind: "unconfirmed"})
		s.back(v, place{})
		return
	}
	var came struct {
		Kind        string   `json:"kind"`
		SetUpURL    string   `json:"set_up_url"`
		RecoveryURL string   `json:"recovery_url"`
		SentTo      string   `json:"sent_to"`
		Codes       []string `json:"codes"`
	}
	path := "/v1/security-pages/" + v.id + "/changes/" + approval + "/carry-out"
	err := s.ask(v.r, v.token, http.MethodPost, path, map[string]string{"result_code": code}, &came)
	switch {
	case err != nil:
		v.note.refuse("security", err)
		s.back(v, place{})
	case came.SetUpURL != "":
		s.lead(v, came.SetUpURL, place{})
	case came.RecoveryURL != "":
		s.lead(v, came.RecoveryURL, place{})
	case came.SentTo != "":
		v.note.Typed = came.SentTo
		s.back(v, place{mailed: true})
	case came.Codes != nil:
		words := s.words(v.r)
		s.show(v.w, v.r, "security", http.StatusOK, words, codesScreen(words, came.Codes, s.codesOf(v, words)))
	default:
		v.note.say("done." + came.Kind)
		s.back(v, place{})
	}
}

// lead goes on to another page of ours, whose address has the token in its
// fragment; the browser gets it as a cookie. Where the way by mail is open there
// at once, the mail is sent.
func (s *Server) lead(v *visit, address string, at place) {
	page, id, ok := strings.Cut(strings.TrimPrefix(address, s.config.Origin+s.config.Base+"/"), "/")
	id, token, secret := strings.Cut(id, "#")
	k, known := s.kinds()[page]
	if !ok || !secret || !known || !isName(id) || !isName(token) {
		http.Error(v.w, "there is no such page", http.StatusInternalServerError)
		return
	}
	life, err := s.lifeOf(v.r, k.resource, id, token)
	if err != nil {
		s.close(v.w, v.r, kindOf(err))
		return
	}
	s.secured(v.w)
	n := note{Asked: s.config.Now(), From: v.id}
	if page == "waiting" && at.email {
		if err := s.ask(v.r, token, http.MethodPost, "/v1/approvals/"+id+"/recovery/email", nil, nil); err != nil {
			n.refuse("email", err)
		}
	}
	path := s.path(page, id)
	s.keep(v.w, path, page, token, life)
	s.keep(v.w, path, "note", n.String(), noteLife)
	http.Redirect(v.w, v.r, path+at.String(), http.StatusSeeOther)
}

// distrust ends the trust in one browser or, where none is named, in all.
func (s *Server) distrust(v *visit) {
	switch id := v.r.PostForm.Get("id"); {
	case id == "":
		s.safer(v, "trusted-browsers", "done.distrust-all")
	case isName(id):
		s.safer(v, "trusted-browsers/"+id, "done.distrust")
	default:
		s.back(v, place{})
	}
}

// stopNewPhone stops one that is under way.
func (s *Server) stopNewPhone(v *visit) {
	if id := v.r.PostForm.Get("id"); isName(id) {
		s.safer(v, "recoveries/"+id, "done.stop")
		return
	}
	s.back(v, place{})
}

// safer does at once what only makes things safer.
func (s *Server) safer(v *visit, what, done string) {
	v.note.say(done)
	if err := s.ask(v.r, v.token, http.MethodDelete, "/v1/security-pages/"+v.id+"/"+what, nil, nil); err != nil {
		v.note.refuse("security", err)
	}
	s.back(v, place{})
}

func (s *Server) securitySteps() map[string]func(*visit) {
	return map[string]func(*visit){
		"change": s.begin, "distrust": s.distrust, "stop": s.stopNewPhone,
		"email": s.changeAddress, "email/confirm": s.confirmChanged, "questions": s.changeAnswers, "codes": s.saveCodes,
	}
}
