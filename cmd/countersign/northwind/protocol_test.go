package northwind

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	apiKey = "cs_northwind_S3cretS3cretS3cretS3cretS3cretS3cretS3cretS"
	ana    = "ana@example.com"
)

// protocol is a Countersign server of the few answers that a test needs.
type protocol struct {
	*httptest.Server
	key *ecdsa.PrivateKey

	mu       sync.Mutex
	asked    []map[string]any // bodies of POST /v1/approvals
	redeemed []string         // result codes
	ended    []string         // people whose trust was ended
	secured  []map[string]any // bodies of POST /v1/security-pages
	keyCalls int

	ask    func() (int, any)
	state  map[string]string
	redeem func() (int, any)
	end    func() (int, any)
	pair   func() (int, any)
	claims map[string]any
	header map[string]any
}

func newProtocol(t *testing.T) *protocol {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &protocol{key: key, state: map[string]string{"state": "pending"}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/approvals", p.serveAsk)
	mux.HandleFunc("GET /v1/approvals/{id}", func(w http.ResponseWriter, r *http.Request) { answer(w, 200, p.state) })
	mux.HandleFunc("POST /v1/approvals/{id}/redeem", p.serveRedeem)
	mux.HandleFunc("DELETE /v1/people/{user}/trusted-browsers", p.serveEnd)
	mux.HandleFunc("POST /v1/security-pages", p.serveSecurity)
	mux.HandleFunc("POST /v1/pairings", func(w http.ResponseWriter, r *http.Request) {
		status, out := p.pair()
		answer(w, status, out)
	})
	mux.HandleFunc("GET /.well-known/jwks.json", p.serveKeys)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	p.ask = func() (int, any) {
		return 201, map[string]any{"id": "approval-1", "next": "wait", "waiting_url": p.URL + "/waiting/approval-1#token"}
	}
	p.pair = func() (int, any) {
		return 201, map[string]any{"id": "set-up-1", "set_up_url": p.URL + "/set-up/set-up-1#token"}
	}
	now := time.Now()
	p.header = map[string]any{"alg": "ES256", "typ": "countersign-result+jwt", "kid": "k1"}
	p.claims = map[string]any{"iss": p.URL, "aud": "northwind", "sub": ana, "txn": "approval-1", "method": "push",
		"iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix()}
	p.redeem = func() (int, any) {
		return 200, map[string]any{"result_token": p.token(t, p.key), "approval": map[string]any{"state": "approved"}}
	}
	return p
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func problem(kind string, status int) func() (int, any) {
	return func() (int, any) { return status, map[string]any{"type": "urn:countersign:problem:" + kind} }
}

func (p *protocol) serveSecurity(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if r.Header.Get("Authorization") != "Bearer "+apiKey || json.NewDecoder(r.Body).Decode(&body) != nil {
		answer(w, 401, map[string]any{"type": "urn:countersign:problem:unauthorized"})
		return
	}
	p.mu.Lock()
	p.secured = append(p.secured, body)
	p.mu.Unlock()
	if body["user"] == "ben@example.com" {
		answer(w, 404, map[string]any{"type": "urn:countersign:problem:person-not-found"})
		return
	}
	answer(w, 201, map[string]any{"id": "page-1", "security_url": p.URL + "/security/page-1#token"})
}

func (p *protocol) serveAsk(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+apiKey {
		answer(w, 401, map[string]any{"type": "urn:countersign:problem:unauthorized"})
		return
	}
	var body map[string]any
	json.NewDecoder(r.Body).Decode(&body)
	p.mu.Lock()
	p.asked = append(p.asked, body)
	p.mu.Unlock()
	status, out := p.ask()
	answer(w, status, out)
}

func (p *protocol) serveRedeem(w http.ResponseWriter, r *http.Request) {
	var body struct {
		ResultCode string `json:"result_code"`
	}
	json.NewDecoder(r.Body).Decode(&body)
	p.mu.Lock()
	p.redeemed = append(p.redeemed, r.PathValue("id")+" "+body.ResultCode)
	p.mu.Unlock()
	status, out := p.redeem()
	answer(w, status, out)
}

func (p *protocol) serveEnd(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.ended = append(p.ended, r.PathValue("user"))
	p.mu.Unlock()
	if p.end == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	status, out := p.end()
	answer(w, status, out)
}

// trusting hands out a token with every result from now on.
func (p *protocol) trusting(token string, endsAt time.Time) {
	whole := p.redeem
	p.redeem = func() (int, any) {
		status, out := whole()
		body := maps.Clone(out.(map[string]any))
		body["trusted_browser"] = map[string]any{"token": token, "ends_at": endsAt}
		return status, body
	}
}

func (p *protocol) serveKeys(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	p.keyCalls++
	p.mu.Unlock()
	point, _ := p.key.PublicKey.Bytes()
	answer(w, 200, map[string]any{"keys": []any{map[string]any{"kid": "k1", "kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}}})
}

func (p *protocol) token(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	header, _ := json.Marshal(p.header)
	claims, _ := json.Marshal(p.claims)
	signed := b64(header) + "." + b64(claims)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// spoil changes the token after it was made.
func (p *protocol) spoil(change func(string) string) {
	whole := p.redeem
	p.redeem = func() (int, any) {
		status, out := whole()
		body := maps.Clone(out.(map[string]any))
		body["result_token"] = change(body["result_token"].(string))
		return status, body
	}
}

// forge prolongs a token's life and keeps its signature.
func forge(token string) string {
	parts := strings.Split(token, ".")
	var claims map[string]any
	raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
	json.Unmarshal(raw, &claims)
	claims["exp"] = time.Now().Add(time.Hour).Unix()
	raw, _ = json.Marshal(claims)
	parts[1] = b64(raw)
	return strings.Join(parts, ".")
}
