package redisstore

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

var errWire = errors.New("redisstore: an entry in Redis cannot be read")

// maxDoc bounds an approval's immutable part, in bytes.
const maxDoc = 32 << 10

// doc is the part of an approval that never changes, as JSON.
type doc struct {
	Application     enrolments.ApplicationID `json:"app"`
	ApplicationName string                   `json:"app_name"`
	Logo            string                   `json:"logo,omitempty"`
	Purpose         approvals.Purpose        `json:"purpose,omitempty"`
	Person          enrolments.PersonID      `json:"person"`
	User            string                   `json:"user"`
	ReturnURL       string                   `json:"return_url,omitempty"`
	Display         string                   `json:"display"`
	Nonce           string                   `json:"nonce"`
	Number          string                   `json:"number,omitempty"`
	Waiting         []byte                   `json:"waiting"`
	Result          []byte                   `json:"result"`
	Phones          []docPhone               `json:"phones,omitempty"`
	Takes           []approvals.Method       `json:"takes,omitempty"`
	Role            string                   `json:"role,omitempty"`
	Offers          []approvals.Method       `json:"offers,omitempty"`
	EmailHint       string                   `json:"email_hint,omitempty"`
	Barred          approvals.Cause          `json:"barred,omitempty"`
	TrustMicros     int64                    `json:"trust_us,omitempty"`
	LifeMicros      int64                    `json:"life_us,omitempty"`
}

type docPhone struct {
	ID   enrolments.PhoneID `json:"id"`
	Name string             `json:"name"`
}

func docOf(n approvals.New) (string, error) {
	d := doc{
		Application: n.Application, ApplicationName: n.ApplicationName, Logo: n.Logo, Purpose: n.Purpose, Person: n.Person, User: n.User,
		ReturnURL: n.ReturnURL, Display: n.Display, Nonce: n.Nonce, Number: n.Number,
		Waiting: n.Waiting[:], Result: n.Result[:], Takes: n.Takes,
		Role: n.Role, Offers: n.Offers, EmailHint: n.EmailHint, Barred: n.Barred, TrustMicros: n.TrustFor.Microseconds(), LifeMicros: n.TTL.Microseconds(),
	}
	for _, p := range n.Phones {
		d.Phones = append(d.Phones, docPhone{p.ID, p.Name})
	}
	text, err := json.Marshal(d)
	if err == nil && len(text) > maxDoc {
		err = fmt.Errorf("redisstore: create: an approval of %d bytes, %d at most", len(text), maxDoc)
	}
	return string(text), err
}

// approvalOf puts the two parts of an approval together.
func approvalOf(id approvals.ID, line, text string) (approvals.Approval, error) {
	var d doc
	if err := json.Unmarshal([]byte(text), &d); err != nil || len(d.Waiting) != 32 || len(d.Result) != 32 {
		return approvals.Approval{}, errWire
	}
	a := approvals.Approval{
		ID: id, Application: d.Application, ApplicationName: d.ApplicationName, Logo: d.Logo, Purpose: d.Purpose, Person: d.Person, User: d.User,
		ReturnURL: d.ReturnURL, Display: d.Display, Nonce: d.Nonce, Number: d.Number,
		Waiting: enrolments.Hash(d.Waiting), Result: enrolments.Hash(d.Result), Takes: d.Takes,
		Role: d.Role, Offers: d.Offers, EmailHint: d.EmailHint, Barred: d.Barred, TrustFor: time.Duration(d.TrustMicros) * time.Microsecond, TTL: time.Duration(d.LifeMicros) * time.Microsecond,
	}
	for _, p := range d.Phones {
		a.Phones = append(a.Phones, approvals.AskedPhone{ID: p.ID, Name: p.Name})
	}
	return withLine(a, line)
}

// withLine returns a with the mutable part that line holds; a's own phones are
// left as they are.
func withLine(a approvals.Approval, line string) (approvals.Approval, error) {
	r := reader{words: strings.Split(line, " ")}
	a.AsOf = r.time()
	r.number() // the clock's mark,
	r.number() // and how far it is ahead
	a.Expires = r.time()
	a.State = oneOf(&r, approvals.Pending, approvals.Approved, approvals.Denied, approvals.Expired, approvals.Withdrawn)
	a.Created = r.time()
	a.Next = oneOf(&r, approvals.Wait, approvals.CodeOnly)
	a.Version = r.number()
	a.Reason = approvals.Reason(r.text())
	a.Method = approvals.Method(r.text())
	a.SettledBy = enrolments.PhoneID(r.text())
	a.Settled = r.time()
	a.Redeemed = r.number() == 1
	a.NumberTries, a.CodeTries, a.Resends = int(r.number()), int(r.number()), int(r.number())
	a.Phones = r.facts(a.Phones)
	if r.bad || len(r.words) != 0 || a.Version < 1 || a.Created.IsZero() || a.Expires.IsZero() {
		return approvals.Approval{}, errWire
	}
	if a.State == approvals.Pending && !a.AsOf.Before(a.Expires) {
		a.State, a.Settled = approvals.Expired, a.Expires
	}
	return a, nil
}

// reader takes the words of a line one by one.
type reader struct {
	words []string
	bad   bool
}

func (r *reader) word() string {
	if len(r.words) == 0 {
		r.bad = true
		return ""
	}
	word := r.words[0]
	r.words = r.words[1:]
	return word
}

// text is a word of which "-" stands for none.
func (r *reader) text() string {
	word := r.word()
	if word == "-" {
		return ""
	}
	r.bad = r.bad || word == ""
	return word
}

func (r *reader) number() int64 {
	n, err := strconv.ParseInt(r.word(), 10, 64)
	r.bad = r.bad || err != nil
	return n
}

// time is whole microseconds; 0 stands for none.
func (r *reader) time() time.Time {
	n := r.number()
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

func oneOf[T ~string](r *reader, known ...T) T {
	word := T(r.word())
	for _, k := range known {
		if k == word {
			return k // word would keep the whole line
		}
	}
	r.bad = true
	return ""
}

// facts reads two characters a phone.
func (r *reader) facts(phones []approvals.AskedPhone) []approvals.AskedPhone {
	text := r.text()
	if len(text) != 2*len(phones) {
		r.bad = true
		return nil
	}
	if len(phones) == 0 {
		return nil
	}
	out := make([]approvals.AskedPhone, len(phones))
	for i, p := range phones {
		sent := strings.IndexByte(sentLetters, text[2*i])
		seen := strings.IndexByte("01", text[2*i+1])
		if sent < 0 || seen < 0 {
			r.bad = true
			return nil
		}
		p.Sent, p.Seen = sents[sent], seen == 1
		out[i] = p
	}
	return out
}

// Letters for approvals.Sent, in one order.
const sentLetters = "nasfw"

var sents = [...]approvals.Sent{"", approvals.Asking, approvals.Accepted, approvals.Failed, approvals.None}

// sentLetter is the letter of s; false for a word that is none of Sent's.
func sentLetter(s approvals.Sent) (string, bool) {
	for i, known := range sents {
		if known == s {
			return sentLetters[i : i+1], true
		}
	}
	return "", false
}

func factsOf(phones []approvals.AskedPhone) (string, error) {
	var out strings.Builder
	for _, p := range phones {
		letter, ok := sentLetter(p.Sent)
		if !ok {
			return "", fmt.Errorf("redisstore: create: unknown word %q about a phone", p.Sent)
		}
		out.WriteString(letter)
		out.WriteString(bit(p.Seen))
	}
	return orDash(out.String()), nil
}

func bit(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

func orDash[T ~string](text T) string {
	if text == "" {
		return "-"
	}
	return string(text)
}

func hashText(h enrolments.Hash) string { return base64.RawURLEncoding.EncodeToString(h[:]) }
