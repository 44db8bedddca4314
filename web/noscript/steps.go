package noscript

import (
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Steps beside the sign-in are ways to a new phone that are open to somebody
// without phone and code: a code to the backup address, or answers. They stay on
// the screen when the sign-in runs out: mail takes longer than that.

// stepScreen is what the template shows in the sign-in's place.
type stepScreen struct {
	// Name is "email" or "questions".
	Name           string
	Headline, Line template.HTML
	Title          string
	// Questions are those that were answered once.
	Questions       []string
	Refusal, Notice string
}

// stepOf is the step that the person is at; nil where the sign-in's own screen
// is shown, since a phone has answered or it goes on elsewhere.
func (s *Server) stepOf(v *visit, at place, view View, state *State) *stepScreen {
	name := at.step()
	if name == "" || state == nil || view.Purpose == "end" && view.Kind != "expired" || !slices.Contains(state.RecoveryOffers, name) {
		return nil
	}
	w := s.words(v.r)
	about := "waiting.step." + name
	step := &stepScreen{
		Name: name, Headline: sentence(w, about+".headline"), Title: w.Text(about + ".headline"),
		Line: sentence(w, about+".line", "address", state.EmailHint),
	}
	if name == "questions" {
		var asked struct {
			Questions []string `json:"questions"`
		}
		if err := s.ask(v.r, v.token, http.MethodGet, "/v1/approvals/"+v.id+"/recovery/questions", nil, &asked); err != nil {
			v.note.refuse("questions", err)
		}
		for _, id := range asked.Questions {
			step.Questions = append(step.Questions, w.Text("page.question."+id))
		}
	}
	step.Refusal, step.Notice = v.note.refusal(w, v.page, name), v.note.notice(w)
	return step
}

// sendMail has a code sent to the backup address.
func (s *Server) sendMail(v *visit) {
	v.note.say("")
	again := placeOf(v.r.URL.Query()).email
	err := s.ask(v.r, v.token, http.MethodPost, "/v1/approvals/"+v.id+"/recovery/email", nil, nil)
	switch {
	case err != nil:
		v.note.refuse("email", err)
	case again:
		v.note.say("resent")
	}
	s.back(v, place{email: true})
}

func (s *Server) typeMailed(v *visit) {
	code, _ := readCode(v.r.PostForm.Get("code"))
	if len(code) != 6 || !isDigits(code) {
		v.note.refuse("email", &problem{Kind: "empty"})
		s.back(v, place{email: true})
		return
	}
	s.recoverBy(v, "email", "recovery/email/confirm", map[string]string{"code": code})
}

func (s *Server) answer(v *visit) {
	answers := v.r.PostForm["answer"]
	if len(answers) > 3 || given(answers) < 2 {
		v.note.refuse("questions", &problem{Kind: "empty"})
		s.back(v, place{questions: true})
		return
	}
	s.recoverBy(v, "questions", "recovery/questions", map[string]any{"answers": answers})
}

// given counts the answers with anything in them.
func given(answers []string) (n int) {
	for _, a := range answers {
		if strings.ContainsFunc(a, func(r rune) bool { return !unicode.IsSpace(r) }) {
			n++
		}
	}
	return n
}

// beginRecovery leads from an approval by a code to the new phone.
func (s *Server) beginRecovery(v *visit) { s.recoverBy(v, "", "recovery", nil) }

// recoverBy leads on to the page of the new phone, whose token the browser gets
// in the same answer. A refusal is about field.
func (s *Server) recoverBy(v *visit, field, step string, in any) {
	var begun struct {
		ID     string    `json:"id"`
		EndsAt time.Time `json:"ends_at"`
		Token  string    `json:"recovery_token"`
	}
	if err := s.ask(v.r, v.token, http.MethodPost, "/v1/approvals/"+v.id+"/"+step, in, &begun); err != nil {
		v.note.refuse(field, err)
		s.back(v, placeOf(v.r.URL.Query()))
		return
	}
	path := s.path("recovery", begun.ID)
	s.keep(v.w, path, "recovery", begun.Token, begun.EndsAt.Sub(s.config.Now()))
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
}
