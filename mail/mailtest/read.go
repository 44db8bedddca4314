package mailtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"regexp"
	"strings"
	"testing"
)

// Mail is a mail as it was taken.
type Mail struct {
	// From and To are the envelope's.
	From, To string
	Header   mail.Header
	// Subject, Text and HTML are decoded.
	Subject, Text, HTML string
	Raw                 []byte
	// TLS says that it came over TLS.
	TLS bool
}

var digits = regexp.MustCompile(`\b\d{6}\b`)

// Code is the one number of six digits in the text.
func (m Mail) Code(t testing.TB) string {
	t.Helper()
	found := digits.FindAllString(m.Text, -1)
	if len(found) != 1 {
		t.Fatalf("%d codes in the mail:\n%s", len(found), m.Text)
	}
	return found[0]
}

// Link is the one address in the text that begins with prefix.
func (m Mail) Link(t testing.TB, prefix string) string {
	t.Helper()
	var found []string
	for word := range strings.FieldsSeq(m.Text) {
		if strings.HasPrefix(word, prefix) {
			found = append(found, word)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d links to %s in the mail:\n%s", len(found), prefix, m.Text)
	}
	return found[0]
}

// parse reads a mail as programs for mail do: a text and an HTML part, in
// quoted-printable.
func parse(raw []byte) (Mail, error) {
	read, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, err
	}
	m := Mail{Header: read.Header, Raw: raw}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject")); err != nil {
		return Mail{}, err
	}
	kind, params, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return Mail{}, fmt.Errorf("a mail of type %q; want multipart/alternative", kind)
	}
	parts := multipart.NewReader(read.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return m, nil
		}
		if err != nil {
			return Mail{}, err
		}
		if err := m.add(part); err != nil {
			return Mail{}, err
		}
	}
}

func (m *Mail) add(part *multipart.Part) error {
	if coding := part.Header.Get("Content-Transfer-Encoding"); coding != "quoted-printable" {
		return fmt.Errorf("a part in %q; want quoted-printable", coding)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(part))
	if err != nil {
		return err
	}
	switch kind := part.Header.Get("Content-Type"); strings.ToLower(kind) {
	case "text/plain; charset=utf-8":
		m.Text = strings.ReplaceAll(string(text), "\r\n", "\n")
	case "text/html; charset=utf-8":
		m.HTML = strings.ReplaceAll(string(text), "\r\n", "\n")
	default:
		return fmt.Errorf("a part of type %q", kind)
	}
	return nil
}

// Reader serves GET /next?to=ADDRESS&subject=TEXT until t ends, for tests that
// drive a browser: it answers as NextAbout does, as JSON {"subject","text","html"},
// or 404. It returns the address to ask.
func (s *Server) Reader(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m, ok := s.await(r.URL.Query().Get("to"), r.URL.Query().Get("subject"), r.Context().Done())
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"subject": m.Subject, "text": m.Text, "html": m.HTML})
	}))
	t.Cleanup(server.Close)
	return server.URL + "/next"
}
