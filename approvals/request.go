package approvals

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"time"

	"countersign/enrolments"
)

// Request is what an application asks.
type Request struct {
	// User is the application's stable name for the person: 1–128 characters.
	User    string
	Context Context
	// Role is what the person is to the application, by its own word; empty for
	// none. The policy says whether it needs a second factor.
	Role string
	// Trusted is the token of a trusted browser; zero for none. One that is no
	// good is as good as none.
	Trusted enrolments.Secret
	// ReturnURL is where the browser goes afterwards; empty for nowhere.
	ReturnURL string
	// TTL is the life asked for; zero for the policy's. MinTTL–MaxTTL.
	TTL time.Duration
	// Seed makes the waiting token: 32 bytes that only the application or
	// chance knows. The same Seed and approval make the same token, which is
	// how a repeated request can be answered although only hashes are kept.
	Seed [32]byte
	// WithoutScript says that the person's browser runs no scripts: it is let in
	// by an entry, see Requested.
	WithoutScript bool
	// Key and Fingerprint recognise a repeated request; no Key, no repetition.
	Key         string
	Fingerprint enrolments.Hash
	// Number is one of 2 to 6 digits that the person has been shown already;
	// empty draws one.
	Number string
	// NoNumber asks without a number, for a client that has nowhere to show
	// one: a phone may then approve blindly, so its policy has to allow it.
	NoNumber bool
	// CodesOnly asks no phone: the person has a code to type.
	CodesOnly bool
}

// Context is what the person will be shown, each at most 256 characters.
type Context struct {
	IP        string // an address, or empty
	Location  string
	Browser   string // e.g. "Chrome on Windows"
	Action    string
	Reference string
}

// Requested is the answer to a Request.
type Requested struct {
	Approval
	// Repeated is true when Key was known: this is the earlier approval.
	Repeated bool
	// Token is what the waiting screen authenticates with. Entry, for a browser
	// without script, is what Enter makes it from.
	Token, Entry enrolments.Secret
	// Pairing is set when Next is Enrol, and when it is Done since nothing was
	// required; with it SetUpToken or, without script, SetUpEntry.
	Pairing                enrolments.Pairing
	SetUpToken, SetUpEntry enrolments.Secret
	// RequiredFrom is when a second factor will be required of a person who was
	// let in without one; zero for never, and for everybody else.
	RequiredFrom time.Time
}

// display is what a phone shows; the order of the members is the order shown.
type display struct {
	Application string `json:"application"`
	User        string `json:"user"`
	Action      string `json:"action"`
	Location    string `json:"location"`
	IP          string `json:"ip"`
	Browser     string `json:"browser"`
	Reference   string `json:"reference"`
	Time        string `json:"time"`
}

// Request creates an approval and wakes the person's phones.
func (s *Service) Request(ctx context.Context, app enrolments.Application, r Request) (Requested, error) {
	if err := r.check(app); err != nil {
		return Requested{}, err
	}
	e, err := s.config.People.Person(ctx, r.User)
	if errors.Is(err, enrolments.ErrNotFound) {
		e.CreatedAt, err = s.now(), nil
	}
	switch {
	case err != nil:
		return Requested{}, err
	case e.Empty() && !app.Policy.FirstSignIn:
		return Requested{}, enrolments.ErrNotFound
	case e.Empty():
		return s.requestFirst(ctx, app, r, e.CreatedAt)
	case !usable(e, app.Policy.Methods):
		return Requested{}, ErrNothingUsable
	}
	trusted, err := s.trusted(ctx, app, e, r)
	switch {
	case err != nil:
		return Requested{}, err
	case trusted:
		return s.requestTrusted(ctx, app, e, r)
	}
	return s.request(ctx, app, e, r)
}

// usable reports whether something that the person has set up could settle an
// approval by one of methods.
func usable(e enrolments.Enrolment, methods []Method) bool {
	return slices.ContainsFunc(methods, func(m Method) bool {
		switch m {
		case ByPush:
			return len(e.Phones) > 0
		case ByTOTP:
			return e.Authenticators > 0
		case ByRecoveryCode:
			return e.RecoveryCodes > 0
		}
		return false
	})
}

// check refuses what is out of bounds and normalises what will be shown.
func (r *Request) check(app enrolments.Application) (err error) {
	for _, text := range []struct {
		what  string
		value *string
	}{
		{"context.location", &r.Context.Location}, {"context.user_agent", &r.Context.Browser},
		{"context.action", &r.Context.Action}, {"context.reference", &r.Context.Reference},
	} {
		if *text.value, err = enrolments.ParseText(text.what, *text.value, enrolments.MaxText); err != nil {
			return err
		}
	}
	if r.User, err = enrolments.ParseName("user", r.User, enrolments.MaxUser); err != nil {
		return err
	}
	if r.Role != "" {
		if r.Role, err = enrolments.ParseRole(r.Role); err != nil {
			return err
		}
	}
	if r.Context.IP != "" {
		// A zone is any text, and would be shown as it came.
		if addr, err := netip.ParseAddr(r.Context.IP); err != nil || addr.Zone() != "" {
			return fmt.Errorf("%w: context.ip is not an IP address", enrolments.ErrInvalid)
		}
	}
	if r.TTL == 0 {
		r.TTL = app.Policy.TTL
	}
	if r.TTL < enrolments.MinTTL || r.TTL > enrolments.MaxTTL {
		return fmt.Errorf("%w: ttl is %d; it takes 30 to 300 seconds", enrolments.ErrInvalid, int(r.TTL/time.Second))
	}
	if err := mayReturn(app, r.ReturnURL); err != nil {
		return err
	}
	return r.checkNumber()
}

func (r *Request) checkNumber() error {
	if r.Number == "" {
		return nil
	}
	if r.NoNumber || len(r.Number) < 2 || len(r.Number) > 6 || strings.Trim(r.Number, "0123456789") != "" {
		return fmt.Errorf("%w: a number has 2 to 6 digits", enrolments.ErrInvalid)
	}
	return nil
}

// number is what the person will have to type; empty for nothing.
func (r *Request) number(digits int) (string, error) {
	if r.NoNumber || r.Number != "" {
		return r.Number, nil
	}
	return newNumber(digits)
}

func (s *Service) request(ctx context.Context, app enrolments.Application, e enrolments.Enrolment, r Request) (Requested, error) {
	n, err := s.build(app, e, r)
	if err != nil {
		return Requested{}, err
	}
	s.offer(&n, e, app.Policy, r.Role)
	return s.create(ctx, n, e, r)
}

// create makes an approval pending and wakes the person's phones.
func (s *Service) create(ctx context.Context, n New, e enrolments.Enrolment, r Request) (Requested, error) {
	created, err := s.config.Store.Create(ctx, n)
	if err != nil {
		return Requested{}, err
	}
	a := created.Approval
	out := Requested{Approval: a, Repeated: created.Repeated}
	out.Token, out.Entry = r.secrets(a.ID)
	if created.Repeated {
		return s.repeated(out)
	}
	s.expireLater(a)
	if a.Next == Wait {
		s.wake(ctx, a, e.Phones)
	}
	s.auditRequested(ctx, created, n.CodeOnly)
	return out, nil
}

func (s *Service) auditRequested(ctx context.Context, c Created, codeOnly bool) {
	detail := c.Purpose.aside() + string(c.Next)
	if c.Next == Wait && c.Number == "" && c.Purpose != ForCaller {
		detail += ", without a number"
	}
	s.audit(ctx, c.Approval, enrolments.EventApprovalRequested, "", detail)
	if c.Next == CodeOnly && !codeOnly {
		s.audit(ctx, c.Approval, enrolments.EventPushHeld, "", "too many requests; codes only until a quiet time")
	}
	if c.Replaced != "" {
		old := c.Approval
		old.ID, old.State, old.Reason, old.Method = c.Replaced, Withdrawn, Replaced, ""
		old.Display = "" // what the older one showed is not known here
		s.auditSettled(ctx, old)
	}
}

// repeated answers an idempotent repetition, if the caller can still make the
// token of the first.
func (s *Service) repeated(out Requested) (Requested, error) {
	if !out.Waiting.Is(out.Token.Hash()) {
		return Requested{}, ErrIdempotency
	}
	return out, nil
}

// build makes the approval of a request, all but its fate.
func (s *Service) build(app enrolments.Application, e enrolments.Enrolment, r Request) (New, error) {
	id, p := NewID(e.ID), app.Policy
	token, _ := r.secrets(id)
	number, err := r.number(p.NumberDigits)
	if err != nil {
		return New{}, err
	}
	action := r.Context.Action
	if action == "" {
		action = "Sign in"
	}
	shown, err := json.Marshal(display{
		Application: app.Name, User: e.User, Action: action, Location: r.Context.Location,
		IP: r.Context.IP, Browser: r.Context.Browser, Reference: r.Context.Reference,
		Time: s.now().Format(time.RFC3339),
	})
	if err != nil {
		return New{}, err
	}
	barred := barring(e, p, r)
	n := New{
		ID: id, Application: app.ID, ApplicationName: app.Name, Logo: app.Logo, Person: e.ID, User: e.User,
		ReturnURL: r.ReturnURL, Display: string(shown), Nonce: newAnswerNonce(p.RequireVerification, r.NoNumber), Number: number,
		Waiting: token.Hash(), Result: resultCode(token, id).Hash(),
		CodeOnly: barred != "", Barred: barred, TTL: r.TTL, Takes: p.Methods, TrustFor: trustFor(e, p), Role: r.Role,
		NumberTries: p.NumberTries, CodeTries: p.CodeTries, Resends: p.Resends,
		Budget: budgetOf(p), Key: r.Key, Fingerprint: r.Fingerprint,
	}
	for _, phone := range e.Phones {
		n.Phones = append(n.Phones, AskedPhone{ID: phone.ID, Name: phone.Name, Sent: firstSent(phone)})
	}
	return n, nil
}

// trustFor is how long the person may trust a browser: not at all until an
// administrator has looked.
func trustFor(e enrolments.Enrolment, p enrolments.Policy) time.Duration {
	if e.PushLocked {
		return 0
	}
	return p.TrustFor
}

// barring is why none of the person's phones may be asked; empty where they may.
func barring(e enrolments.Enrolment, p enrolments.Policy, r Request) Cause {
	switch {
	case r.CodesOnly || !slices.Contains(p.Methods, ByPush):
		return ByPolicy
	case len(e.Phones) == 0:
		return NoPhone
	case e.PushLocked:
		return Locked
	}
	return ""
}

func budgetOf(p enrolments.Policy) Budget { return Budget{Limit: p.PushLimit, Window: p.PushWindow} }

// requestFirst answers for a person who has nothing set up: they are led to
// set-up, or let in with set-up offered where the policy does not require it.
// The approval exists to be found in the trail; it is settled at once. since is
// when the person was first seen.
func (s *Service) requestFirst(ctx context.Context, app enrolments.Application, r Request, since time.Time) (Requested, error) {
	required := app.Policy.Requires(r.Role, since, s.now())
	how, next := Settlement{State: Withdrawn, Reason: NeedsEnrol}, Enrol
	if !required {
		how, next = Settlement{State: Approved, Method: NotRequired}, Done
	}
	// Refused when something was set up this very moment, for nobody is let in
	// beside it; and after a report: whoever made their person report has the
	// password, which must not be enough because a stolen phone was taken away.
	out, err := s.openFirst(ctx, r, enrolments.Opening{
		User: r.User, Application: app.ID, ReturnURL: r.ReturnURL, SigningIn: required, Held: true,
	})
	if err != nil {
		return Requested{}, err
	}
	r.Key = ""
	n, err := s.build(app, enrolments.Enrolment{Person: enrolments.Person{ID: out.Pairing.Person, User: out.Pairing.User}}, r)
	if err != nil {
		return Requested{}, err
	}
	created, err := s.config.Store.Create(ctx, n)
	if err != nil {
		return Requested{}, err
	}
	a, err := s.config.Store.Settle(ctx, created.ID, how)
	if err != nil {
		return Requested{}, err
	}
	a.Next, created.Next = next, next
	s.auditRequested(ctx, created, true)
	s.auditSettled(ctx, a)
	out.Approval = a
	out.Token, out.Entry = r.secrets(a.ID)
	if !required {
		out.RequiredFrom, _ = app.Policy.RequiredAt(r.Role, since)
	}
	return out, nil
}

// openFirst opens the set-up of a person who has nothing.
func (s *Service) openFirst(ctx context.Context, r Request, o enrolments.Opening) (out Requested, err error) {
	if r.WithoutScript {
		out.Pairing, out.SetUpEntry, err = s.config.People.OpenPairingToEnter(ctx, o)
	} else {
		out.Pairing, out.SetUpToken, err = s.config.People.OpenPairing(ctx, o)
	}
	return out, err
}

// waitingToken derives the browser's secret of one approval.
func waitingToken(seed [32]byte, id ID) enrolments.Secret {
	return derive(seed[:], "countersign-waiting\x00"+string(id))
}

// resultCode derives what the browser brings back: only who held the waiting
// token can know it, and it says nothing about the token.
func resultCode(token enrolments.Secret, id ID) enrolments.Secret {
	return derive([]byte(token.Reveal()), "countersign-result\x00"+string(id))
}

func derive(key []byte, label string) enrolments.Secret {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(label))
	return enrolments.SecretOf(base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
}

// How nonces begin. Each approval says in its nonce what an approving answer
// needs: that the phone verified its person (uv), and a number unless there is
// a 0. The nonce is in every answer and compared in the store's step, so the
// demand cannot be lost on the way, or taken for another.
const (
	numbered, numberless                 = "n-", "n0-"
	verifiedNumbered, verifiedNumberless = "uv-", "uv0-"
)

// NeedsVerification reports whether an approval with this nonce asks the phone
// to verify its person.
func NeedsVerification(nonce string) bool {
	return strings.HasPrefix(nonce, verifiedNumbered) || strings.HasPrefix(nonce, verifiedNumberless) ||
		strings.HasPrefix(nonce, verifiedNotice)
}

// withoutNumber reports whether an approval with this nonce is approved without
// a number.
func withoutNumber(nonce string) bool {
	return strings.HasPrefix(nonce, numberless) || strings.HasPrefix(nonce, verifiedNumberless)
}

// newAnswerNonce makes a nonce that says what an approving answer needs.
func newAnswerNonce(verification, noNumber bool) string {
	switch {
	case verification && noNumber:
		return verifiedNumberless + newNonce()
	case verification:
		return verifiedNumbered + newNonce()
	case noNumber:
		return numberless + newNonce()
	}
	return numbered + newNonce()
}

func newNonce() string {
	raw := make([]byte, 16)
	rand.Read(raw) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(raw)
}

// newNumber draws evenly among the numbers of that many digits that do not
// begin with 0, which people drop.
func newNumber(digits int) (string, error) {
	low := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits-1)), nil)
	n, err := rand.Int(rand.Reader, new(big.Int).Mul(low, big.NewInt(9)))
	if err != nil {
		return "", err
	}
	return n.Add(n, low).String(), nil
}
