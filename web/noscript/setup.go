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
	Authenticator    bool   `json:"authenticator"`
	EmailOffered     bool   `json:"email_offered"`
	EmailRecovers    bool   `json:"email_recovers"`
	Email            string `json:"email"`
	QuestionsOffered bool   `json:"questions_offered"`
	QuestionsSet     bool   `json:"questions_set"`
	BackTo           string `json:"back_to"`
	Application      string `json:"application"`
	SigningIn        bool   `json:"signing_in"`
}

// appOnly reports whether a set-up takes an authenticator app and no phone.
func (g pairing) appOnly() bool { return g.State == "open" && g.PairURL == "" && !g.Authenticator }

// setUp shows the set-up.
func (s *Server) setUp(v *visit) {
	at := placeOf(v.r.URL.Query())
	g, ok := look[pairing](s, v, "/v1/pairings/", at)
	if !ok {
		return
	}
	screen := setUpScreen{setUpView: setUpViewOf(s.words(v.r), g, at), at: at}
	if screen.Kind == "active" && at.trial {
		s.followTrial(v, &screen)
	}
	s.showSetUp(v, screen)
}

func (s *Server) showSetUp(v *visit, screen setUpScreen) {
	words := s.words(v.r)
	v.note.leave(screen.Kind)
	s.remember(v)
	screen.Refusal, screen.Notice = v.note.refusal(words, v.page, screen.Kind), v.note.notice(words)
	screen.Here = screen.at.String()
	if isName(v.note.From) {
		screen.Back = s.path("security", v.note.From)
	}
	screen.Giving = s.furtherOf(words, screen.Kind, screen.at, v.note)
	// A phone that opens the link, or answers the test request.
	waits, path, still := screen.Kind == "open" || screen.Trial == "asking", s.path(v.page, v.id), screen.at
	still.still = true
	screen.Looks, screen.Stopped, screen.Still = waits && !screen.at.still, waits && screen.at.still, path+still.String()
	if screen.Looks {
		lookAgain(v.w, everyLook, path+screen.at.String())
	}
	s.show(v.w, v.r, "set-up", http.StatusOK, words, screen)
}

// setUpSteps are what a form of the set-up can ask for.
func (s *Server) setUpSteps() map[string]func(*visit) {
	return map[string]func(*visit){
		"confirm": s.comparePhone, "try": s.tryPhone, "authenticator": s.beginApp, "authenticator/confirm": s.confirmApp,
		"recovery-codes": s.issueCodes, "recovery-codes/file": s.saveCodes,
		"email": s.giveAddress, "email/confirm": s.confirmAddress, "questions": s.giveAnswers,
	}
}

// atSetUp does one step of the set-up and notes what is wrong with it.
func (s *Server) atSetUp(v *visit, step string, in, out any) error {
	v.note.say("")
	err := s.ask(v.r, v.token, http.MethodPost, "/v1/pairings/"+v.id+"/"+step, in, out)
	if err != nil && !slices.Contains(hopeless, kindOf(err)) { // of those the page says so
		v.note.say(kindOf(err))
	}
	return err
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
	err := s.atSetUp(v, "try", nil, &trial)
	if err == nil {
		v.note.Trial = trial.ID + "." + trial.Token
	}
	s.back(v, place{trial: err == nil})
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
	if s.atSetUp(v, "authenticator", nil, &made) != nil {
		s.back(v, place{})
		return
	}
	at := place{app: true}
	screen := setUpScreen{setUpView: setUpViewOf(s.words(v.r), &pairing{State: "open"}, at), at: at}
	screen.Key, screen.Picture = made.Key, asImage(made.QR)
	s.showSetUp(v, screen)
}

func (s *Server) confirmApp(v *visit) {
	code, _ := readCode(v.r.PostForm.Get("code"))
	var err error = &problem{Kind: "invalid-request"}
	if isDigits(code) {
		err = s.atSetUp(v, "authenticator/confirm", map[string]string{"code": code}, nil)
	}
	at := place{}
	if kind := kindOf(err); err != nil && kind != "pairing-settled" && !slices.Contains(hopeless, kind) {
		v.note.refuse("app", err)
		at.app = true
	}
	s.back(v, at)
}

// issueCodes shows new recovery codes, in answer to the form: they are seen only
// once.
func (s *Server) issueCodes(v *visit) {
	var made struct {
		Codes []string `json:"codes"`
	}
	err := s.atSetUp(v, "recovery-codes", nil, &made)
	if err == nil {
		words := s.words(v.r)
		s.showSetUp(v, setUpScreen{setUpView: sayings(words, "codes", nil), Codes: made.Codes, CodesOf: s.codesOf(v, words)})
		return
	}
	if kindOf(err) == "pairing-settled" {
		v.note.say("codes-shown")
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
	words := s.words(v.r)
	s.secured(v.w)
	v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="countersign-recovery-codes.txt"`)
	lines := slices.Concat([]string{s.codesOf(v, words), words.Text("forms.codes.once"), ""}, codes)
	v.w.Write([]byte(strings.Join(lines, "\n") + "\n"))
}

// codesOf says whose codes they are, on paper and in a file.
func (s *Server) codesOf(v *visit, w Words) string {
	var whose struct {
		User string `json:"user"`
	}
	// Without a name they are codes still.
	_ = s.ask(v.r, v.token, http.MethodGet, "/v1/"+s.kinds()[v.page].resource+"/"+v.id, nil, &whose)
	return w.Text("forms.codes.file", "user", whose.User)
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
