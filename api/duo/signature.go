package duo

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"countersign/enrolments"
)

// dateWindow is how far a signed date may be from the server's clock.
const dateWindow = 5 * time.Minute

// message is all of a request that a signature may cover.
type message struct {
	method, path string
	// hosts are the names that the client may have signed: none says which.
	hosts []string
	// date is exactly as sent; empty when none was.
	date string
	// query and form are the parameters of either place.
	query, form url.Values
	body        []byte
	header      http.Header
}

// undated is the version whose signature covers no date.
const undated = 1

// signedBy finds the version whose form of the message was signed; ok is false
// for none. No header names version or digest: the digest is known by its
// length, the version by trying.
func (m message) signedBy(secret enrolments.Secret, signature string) (version int, ok bool) {
	mac, err := hex.DecodeString(signature)
	if err != nil {
		return 0, false
	}
	digest := digestOf(mac)
	if digest == nil {
		return 0, false
	}
	for _, host := range m.hosts {
		for version, text := range m.forms(host, len(mac) == sha512.Size) {
			h := hmac.New(digest, []byte(secret.Reveal()))
			h.Write([]byte(text))
			if hmac.Equal(h.Sum(nil), mac) {
				return version, true
			}
		}
	}
	return 0, false
}

func digestOf(mac []byte) func() hash.Hash {
	switch len(mac) {
	case sha1.Size:
		return sha1.New
	case sha512.Size:
		return sha512.New
	}
	return nil
}

// forms are the canonical texts for one host, by version: 4 and 5 exist with
// SHA-512 alone.
func (m message) forms(host string, long bool) map[int]string {
	params := m.form
	if m.method == http.MethodGet || m.method == http.MethodDelete {
		params = m.query
	}
	forms := map[int]string{undated: lines(m.method, host, m.path, canonical(params))}
	if m.date == "" {
		return forms
	}
	forms[2] = lines(m.date, forms[undated])
	if long {
		forms[4] = lines(m.date, m.method, host, m.path, canonical(m.query), sum512(m.body))
		forms[5] = lines(forms[4], sum512(canonicalHeaders(m.header)))
	}
	return forms
}

func lines(all ...string) string { return strings.Join(all, "\n") }

func sum512(b []byte) string {
	sum := sha512.Sum512(b)
	return hex.EncodeToString(sum[:])
}

// canonical writes parameters the one way that is signed, whatever the wire had.
func canonical(params url.Values) string {
	var pairs []string
	for name, values := range params {
		for _, value := range values {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	// = sorts above letters and digits' escapes, as a name's end must not.
	slices.SortFunc(pairs, func(a, b string) int {
		an, av, _ := strings.Cut(a, "=")
		bn, bv, _ := strings.Cut(b, "=")
		if c := strings.Compare(an, bn); c != 0 {
			return c
		}
		return strings.Compare(av, bv)
	})
	return strings.Join(pairs, "&")
}

// escape encodes all but RFC 3986's unreserved characters.
func escape(text string) string {
	const upperHex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
		}
	}
	return b.String()
}

// canonicalHeaders are the X-Duo- headers as version 5 signs them.
func canonicalHeaders(header http.Header) []byte {
	var names []string
	for name := range header {
		if strings.HasPrefix(strings.ToLower(name), "x-duo-") {
			names = append(names, name)
		}
	}
	slices.Sort(names) // canonical names sort as lower-case ones do
	var parts [][]byte
	for _, name := range names {
		parts = append(parts, []byte(strings.ToLower(name)), []byte(strings.Join(header[name], ",")))
	}
	return bytes.Join(parts, []byte{0})
}

// dateOf is the date that a client may have signed, as sent.
func dateOf(header http.Header) string {
	if date := header.Get("X-Duo-Date"); date != "" {
		return date
	}
	return header.Get("Date")
}

// parseDate reads a date in the forms that clients send: +0000, -0000, GMT.
func parseDate(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC1123Z, text)
	if err != nil {
		at, err = http.ParseTime(text)
	}
	return at, err
}

// hostCandidates are the names that a client may have signed: that of the Host
// header as sent, in lower case and without its port, and the public ones,
// since a proxy may rewrite the header.
func hostCandidates(sent string, public []string) []string {
	var all []string
	for _, host := range append([]string{sent, strings.ToLower(sent)}, public...) {
		for _, name := range []string{host, withoutPort(host)} {
			if name != "" && !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}

func withoutPort(host string) string {
	u := url.URL{Host: host}
	if strings.Contains(u.Hostname(), ":") {
		return "[" + u.Hostname() + "]"
	}
	return u.Hostname()
}

// publicHosts are the host of a public URL and others, in lower case.
func publicHosts(publicURL string, others []string) []string {
	var all []string
	if u, err := url.Parse(publicURL); err == nil {
		all = append(all, strings.ToLower(u.Host))
	}
	for _, host := range others {
		all = append(all, strings.ToLower(host))
	}
	return all
}
