package noscript

import (
	"html/template"
	"net/http"
	"slices"
	"time"
)

// recovery is the way to a new phone, as the API shows it to its browser.
type recovery struct {
	State      string    `json:"state"`
	Method     string    `json:"method"`
	User       string    `json:"user"`
	ServerTime time.Time `json:"server_time"`
	ReadyAt    time.Time `json:"ready_at"`
	Phones     []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"phones"`
	Number      string `json:"number"`
	RefusedBy   string `json:"refused_by"`
	Application string `json:"application"`
	BackTo      string `json:"back_to"`
}

// recoveryScreen is what its template shows. web/recovery/view.mjs decides the
// same for the page with a script.
type recoveryScreen struct {
	Kind           string
	Headline, Line template.HTML
	Title          string
	Told, Sooner   template.HTML
	Tone           string
	State          *recovery
	// Address leads back here, with this browser; At is when the wait ends.
	Address, At    string
	Looks, Stopped bool
	Still          string
	Notice         string
	// Back leads to the application that was signed in to; empty for nowhere.
	Back string
}

// seldom is between two looks while nothing but time passes.
const seldom = time.Minute

// recovery shows the way to a new phone.
func (s *Server) recovery(v *visit) {
	at := placeOf(v.r.URL.Query())
	state, ok := look[recovery](s, v, "/v1/recoveries/", at)
	if !ok {
		return
	}
	words := s.words(v.r)
	screen := recoveryScreenOf(words, state)
	path := s.path(v.page, v.id)
	screen.Address, screen.Still, screen.Notice = s.config.Origin+path, path+"?still", v.note.notice(words)
	waits := screen.Kind == "waiting"
	screen.Looks, screen.Stopped = waits && !at.still, waits && at.still
	if screen.Looks {
		lookAgain(v.w, nextLook(state), path)
	}
	s.show(v.w, v.r, "recovery", http.StatusOK, words, screen)
}

func nextLook(r *recovery) time.Duration {
	rest := seldom
	if r.Number != "" {
		rest = everyLook
	}
	if left := r.ReadyAt.Sub(r.ServerTime); left > 0 {
		rest = min(rest, left+time.Second)
	}
	return rest
}

// recoveryScreenOf decides what is shown; r is nil for what is not there.
func recoveryScreenOf(w Words, r *recovery) recoveryScreen {
	screen := recoveryScreen{Kind: recoveryKind(r), Tone: "calm", State: r}
	if r == nil {
		r = &recovery{}
	}
	var names []string
	for _, p := range r.Phones {
		names = append(names, p.Name)
	}
	about, form := "recovery.state."+screen.Kind, ".line"
	if screen.Kind == "refused" && r.RefusedBy == "" {
		form = ".elsewhere" // not only phones stop a recovery
	}
	if screen.Kind == "waiting" && (r.Method == "email" || r.Method == "questions") {
		form = "." + r.Method
	}
	values := []any{"user", r.User, "phone", r.RefusedBy, "when", until(w, r.ReadyAt.Sub(r.ServerTime))}
	screen.Headline, screen.Title = sentence(w, about+".headline", values...), w.Text(about+".headline", values...)
	screen.Line = sentence(w, about+form, values...)
	if screen.Kind != "ready" && screen.Kind != "lost" {
		screen.Back = webAddress(r.BackTo)
	}
	switch screen.Kind {
	case "waiting":
		screen.At = r.ReadyAt.UTC().Format("2006-01-02 15:04")
	case "refused":
		screen.Tone = "alarm"
	case "done":
		screen.Tone = "good"
	}
	if len(names) == 0 || (screen.Kind != "waiting" && screen.Kind != "ready") {
		return screen
	}
	screen.Told = sentence(w, "recovery.told", "count", len(names), "phone", w.AllOf(names))
	if screen.Kind == "waiting" {
		screen.Sooner = sentence(w, map[bool]string{true: "recovery.sooner", false: "recovery.later"}[r.Number != ""], "number", r.Number)
	}
	return screen
}

func recoveryKind(r *recovery) string {
	// A state of a later version leads to no phone here.
	if r == nil || !slices.Contains([]string{"waiting", "ready", "refused", "done", "expired"}, r.State) {
		return "lost"
	}
	return r.State
}

// until says how long a wait lasts: the server does not know in what zone the
// person reads a clock.
func until(w Words, left time.Duration) string {
	if left > time.Hour {
		return w.Text("noscript.in-hours", "count", int((left+time.Hour-1)/time.Hour))
	}
	return w.Text("noscript.in-minutes", "count", max(1, int((left+time.Minute-1)/time.Minute)))
}

// openRecovery leads on to the set-up of the new phone, whose token the browser
// gets in the same answer.
func (s *Server) openRecovery(v *visit) {
	var opened struct {
		ID        string    `json:"id"`
		ExpiresAt time.Time `json:"expires_at"`
		Token     string    `json:"set_up_token"`
	}
	remove := v.r.PostForm["remove"]
	if remove == nil {
		remove = []string{}
	}
	err := s.ask(v.r, v.token, http.MethodPost, "/v1/recoveries/"+v.id+"/set-up", map[string]any{"remove": remove}, &opened)
	if err != nil {
		v.note.say("")
		// Where it is over or waits, the page says so.
		switch kind := kindOf(err); {
		case kind == "person-locked":
			v.note.say(kind)
		case kind != "recovery-over" && kind != "recovery-waiting" && !slices.Contains(hopeless, kind):
			v.note.say("offline")
		}
		s.back(v, place{})
		return
	}
	path := s.path("set-up", opened.ID)
	s.keep(v.w, path, "set-up", opened.Token, opened.ExpiresAt.Add(keptAfter).Sub(s.config.Now()))
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
}

// keptAfter is how long the token of a set-up is kept after its time, so that
// the page can say that it is over.
const keptAfter = 10 * time.Minute
