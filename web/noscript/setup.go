package noscript

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// pairing is a set-up, as the API shows it to its browser.
type pairing struct {
	ID      string `json:"id"`
	Version int64  `json:"version"`
	State   string `json:"state"`
	User    string `json:"user"`
	PairURL string `json:"pair_url"`
	Digits  string `json:"digits"`
	Phone   struct {
		Name string `json:"name"`
	} `json:"phone"`
	Authenticator bool `json:"authenticator"`
}

// hopeless are the kinds of problem after which a page has nothing more to tell.
var hopeless = []string{"unauthorized", "pairing-not-found", "recovery-not-found", "not-found"}

// setUp shows the set-up.
func (s *Server) setUp(v *visit) {
	at := placeOf(v.r.URL.Query())
	g, err := s.pairing(v)
	switch kind := kindOf(err); {
	case err == nil:
	case slices.Contains(hopeless, kind):
		g = nil
	default:
		s.later(v, at)
		return
	}
	screen := setUpScreen{setUpView: setUpViewOf(s.words(v.r), g, at), at: at}
	if screen.Kind == "active" && at.trial {
		s.followTrial(v, &screen)
	}
	s.showSetUp(v, screen)
}

// pairing reads how the set-up stands.
func (s *Server) pairing(v *visit) (*pairing, error) {
	var g pairing
	if err := s.ask(v.r, v.token, http.MethodGet, "/v1/pairings/"+v.id, nil, &g); err != nil {
		return nil, err
	}
	return &g, nil
}

func (s *Server) showSetUp(v *visit, screen setUpScreen) {
	words := s.words(v.r)
	if key, known := appRefusals[v.note.Said]; known && screen.Kind == "app" {
		screen.Refusal = words.Text(key)
	}
	screen.Notice = noticeOf(words, v.note)
	// A phone that opens the link, or answers the test request.
	waits, path, still := screen.Kind == "open" || screen.Trial == "asking", s.path(v.page, v.id), screen.at
	still.still = true
	screen.Looks, screen.Stopped, screen.Still = waits && !screen.at.still, waits && screen.at.still, path+still.String()
	if screen.Looks {
		lookAgain(v.w, everyLook, path+screen.at.String())
	}
	s.show(v.w, v.r, "set-up", http.StatusOK, screen)
}

// setUpSteps are what a form of the set-up can ask for.
func (s *Server) setUpSteps() map[string]func(*visit) {
	return map[string]func(*visit){
		"confirm": s.comparePhone, "try": s.tryPhone, "authenticator": s.beginApp, "authenticator/confirm": s.confirmApp,
		"recovery-codes": s.issueCodes, "recovery-codes/file": s.saveCodes,
	}
}

// atSetUp does one step of the set-up and notes what is wrong with it; the kind of
// the problem is empty where nothing is.
func (s *Server) atSetUp(v *visit, step string, in, out any) (kind string) {
	v.note.Said = ""
	err := s.ask(v.r, v.token, http.MethodPost, "/v1/pairings/"+v.id+"/"+step, in, out)
	if err == nil {
		return ""
	}
	kind = kindOf(err)
	switch {
	case slices.Contains(hopeless, kind): // the page says so
	case kind == "pairing-settled":
		v.note.Said = "settled"
	default:
		v.note.Said = "offline"
	}
	return kind
}

func (s *Server) comparePhone(v *visit) {
	s.atSetUp(v, "confirm", map[string]bool{"match": v.r.PostForm.Get("match") == "yes"}, nil)
	s.back(v, place{})
}

// tryPhone sends the new phone a first request.
func (s *Server) tryPhone(v *visit) {
	var trial struct {
		ID    string `json:"id"`
		Token string `json:"waiting_token"`
	}
	switch s.atSetUp(v, "try", nil, &trial) {
	case "":
		v.note.Trial = trial.ID + "." + trial.Token
	case "too-many-pushes":
		v.note.Said = "trial-held"
	}
	s.back(v, place{trial: v.note.Said == ""})
}

// followTrial adds how the test request stands.
func (s *Server) followTrial(v *visit, screen *setUpScreen) {
	id, token, _ := strings.Cut(v.note.Trial, ".")
	if !isName(id) || !isName(token) {
		return
	}
	state, err := s.approval(v, id, token)
	screen.Trial = "over"
	switch {
	case err == nil && state.State == "pending":
		screen.Trial, screen.TrialNumber = "asking", state.Number
	case err == nil && (state.State == "approved" || state.State == "denied"):
		screen.Trial = state.State
	}
}

// beginApp shows the key of an authenticator app, in answer to the form: nobody
// can read it a second time. Sent again, the form makes another.
func (s *Server) beginApp(v *visit) {
	var made struct {
		Key string `json:"setup_key"`
		QR  string `json:"qr_svg"`
	}
	if kind := s.atSetUp(v, "authenticator", nil, &made); kind != "" {
		s.back(v, place{})
		return
	}
	at := place{app: true}
	screen := setUpScreen{setUpView: setUpViewOf(s.words(v.r), &pairing{State: "open"}, at), at: at}
	screen.Key, screen.Picture = made.Key, asImage(made.QR)
	s.remember(v)
	s.showSetUp(v, screen)
}

// appRefusals are the sentences on a code of an app that was not taken.
var appRefusals = map[string]string{
	"app-empty": "setup.app.empty", "app-wrong": "setup.app.wrong", "app-blocked": "setup.app.blocked", "offline": "page.offline",
}

func (s *Server) confirmApp(v *visit) {
	code, _ := readCode(v.r.PostForm.Get("code"))
	said := map[string]string{
		"code-wrong": "app-wrong", "code-used": "app-wrong", "invalid-request": "app-empty",
		"codes-blocked": "app-blocked", "too-many-requests": "app-blocked",
	}
	kind := "invalid-request"
	if isDigits(code) {
		kind = s.atSetUp(v, "authenticator/confirm", map[string]string{"code": code}, nil)
	}
	if refused, known := said[kind]; known {
		v.note.Said = refused
	}
	s.back(v, place{app: kind != "" && v.note.Said != "settled"})
}

// issueCodes shows new recovery codes, in answer to the form: they are seen only
// once.
func (s *Server) issueCodes(v *visit) {
	var made struct {
		Codes []string `json:"codes"`
	}
	switch s.atSetUp(v, "recovery-codes", nil, &made) {
	case "":
		s.remember(v)
		s.showSetUp(v, setUpScreen{setUpView: sayings(s.words(v.r), "codes", nil), Codes: made.Codes})
		return
	case "pairing-settled":
		v.note.Said = "codes-shown"
	}
	s.back(v, place{})
}

// recoveryCode is how the API writes one.
var recoveryCode = regexp.MustCompile(`^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$`)

// saveCodes gives the codes back as a file: they come with the form, for the
// server does not know them any more.
func (s *Server) saveCodes(v *visit) {
	codes := v.r.PostForm["code"]
	if len(codes) == 0 || len(codes) > 10 || slices.ContainsFunc(codes, func(c string) bool { return !recoveryCode.MatchString(c) }) {
		http.Error(v.w, "these are no recovery codes", http.StatusBadRequest)
		return
	}
	words, user := s.words(v.r), ""
	if g, err := s.pairing(v); err == nil {
		user = g.User
	}
	s.secured(v.w)
	v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="countersign-recovery-codes.txt"`)
	lines := slices.Concat([]string{words.Text("setup.codes.file", "user", user), words.Text("setup.codes.once"), ""}, codes)
	v.w.Write([]byte(strings.Join(lines, "\n") + "\n"))
}

// picture is the QR code of the link for the phone.
func (s *Server) picture(w http.ResponseWriter, r *http.Request) {
	s.secured(w)
	var svg []byte
	v, ok := s.visit("set-up", w, r)
	if !ok || s.ask(r, v.token, http.MethodGet, "/v1/pairings/"+v.id+"/qr", nil, &svg) != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Write(svg)
}
