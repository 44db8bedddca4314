package noscript

import (
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
)

// notice is what somebody was told, as the API shows it.
type notice struct {
	Event       string    `json:"event"`
	Detail      string    `json:"detail"`
	Because     string    `json:"because"`
	Where       string    `json:"where"`
	Application string    `json:"application"`
	User        string    `json:"user"`
	At          time.Time `json:"at"`
	State       string    `json:"state"`
	Stopped     struct {
		At         time.Time `json:"at"`
		Recoveries int       `json:"recoveries"`
		SetUps     int       `json:"set_ups"`
		Browsers   int       `json:"trusted_browsers"`
	} `json:"stopped"`
}

// noticeScreen is what its template shows. web/notice/view.mjs decides the same
// for the page with a script.
type noticeScreen struct {
	Kind           string
	Headline, Line template.HTML
	Title          string
	Facts          []fact
	Ended          []template.HTML
	Trouble        string
}

type fact struct{ Name, Value string }

// notice shows the page. Opening it changes nothing.
func (s *Server) notice(v *visit) {
	n, ok := look[notice](s, v, "/v1/notices/", place{})
	if !ok {
		return
	}
	words := s.words(v.r)
	screen := noticeScreenOf(words, n)
	screen.Trouble = v.note.notice(words)
	s.show(v.w, v.r, "stop", http.StatusOK, words, screen)
}

// stop is the word that it was not the person.
func (s *Server) stop(v *visit) {
	v.note.say("")
	err := s.ask(v.r, v.token, http.MethodPost, "/v1/notices/"+v.id+"/stop", nil, nil)
	if err != nil && kindOf(err) != "notice-over" && !slices.Contains(hopeless, kindOf(err)) {
		v.note.say("not-stopped")
	}
	s.back(v, place{})
}

func noticeScreenOf(w Words, n *notice) noticeScreen {
	kind := "lost"
	if n != nil && slices.Contains([]string{"open", "stopped", "over"}, n.State) { // one of a later version stops nothing here
		kind = n.State
	} else {
		n = &notice{}
	}
	headline := "notice.state." + kind + ".headline"
	if kind == "open" || kind == "over" {
		if headline = "notice.changed." + n.Event; !w.Has(headline) {
			headline = "notice.changed.other"
		}
	}
	screen := noticeScreen{
		Kind: kind, Headline: sentence(w, headline), Title: w.Text(headline),
		Line: sentence(w, "notice.state."+kind+".line", "user", n.User),
	}
	switch kind {
	case "open", "over":
		screen.Facts = factsOf(w, n)
	case "stopped":
		screen.Ended = endedBy(w, n)
	}
	return screen
}

// factsOf are those that are known.
func factsOf(w Words, n *notice) (facts []fact) {
	what := "phone"
	for of, named := range map[string]string{"browser.": "browser", "email.": "address"} {
		if strings.HasPrefix(n.Event, of) {
			what = named
		}
	}
	for _, f := range []fact{
		{what, n.Detail}, {"account", n.User}, {"application", n.Application},
		{"when", moment(n.At)}, {"where", n.Where}, {"because", n.Because},
	} {
		if f.Value != "" {
			facts = append(facts, fact{w.Text("notice.fact." + f.Name), f.Value})
		}
	}
	return facts
}

// endedBy lists what the word has ended; that requests are held back comes always.
func endedBy(w Words, n *notice) (ended []template.HTML) {
	for _, of := range []struct {
		what  string
		count int
	}{{"recoveries", n.Stopped.Recoveries}, {"set-ups", n.Stopped.SetUps}, {"browsers", n.Stopped.Browsers}} {
		if of.count > 0 {
			ended = append(ended, sentence(w, "notice.ended."+of.what, "count", of.count))
		}
	}
	return append(ended, sentence(w, "notice.ended.requests"), sentence(w, "notice.ended.when", "when", moment(n.Stopped.At)))
}

// moment writes an instant: the server does not know in what zone the person
// reads a clock, so it says which one it means.
func moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04") + " UTC" }
