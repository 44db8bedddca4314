package duo

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"countersign/approvals"
	"countersign/enrolments"
)

// The Universal Prompt, a dialect of OpenID Connect:
//
//	POST health_check  the application asks whether it is known
//	GET  authorize     the browser comes with a request that the application
//	                   signed, and goes on to the waiting screen
//	GET  return        an approved browser comes back, and goes on with a code
//	POST token         the application trades the code for a signed identity
//
// Libraries take a code for a login without looking further, so there is one
// for an approval alone. What the browser has to bring back is in a cookie of
// its own, signed: no node keeps it.
const (
	pathHealth    = "/oauth/v1/health_check"
	pathAuthorize = "/oauth/v1/authorize"
	pathReturn    = "/oauth/v1/return"
	pathToken     = "/oauth/v1/token"
)

func (s *Server) routeUniversal() {
	s.mux.HandleFunc("POST "+pathHealth, s.healthCheck)
	s.mux.HandleFunc("GET "+pathAuthorize, s.authorize)
	s.mux.HandleFunc("GET "+pathReturn, s.goBack)
	s.mux.HandleFunc("POST "+pathToken, s.token)
}

// Bounds of what an application sends along, in bytes.
const (
	minState    = 16
	maxState    = 1024
	maxNonce    = 1024
	maxRedirect = 1024
)

// assertion is how an application proves itself to health_check and token.
type assertion struct {
	Iss string   `json:"iss"`
	Sub string   `json:"sub"`
	Aud audience `json:"aud"`
	Exp seconds  `json:"exp"`
	Jti string   `json:"jti"`
}

// proveApplication checks a client's assertion for one path, once, and returns
// the host that the client knows the server by.
func (s *Server) proveApplication(ctx context.Context, clientID, token, path string) (i enrolments.Integration, app enrolments.Application, host string, err error) {
	i, app, err = s.client(ctx, clientID)
	if err != nil {
		return i, app, "", err
	}
	var a assertion
	if err := verifyToken(i.Secret, token, &a); err != nil {
		return i, app, "", err
	}
	host, ok := s.hostOf(string(a.Aud), path)
	if !ok || a.Iss != clientID || a.Sub != clientID || !a.Exp.soon(s.now()) || a.Jti == "" {
		return i, app, "", errToken
	}
	err = s.config.Approvals.Once(ctx, enrolments.PersonID("duo-"+clientID), "jti-"+named(a.Jti))
	if errors.Is(err, approvals.ErrReplayed) {
		err = errToken
	}
	return i, app, host, err
}

// client finds an integration that is not disabled; errToken.
func (s *Server) client(ctx context.Context, clientID string) (enrolments.Integration, enrolments.Application, error) {
	key, err := enrolments.ParseIntegrationKey(clientID)
	if err != nil {
		return enrolments.Integration{}, enrolments.Application{}, errToken
	}
	i, app, err := s.config.Enrolments.Integration(ctx, key)
	if errors.Is(err, enrolments.ErrUnauthorized) || err == nil && i.Policy.Disabled {
		return enrolments.Integration{}, enrolments.Application{}, errToken
	}
	return i, app, err
}

// hostOf finds the public host that an audience names.
func (s *Server) hostOf(aud, path string) (host string, ok bool) {
	for _, host := range s.hosts {
		if strings.EqualFold(aud, "https://"+host+path) {
			// As the client wrote it: it compares what comes back exactly.
			return strings.TrimSuffix(strings.TrimPrefix(aud, "https://"), path), true
		}
	}
	return "", false
}

// healthReply is the answer to an application that is known.
type healthReply struct {
	Timestamp int64 `json:"timestamp"`
}

type healthProblem struct {
	problem
	Timestamp int64 `json:"timestamp"`
}

func (s *Server) healthCheck(w http.ResponseWriter, r *http.Request) {
	in, err := formOf(w, r)
	if err == nil {
		_, _, _, err = s.proveApplication(r.Context(), in.Get("client_id"), in.Get("client_assertion"), pathHealth)
	}
	switch {
	case err == nil:
		s.reply(w, asJSON, healthReply{s.now().Unix()}, nil)
	case errors.Is(err, errToken), errors.Is(err, errParameter):
		p := problem{"FAIL", 40002, "invalid_client", "The provided client_assertion was invalid."}
		s.write(w, asJSON, http.StatusBadRequest, healthProblem{p, s.now().Unix()})
	default:
		s.reply(w, asJSON, nil, err)
	}
}

// formOf reads parameters from body and query: one library puts the body's into
// the query.
func formOf(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return nil, detail(errParameter, "the form cannot be read")
	}
	return r.Form, nil
}

// request is what an application signs for the browser to bring.
type request struct {
	ResponseType string   `json:"response_type"`
	Scope        string   `json:"scope"`
	ClientID     string   `json:"client_id"`
	Iss          string   `json:"iss"`
	Aud          audience `json:"aud"`
	Exp          seconds  `json:"exp"`
	RedirectURI  string   `json:"redirect_uri"`
	State        string   `json:"state"`
	User         string   `json:"duo_uname"`
	// DuoCode names the parameter that the code goes back in: duo_code unless
	// it is false.
	DuoCode *bool  `json:"use_duo_code_attribute"`
	Nonce   string `json:"nonce"`
}

// check refuses a request that is not its client's, or not for this server.
func (q request) check(clientID string, app enrolments.Application, now time.Time) error {
	switch {
	case q.ClientID != clientID, q.Iss != "" && q.Iss != clientID, !q.Exp.soon(now):
		return errToken
	case q.ResponseType != "code", !slices.Contains(strings.Fields(q.Scope), "openid"):
		return errToken
	case len(q.State) < minState, len(q.State) > maxState, len(q.Nonce) > maxNonce, !utf8.ValidString(q.State + q.Nonce):
		return errToken
	case len(q.RedirectURI) > maxRedirect, !app.Allows(q.RedirectURI):
		return errRedirect
	}
	return nil
}

// errRedirect: the redirect URI is not registered for the application.
var errRedirect = errors.New("the redirect URI is not one of the application's return URLs")

// flow is what the browser keeps for the way back.
type flow struct {
	Approval    approvals.ID `json:"a"`
	RedirectURI string       `json:"r"`
	State       string       `json:"s"`
	Nonce       string       `json:"n,omitempty"`
	User        string       `json:"u"`
	PlainCode   bool         `json:"p,omitempty"`
}

// maxFlow bounds the cookie's value, in bytes: browsers take 4096 with its name.
const maxFlow = 3900

// flowLife is that of the cookie: no approval lives longer, with its time to be
// redeemed.
const flowLife = enrolments.MaxTTL + approvals.RedeemWithin

// flowCookie is the name of an approval's cookie; the prefix keeps other hosts
// from setting it.
func flowCookie(clientID string, id approvals.ID) string {
	return "__Host-duo-" + clientID + "-" + string(id)
}

func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	clientID := q.Get("client_id")
	i, app, err := s.client(r.Context(), clientID)
	if err != nil {
		s.page(w, err)
		return
	}
	var asked request
	if err = verifyToken(i.Secret, q.Get("request"), &asked); err == nil {
		if asked.Nonce == "" {
			asked.Nonce = q.Get("nonce")
		}
		err = asked.check(clientID, app, s.now())
	}
	host, ok := s.hostOf(string(asked.Aud), "")
	if err == nil && !ok {
		err = errToken
	}
	if err != nil {
		s.page(w, err)
		return
	}
	c := &call{integration: i, app: app, params: url.Values{}, dated: true, name: named(clientID, q.Get("request"), asked.Nonce)}
	to, cookie, err := s.begin(r, c, asked, host)
	if err != nil {
		s.page(w, err)
		return
	}
	if cookie != nil {
		http.SetCookie(w, cookie)
	}
	leave(w, r, to)
}

// leave sends a browser on; nothing of this address goes with it.
func leave(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, to, http.StatusFound)
}

// begin asks for the sign-in and says where the browser goes. The same request
// again finds the same approval: a page that is loaded twice asks once.
func (s *Server) begin(r *http.Request, c *call, asked request, host string) (to string, cookie *http.Cookie, err error) {
	user, err := s.config.Enrolments.UserOf(r.Context(), c.integration, asked.User)
	if err != nil {
		return "", nil, errNobody
	}
	back := "https://" + host + pathReturn
	app := c.app
	app.ReturnURLs = []string{back}
	got, err := s.config.Approvals.Request(r.Context(), app, approvals.Request{
		User: user, ReturnURL: back, Seed: s.seed(c.integration, c.name),
		Key: "duo-" + c.name, Fingerprint: sha256.Sum256([]byte(c.name)),
		Context: approvals.Context{
			IP: showAddress(s.config.ClientAddress(r)), Browser: s.config.BrowserName(r.UserAgent()),
		},
	})
	switch {
	case errors.Is(err, enrolments.ErrNotFound), errors.Is(err, approvals.ErrNothingUsable):
		return "", nil, errNobody
	case err != nil:
		return "", nil, err
	case got.Next == approvals.Enrol:
		return s.setUpURL(got.Pairing, got.SetUpToken), nil, nil
	}
	cookie, err = s.flowOf(c, got.ID, asked)
	to = s.config.PublicURL + "/waiting/" + string(got.ID) + "#" + got.Token.Reveal()
	if got.Next == approvals.Done {
		to = approvals.ReturnTo(got.Approval, got.Token)
	}
	return to, cookie, err
}

// errNobody: the name is nobody's who may sign in.
var errNobody = errors.New("nobody of that name can sign in here")

func (s *Server) flowOf(c *call, id approvals.ID, asked request) (*http.Cookie, error) {
	value, err := sealText(c.integration.Secret, "countersign-duo-flow", flow{
		Approval: id, RedirectURI: asked.RedirectURI, State: asked.State, Nonce: asked.Nonce, User: asked.User,
		PlainCode: asked.DuoCode != nil && !*asked.DuoCode,
	})
	if err == nil && len(value) > maxFlow {
		err = errToken // browsers would drop it
	}
	return &http.Cookie{
		Name: flowCookie(string(c.integration.Key), id), Value: value, Path: "/", MaxAge: int(flowLife / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}, err
}

// code is what the browser takes to the application: the approval's own result
// code, and what the answer has to say. It is spent with the approval's.
type code struct {
	Approval approvals.ID `json:"a"`
	Result   string       `json:"c"`
	Redirect string       `json:"r"` // a hash: the URI itself is in the request
	Nonce    string       `json:"n,omitempty"`
	User     string       `json:"u"`
}

// goBack takes a browser to the application: an approved one with a code,
// another with an error.
func (s *Server) goBack(w http.ResponseWriter, r *http.Request) {
	to, name, err := s.wayBack(r)
	if err != nil {
		s.page(w, err)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true})
	leave(w, r, to)
}

func (s *Server) wayBack(r *http.Request) (to, cookie string, err error) {
	q := r.URL.Query()
	id, err := approvals.ParseID(q.Get("approval_id"))
	if err != nil {
		return "", "", errToken
	}
	i, f, cookie, err := s.flowIn(r, id)
	if err != nil {
		return "", "", err
	}
	result := enrolments.SecretOf(q.Get("result_code"))
	a, err := s.config.Approvals.Read(r.Context(), i.Application, id)
	if err == nil && !q.Has("result_code") && a.Final() && a.State != approvals.Approved {
		// RFC 6749, section 4.1.2.1: the application is told, and can begin anew.
		return f.back("error", "access_denied"), cookie, nil
	}
	if errors.Is(err, approvals.ErrNotFound) || err == nil && (a.State != approvals.Approved || !a.Result.Is(result.Hash())) {
		return "", "", errToken
	}
	if err != nil {
		return "", "", err
	}
	made, err := sealText(i.Secret, "countersign-duo-code", code{id, result.Reveal(), named(f.RedirectURI), f.Nonce, f.User})
	if err != nil {
		return "", "", err
	}
	return f.back(map[bool]string{true: "code", false: "duo_code"}[f.PlainCode], made), cookie, nil
}

// flowIn finds the cookie of an approval and whose it is.
func (s *Server) flowIn(r *http.Request, id approvals.ID) (i enrolments.Integration, f flow, name string, err error) {
	for _, cookie := range r.Cookies() {
		clientID, ok := strings.CutPrefix(strings.TrimSuffix(cookie.Name, "-"+string(id)), "__Host-duo-")
		if !ok || cookie.Name != flowCookie(clientID, id) {
			continue
		}
		i, _, err = s.client(r.Context(), clientID)
		if err == nil {
			err = openText(i.Secret, "countersign-duo-flow", cookie.Value, &f)
		}
		if err == nil && f.Approval != id {
			err = errToken
		}
		return i, f, cookie.Name, err
	}
	return i, f, "", errToken
}

// back is the redirect URI with the state, and what came of it, in its query.
func (f flow) back(name, value string) string {
	u, err := url.Parse(f.RedirectURI)
	if err != nil {
		return "" // it was parsed when it was allowed
	}
	q := u.Query()
	q.Set("state", f.State)
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// page tells a browser that it cannot go on.
func (s *Server) page(w http.ResponseWriter, err error) {
	status, text := http.StatusInternalServerError, "This sign-in could not be started just now. Go back and try again."
	switch {
	case errors.Is(err, errToken):
		status, text = http.StatusBadRequest, "This sign-in is not valid any more. Go back to where you were signing in, and start again."
	case errors.Is(err, errRedirect):
		status, text = http.StatusBadRequest, "The application did not name one of its registered return URLs. Its administrator can add it."
	case errors.Is(err, errNobody):
		status, text = http.StatusForbidden, "You cannot sign in here. Ask your administrator."
	case errors.Is(err, approvals.ErrLocked):
		status, text = http.StatusForbidden, sentences[refusedLocked]
	case errors.Is(err, approvals.ErrBusy):
		status, text = http.StatusTooManyRequests, "Too many sign-ins at once. Wait a moment, then try again."
	default:
		s.config.Log.Error("a sign-in of the Universal Prompt failed", "error", err)
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(text + "\n"))
}
