package demo

import (
	"context"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"countersign/enrolments"
	"countersign/mail"
)

// keptLetters bounds the mailbox.
const keptLetters = 50

// mailbox is the post of the demonstration: it writes letters as a server with a
// mail server would, and keeps them for whoever looks, whatever their address.
type mailbox struct {
	writer mail.Writer

	mu      sync.Mutex
	letters []kept
	next    int
}

// kept is a letter in words.
type kept struct {
	mail.Text
	ID   int
	To   string
	Came time.Time
}

// Send implements enrolments.Post.
func (b *mailbox) Send(_ context.Context, l enrolments.Letter) error {
	text, err := b.writer.Write(l)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	b.letters = append(b.letters, kept{Text: text, ID: b.next, To: l.To, Came: time.Now()})
	if len(b.letters) > keptLetters {
		b.letters = slices.Delete(b.letters, 0, len(b.letters)-keptLetters)
	}
	return nil
}

// newest are the letters, newest first.
func (b *mailbox) newest() []kept {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := slices.Clone(b.letters)
	slices.Reverse(all)
	return all
}

var mailPage = template.Must(template.ParseFS(files, "page/mail.html"))

// serveList shows all letters, and the one that was chosen beside them.
func (d *demo) serveList(w http.ResponseWriter, r *http.Request) {
	headers(w, "default-src 'none'; style-src 'self'; frame-src 'self' "+d.server+"; frame-ancestors 'self'")
	if err := mailPage.Execute(w, d.mail.newest()); err != nil {
		d.options.Log.Error("mail", "error", err)
	}
}

// serveLetter shows one letter as a program for mail would: its style is in it,
// and nothing else may load.
func (d *demo) serveLetter(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	all := d.mail.newest()
	i := slices.IndexFunc(all, func(k kept) bool { return k.ID == id })
	if err != nil || i < 0 {
		http.NotFound(w, r)
		return
	}
	headers(w, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'")
	_, _ = w.Write([]byte(all[i].HTML))
}
