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

// further is what the template shows of it.
type further struct {
	// Skip leads on without it, Other to another address.
	Skip, Other string
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

func (s *Server) furtherOf(w Words, kind string, at place, n note) (f further) {
	skip := at
	skip.mailed = false
	switch kind {
	case "email", "emailCode":
		skip.noEmail = true
		f.Other = place{done: true, noQuestions: at.noQuestions}.String()
		f.Sent = sentence(w, "forms.email.sent", "address", n.Typed)
		if n.At == "email" {
			f.Address = n.Typed
		}
	case "questions":
		skip.noQuestions = true
		f.Rows = s.rows(w, n)
	}
	f.Skip = skip.String()
	return f
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
	address := strings.TrimSpace(v.r.PostForm.Get("address"))
	language, _ := s.config.Words(v.r.Header.Get("Accept-Language"))
	var sent struct {
		To string `json:"sent_to"`
	}
	var err error = &problem{Kind: "invalid-request"}
	if strings.Contains(address, "@") {
		err = s.atSetUp(v, "email", map[string]string{"address": address, "language": language}, &sent)
	}
	if err != nil {
		v.note.refuse("email", err)
		v.note.Typed = address
	} else {
		at.mailed, v.note.Typed = true, sent.To
	}
	s.back(v, at)
}

func (s *Server) confirmAddress(v *visit) {
	at, to := placeOf(v.r.URL.Query()), v.note.Typed
	code, _ := readCode(v.r.PostForm.Get("code"))
	var err error = &problem{Kind: "empty"}
	if len(code) == 6 && isDigits(code) {
		err = s.atSetUp(v, "email/confirm", map[string]string{"code": code}, nil)
	}
	if at.mailed = err != nil; at.mailed {
		v.note.refuse("emailCode", err)
		v.note.Typed = to
	}
	s.back(v, at)
}

// chosen is a question with its answer, as a form brings them.
type chosen struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
}

func (s *Server) giveAnswers(v *visit) {
	at := placeOf(v.r.URL.Query())
	form, all := v.r.PostForm, []chosen{}
	for i := range min(3, len(form["question"]), len(form["answer"])) {
		all = append(all, chosen{form["question"][i], form["answer"][i]})
	}
	why, row := s.wrong(all)
	var err error = &problem{Kind: why}
	if why == "" {
		err = s.put(v, "questions", map[string]any{"questions": all})
	}
	if err != nil {
		v.note.refuse("questions", err)
		v.note.Count = row
		for _, c := range all {
			v.note.Typed += c.known(s.config.Questions) + " "
		}
	}
	s.back(v, at)
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

// put is atSetUp for what replaces something.
func (s *Server) put(v *visit, what string, in any) error {
	v.note.say("")
	return s.ask(v.r, v.token, http.MethodPut, "/v1/pairings/"+v.id+"/"+what, in, nil)
}
