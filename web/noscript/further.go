package noscript

import (
	"html/template"
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// What may follow once a phone or an app is set up: a backup address, and three
// questions. Either can be passed over.

// furtherKind is what comes next, or "done".
func furtherKind(g *pairing, at place) string {
	switch {
	case g == nil:
	case g.EmailOffered && g.Email == "" && !at.noEmail:
		if at.mailed {
			return "emailCode"
		}
		return "email"
	case g.QuestionsOffered && !g.QuestionsSet && !at.noQuestions:
		return "questions"
	}
	return "done"
}

// giving is what the forms of a backup address and of questions show, in set-up
// and on the security page.
type giving struct {
	// Skip leads on without it, in SkipWords; Other to another address.
	Skip, SkipWords, Other string
	// Address is what was typed and not taken; Sent says where the code went.
	Address string
	Sent    template.HTML
	Rows    []questionRow
}

// questionRow is one of three questions to choose and answer.
type questionRow struct {
	Legend string
	// Chosen is the question's id; Wrong "question" or "answer" where that is.
	Chosen, Wrong string
	Options       []questionOption
}

type questionOption struct{ ID, Words string }

func (s *Server) furtherOf(w Words, kind string, at place, n note) giving {
	g := s.givingOf(w, kind, n)
	skip := at
	skip.mailed, skip.noEmail, skip.noQuestions = false, at.noEmail || kind != "questions", at.noQuestions || kind == "questions"
	g.Skip, g.SkipWords = skip.String(), w.Text("setup.further.skip")
	g.Other = place{done: true, noQuestions: at.noQuestions}.String()
	return g
}

func (s *Server) givingOf(w Words, kind string, n note) (g giving) {
	switch kind {
	case "email":
		if n.At == "email" {
			g.Address = n.Typed
		}
	case "emailCode":
		g.Sent = sentence(w, "forms.email.sent", "address", n.Typed)
	case "questions":
		g.Rows = s.rows(w, n)
	}
	return g
}

func (s *Server) rows(w Words, n note) (rows []questionRow) {
	var options []questionOption
	for _, id := range s.config.Questions {
		options = append(options, questionOption{id, w.Text("page.question." + id)})
	}
	chosen := strings.Fields(n.Typed)
	for i, legend := range []string{"forms.questions.first", "forms.questions.second", "forms.questions.third"} {
		row := questionRow{Legend: w.Text(legend), Options: options}
		if i < len(chosen) && n.At == "questions" {
			row.Chosen = chosen[i]
		}
		if n.At == "questions" && n.Count == i {
			row.Wrong = map[string]string{"choose": "question", "twice": "question", "length": "answer", "same": "answer"}[n.Said]
		}
		rows = append(rows, row)
	}
	return rows
}

// giveAddress has a code sent to what shall be the backup address.
func (s *Server) giveAddress(v *visit) {
	at := placeOf(v.r.URL.Query())
	var sent struct {
		To string `json:"sent_to"`
	}
	err := s.withAddress(v, func(address, language string) error {
		return s.atSetUp(v, "email", map[string]string{"address": address, "language": language}, &sent)
	})
	if err == nil {
		at.mailed, v.note.Typed = true, sent.To
	}
	s.back(v, at)
}

// withAddress does something with the address that was typed, and notes why that
// is not to be.
func (s *Server) withAddress(v *visit, do func(address, language string) error) error {
	address := strings.TrimSpace(v.r.PostForm.Get("address"))
	language, _ := s.config.Words(v.r.Header.Get("Accept-Language"))
	var err error = &problem{Kind: "no-address"}
	if strings.Contains(address, "@") {
		err = do(address, language)
	}
	if err != nil {
		v.note.refuse("email", err)
		v.note.Typed = address
	}
	return err
}

func (s *Server) confirmAddress(v *visit) {
	at := placeOf(v.r.URL.Query())
	at.mailed = s.withMailed(v, func(code string) error {
		return s.atSetUp(v, "email/confirm", map[string]string{"code": code}, nil)
	}) != nil
	s.back(v, at)
}

// withMailed does something with the code that came by mail, and notes why that
// is not to be.
func (s *Server) withMailed(v *visit, do func(code string) error) error {
	to := v.note.Typed
	code, _ := readCode(v.r.PostForm.Get("code"))
	var err error = &problem{Kind: "empty"}
	if len(code) == 6 && isDigits(code) {
		err = do(code)
	}
	if err != nil {
		v.note.refuse("emailCode", err)
		v.note.Typed = to
	}
	return err
}

// chosen is a question with its answer, as a form brings them.
type chosen struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
}

func (s *Server) giveAnswers(v *visit) {
	s.withAnswers(v, func(all []chosen) error {
		return s.ask(v.r, v.token, http.MethodPut, "/v1/pairings/"+v.id+"/questions", map[string]any{"questions": all}, nil)
	})
	s.back(v, placeOf(v.r.URL.Query()))
}

// withAnswers does something with three answers, and notes why that is not to be.
func (s *Server) withAnswers(v *visit, do func([]chosen) error) error {
	form, all := v.r.PostForm, []chosen{}
	for i := range min(3, len(form["question"]), len(form["answer"])) {
		all = append(all, chosen{form["question"][i], form["answer"][i]})
	}
	v.note.say("")
	why, row := s.wrong(all)
	var err error = &problem{Kind: why}
	if why == "" {
		err = do(all)
	}
	if err != nil {
		v.note.refuse("questions", err)
		v.note.Count = row
		for _, c := range all {
			v.note.Typed += c.known(s.config.Questions) + " "
		}
	}
	return err
}

// known is the question's id, or a mark that there is none: what comes back in a
// cookie is one of our own words.
func (c chosen) known(all []string) string {
	if slices.Contains(all, c.Question) {
		return c.Question
	}
	return "-"
}

// wrong says what is wrong with three questions and answers, as far as the page
// can tell, and with which of them. The server knows the rest.
func (s *Server) wrong(all []chosen) (why string, row int) {
	if len(all) < 3 {
		return "choose", len(all)
	}
	var questions, answers []string
	for i, c := range all {
		answer := folded(c.Answer)
		switch n := len([]rune(answer)); {
		case c.known(s.config.Questions) == "-":
			return "choose", i
		case slices.Contains(questions, c.Question):
			return "twice", i
		case n < 3 || n > 64:
			return "length", i
		case slices.Contains(answers, answer):
			return "same", i
		}
		questions, answers = append(questions, c.Question), append(answers, answer)
	}
	return "", 0
}

// folded is an answer as it is compared: letters, with their marks, and digits.
func folded(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}
