package api

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"

	"countersign/approvals"
	"countersign/enrolments"
)

// guard finds out who sent a request, or refuses it.
type guard[W any] struct {
	// scheme names the security scheme in the OpenAPI document; empty for none.
	scheme string
	// problems are the kinds that the guard itself answers with.
	problems []string
	// absent is what enrolments.ErrNotFound means behind this guard.
	absent error
	know   func(r *http.Request, body []byte) (W, error)
}

// anyone is whoever asks.
type anyone struct{}

// caller is an application that presented its key.
type caller struct {
	enrolments.Application
	secret enrolments.Secret
	// body is the request's, as it came.
	body []byte
}

// screen is a waiting screen that presented its token.
type screen struct {
	approvals.Approval
	token enrolments.Secret
}

// setUp is a browser that presented a set-up token.
type setUp struct {
	enrolments.Pairing
	token enrolments.Secret
}

func (a *API) anyone() guard[anyone] {
	return guard[anyone]{know: func(*http.Request, []byte) (anyone, error) { return anyone{}, nil }}
}

func (a *API) application() guard[caller] {
	return guard[caller]{scheme: "applicationKey", problems: []string{"unauthorized", "too-many-requests"}, know: a.knowApplication}
}

func (a *API) knowApplication(r *http.Request, body []byte) (caller, error) {
	token, err := bearer(r.Header)
	if err != nil {
		return caller{}, err
	}
	key, err := enrolments.ParseAPIKey(token)
	if err != nil {
		return caller{}, err
	}
	app, err := a.config.Enrolments.Authenticate(r.Context(), key)
	return caller{app, key.Secret, body}, err
}

func (a *API) screen() guard[screen] {
	return guard[screen]{
		scheme: "waitingToken", problems: []string{"unauthorized", "origin-refused", "too-many-requests"},
		know: func(r *http.Request, _ []byte) (screen, error) {
			token, err := bearer(r.Header)
			if err != nil {
				return screen{}, err
			}
			return a.knowScreen(r, token)
		},
	}
}

// knowScreen checks a waiting token, then the origin of the page: who has no
// token learns nothing of origins.
func (a *API) knowScreen(r *http.Request, token string) (screen, error) {
	// Cloned: id and token outlive the request, its lines must not.
	id, err := approvals.ParseID(strings.Clone(r.PathValue("id")))
	if err != nil {
		return screen{}, enrolments.ErrUnauthorized
	}
	s := screen{token: enrolments.SecretOf(strings.Clone(token))}
	if s.Approval, err = a.config.Approvals.Waiting(r.Context(), id, s.token); err != nil {
		return screen{}, err
	}
	return s, a.checkOrigin(r, s.Application)
}

// isOwn reports whether a request is of the server's own pages. One without an
// Origin is not from a page's script, or is from the page's own server.
func (a *API) isOwn(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	return len(origins) == 0 || (len(origins) == 1 && origins[0] == a.origin)
}

// checkOrigin refuses pages of strangers.
func (a *API) checkOrigin(r *http.Request, id enrolments.ApplicationID) error {
	if a.isOwn(r) {
		return nil
	}
	origins := r.Header.Values("Origin")
	app, err := a.config.Enrolments.Application(r.Context(), id)
	if errors.Is(err, enrolments.ErrNotFound) {
		return errOrigin
	}
	if err != nil {
		return err
	}
	if len(origins) != 1 || !app.HasOrigin(origins[0]) {
		return errOrigin
	}
	return nil
}

func (a *API) setUp() guard[setUp] {
	return guard[setUp]{scheme: "setUpToken", problems: []string{"unauthorized", "too-many-requests"}, absent: errPairing, know: a.knowSetUp}
}

func (a *API) knowSetUp(r *http.Request, _ []byte) (setUp, error) {
	text, err := bearer(r.Header)
	if err != nil {
		return setUp{}, err
	}
	id, token := r.PathValue("id"), enrolments.SecretOf(text)
	if len(id) != enrolments.IDSize {
		return setUp{}, enrolments.ErrUnauthorized
	}
	p, err := a.config.Enrolments.SetUp(r.Context(), enrolments.PairingID(id), token)
	return setUp{p, token}, err
}

// proof says what is asked of a phone beyond a proof that is good.
type proof struct {
	// inactive lets a phone in that is not confirmed yet.
	inactive bool
	// unspent leaves the proof to the handler, whose step spends it.
	unspent bool
}

func (a *API) phone(p proof) guard[enrolments.KnownPhone] {
	problems := []string{"phone-unknown", "proof-invalid", "proof-clock", "proof-replayed", "too-many-requests"}
	if !p.inactive {
		problems = append(problems, "phone-inactive")
	}
	return guard[enrolments.KnownPhone]{
		scheme: "phoneProof", problems: problems, absent: enrolments.ErrPhoneUnknown,
		know: func(r *http.Request, body []byte) (enrolments.KnownPhone, error) { return a.knowPhone(r, body, p) },
	}
}

func (a *API) knowPhone(r *http.Request, body []byte, p proof) (enrolments.KnownPhone, error) {
	values := r.Header.Values("Phone-Proof")
	if len(values) != 1 {
		return enrolments.KnownPhone{}, enrolments.ErrRequestProof
	}
	phone, err := a.config.Enrolments.KnowPhone(r.Context(), enrolments.SignedRequest{
		Proof: values[0], Method: r.Method, URL: a.config.PublicURL + r.URL.EscapedPath(), Body: body,
	})
	switch {
	case err != nil:
		return phone, err
	case !phone.Active && !p.inactive:
		return phone, enrolments.ErrPhoneInactive
	case p.unspent:
		return phone, nil
	}
	return phone, a.config.Approvals.SpendProof(r.Context(), phone)
}

// bearer reads the one Authorization header; whatever is not a bearer token is
// as good as a wrong one.
func bearer(h http.Header) (string, error) {
	values := h.Values("Authorization")
	if len(values) != 1 {
		return "", enrolments.ErrUnauthorized
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || !isToken(token) {
		return "", enrolments.ErrUnauthorized
	}
	return token, nil
}

// isToken reports whether text could be one of our keys and tokens.
func isToken(text string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return text != "" && len(text) <= 128 && strings.Trim(text, alphabet) == ""
}

// isGuess reports whether err is what somebody who guesses gets.
func isGuess(err error) bool {
	return errors.Is(err, enrolments.ErrUnauthorized) || errors.Is(err, enrolments.ErrPhoneUnknown) ||
		errors.Is(err, enrolments.ErrRequestProof)
}

// seedOf makes the seed of an approval's waiting token: from the key that came
// with the request, so that the same request makes the same token although
// only its hash is kept, and that nobody without the application's key could.
func seedOf(secret enrolments.Secret, key string) [32]byte {
	return sha256.Sum256([]byte("countersign-seed\x00" + secret.Reveal() + "\x00" + key))
}
