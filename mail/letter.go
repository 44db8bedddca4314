package mail

import (
	"fmt"
	html "html/template"
	"strings"
	"sync"
	"text/template"

	"countersign/enrolments"
)

// letterTest is a letter that an administrator sends to see whether mail works.
const letterTest enrolments.LetterKind = "test"

// Writer puts letters into words.
type Writer struct {
	// Server is what people know this server as.
	Server string
	// Language is that of a person of whom none is known: one of Languages.
	Language string
}

// Text is a letter in words.
type Text struct {
	Language, Subject string
	Plain, HTML       string
}

// view is all that a layout may see.
type view struct {
	Language, Server, Subject, Headline string
	Lines                               []string
	Code                                string
	Facts                               []fact
	Stop                                *stop
	After                               []string
	Foot                                string
}

// fact is a line of a table: what it is, and how it stands.
type fact struct{ Label, Value string }

// stop is how whoever did not do this ends it.
type stop struct{ Headline, Line, Button, URL string }

type layouts struct {
	plain *template.Template
	html  *html.Template
}

var layout = sync.OnceValue(func() layouts {
	return layouts{
		plain: template.Must(template.ParseFS(files, "layout.txt")),
		html:  html.Must(html.ParseFS(files, "layout.html")),
	}
})

// Write writes a letter in the language of its person.
func (w Writer) Write(l enrolments.Letter) (Text, error) {
	v := view{Language: choose(l.Language, w.Language), Server: w.Server}
	in := catalogues()[v.Language]
	switch l.Kind {
	case enrolments.LetterCode:
		w.code(&v, in, l)
	case enrolments.LetterNotice:
		w.notice(&v, in, l)
	case letterTest:
		v.Headline, v.Lines = in["test.headline"], []string{in["test.line"]}
		v.Subject, v.Foot = in["test.subject"], in.fill("foot.test", "server", w.Server)
	default:
		return Text{}, fmt.Errorf("mail: no such kind of letter: %q", l.Kind)
	}
	v.Subject = w.Server + ": " + v.Subject
	return v.draw()
}

// code never has the code in its subject: that is shown on locked screens.
func (w Writer) code(v *view, in words, l enrolments.Letter) {
	v.Subject, v.Headline, v.Code = in["code.subject"], in["code.headline"], l.Code.Reveal()
	v.Lines = []string{in["code.line"]}
	v.Facts = facts(in, l, "")
	v.After = []string{in["code.nobody"], in["code.not-you"]}
	v.Foot = in.fill("foot.code", "server", w.Server)
}

func (w Writer) notice(v *view, in words, l enrolments.Letter) {
	kind := string(l.Event)
	if _, ok := in[kind+".line"]; !ok {
		kind = "other"
	}
	v.Subject, v.Headline = in[kind+".subject"], in[kind+".subject"]
	v.Lines = []string{in[kind+".line"]}
	v.Facts = facts(in, l, detailOf(l.Event))
	v.After = []string{in["notice.was-you"]}
	v.Foot = in.fill("foot", "server", w.Server)
	if l.StopURL == "" {
		v.After = append(v.After, in["notice.tell"])
		return
	}
	v.Stop = &stop{Headline: in["notice.not-you"], Line: in["notice.stop"], Button: in["notice.stop-button"], URL: l.StopURL}
}

// detailOf is the key of what an event's detail is.
func detailOf(e enrolments.EventKind) string {
	switch e {
	case enrolments.EventBrowserTrusted, enrolments.EventTrustEnded:
		return "fact.browser"
	case enrolments.EventEmailSet, enrolments.EventEmailRemoved:
		return "fact.address"
	}
	return "fact.phone"
}

// facts are those that are known.
func facts(in words, l enrolments.Letter, detail string) (all []fact) {
	when := ""
	if !l.At.IsZero() {
		when = in.when(l.At)
	}
	for _, f := range []fact{
		{in[detail], l.Detail}, {in["fact.account"], l.User}, {in["fact.application"], l.Application},
		{in["fact.when"], when}, {in["fact.where"], l.Where},
		{in["fact.because"], l.Because},
	} {
		if f.Value != "" {
			all = append(all, f)
		}
	}
	return all
}

func (v view) draw() (Text, error) {
	var plain, page strings.Builder
	if err := layout().plain.Execute(&plain, v); err != nil {
		return Text{}, fmt.Errorf("mail: text: %w", err)
	}
	if err := layout().html.Execute(&page, v); err != nil {
		return Text{}, fmt.Errorf("mail: HTML: %w", err)
	}
	return Text{Language: v.Language, Subject: v.Subject, Plain: plain.String(), HTML: page.String()}, nil
}
