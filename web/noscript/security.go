package noscript

import (
	"net/http"
	"net/url"
	"slices"
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
	Methods       []string   `json:"methods"`
	RecoveryHours int        `json:"recovery_wait_hours"`
	Trusted       []struct {
		ID         string    `json:"id"`
		Name       string    `json:"name"`
		AddedAt    time.Time `json:"added_at"`
		EndsAt     time.Time `json:"ends_at"`
		IdleEndsAt time.Time `json:"idle_ends_at"`
	} `json:"trusted_browsers"`
	SignIns    []pastSignIn      `json:"sign_ins"`
	Recoveries []runningRecovery `json:"recoveries"`
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
	if q.Has("approval_id") {
		s.carryOut(v, q.Get("approval_id"), q.Get("result_code"))
		return
	}
	at := placeOf(q)
	state := &security{}
	err := s.ask(v.r, v.token, http.MethodGet, "/v1/security-pages/"+v.id, nil, state)
	switch kind := kindOf(err); {
	case err == nil:
	case slices.Contains(hopeless, kind):
		state = nil
	default:
		s.later(v, at)
		return
	}
	words := s.words(v.r)
	screen := securityScreenOf(words, state, at, q.Get("new-phone"))
	screen.told(words, v.note)
	v.note.say("") // it is said once
	s.remember(v)
	s.show(v.w, v.r, "security", http.StatusOK, words, screen)
}

// changeOf reads what a form wants changed.
func changeOf(form url.Values, language string) map[string]string {
	change := map[string]string{"language": language}
	for _, name := range []string{"kind", "phone_id", "authenticator_id", "name"} {
		if value := strings.TrimSpace(form.Get(name)); value != "" {
			change[name] = value
		}
	}
	if change["kind"] == "add_phone" && change["phone_id"] != "" {
		change["kind"] = "replace_phone"
	}
	return change
}

// begin starts a change; the waiting screen asks the person to confirm it.
func (s *Server) begin(v *visit) {
	language, _ := s.config.Words(v.r.Header.Get("Accept-Language"))
	change := changeOf(v.r.PostForm, language)
	if change["kind"] == "rename_phone" && change["name"] == "" {
		v.note.refuse("security", &problem{Kind: "nameless"})
		s.back(v, place{})
		return
	}
	var begun struct {
		URL string `json:"waiting_url"`
	}
	if err := s.ask(v.r, v.token, http.MethodPost, "/v1/security-pages/"+v.id+"/changes", change, &begun); err != nil {
		v.note.refuse("security", err)
		s.back(v, place{})
		return
	}
	s.lead(v, begun.URL, place{code: v.r.PostForm.Has("code")})
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
	case came.Codes != nil:
		words := s.words(v.r)
		s.show(v.w, v.r, "security", http.StatusOK, words, codesScreen(words, came.Codes, s.codesOf(v, words)))
	default:
		v.note.say("done." + came.Kind)
		s.back(v, place{})
	}
}

// lead goes on to another page of ours, whose address has the token in its
// fragment; the browser gets it as a cookie.
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
	path := s.path(page, id)
	s.keep(v.w, path, page, token, life)
	s.keep(v.w, path, "note", note{Asked: s.config.Now(), From: v.id}.String(), noteLife)
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
		"codes": s.saveCodes,
	}
}
