package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"countersign/mobile-stub/gateway"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t testing.TB, o gateway.Options) *gateway.Gateway {
	t.Helper()
	g, err := gateway.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// clientOf trusts g and speaks HTTP/2, unless changed.
func clientOf(t testing.TB, g *gateway.Gateway, certificates ...tls.Certificate) *http.Client {
	t.Helper()
	tr := &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{RootCAs: g.CertPool(), Certificates: certificates},
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

type answer struct {
	status int
	header http.Header
	body   string
}

func do(t testing.TB, c *http.Client, method, url string, header http.Header, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header.Clone()
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// signed is a JWT by a key in PKCS #8 PEM.
func signed(t testing.TB, pemKey []byte, header, claims map[string]any) string {
	t.Helper()
	block, _ := pem.Decode(pemKey)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	text := part(header) + "." + part(claims)
	digest := sha256.Sum256([]byte(text))
	var signature []byte
	switch key := key.(type) {
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	case *ecdsa.PrivateKey:
		r, s, e := ecdsa.Sign(rand.Reader, key, digest[:])
		if err = e; err == nil {
			signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func with(m map[string]any, name string, value any) map[string]any {
	changed := map[string]any{}
	for k, v := range m {
		changed[k] = v
	}
	changed[name] = value
	return changed
}

func serviceAccount(t testing.TB, g *gateway.Gateway) map[string]string {
	t.Helper()
	var a map[string]string
	if err := json.Unmarshal(g.Credentials.ServiceAccount, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func assertion(g *gateway.Gateway, a map[string]string) map[string]any {
	return map[string]any{
		"iss": a["client_email"], "aud": g.TokenURL,
		"scope": "https://www.googleapis.com/auth/firebase.messaging",
		"iat":   time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
}

func exchange(t testing.TB, g *gateway.Gateway, c *http.Client, jwt string) answer {
	t.Helper()
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {jwt}}
	return do(t, c, "POST", g.TokenURL, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form.Encode())
}

func TestTheTokenEndpointHoldsAssertionsToGooglesRules(t *testing.T) {
	g := start(t, gateway.Options{})
	c, a := clientOf(t, g), serviceAccount(t, g)
	key, good := []byte(a["private_key"]), assertion(g, a)
	header := map[string]any{"alg": "RS256", "typ": "JWT"}
	if got := exchange(t, g, c, signed(t, key, header, good)); got.status != 200 {
		t.Fatalf("good assertion: %d %s", got.status, got.body)
	}
	hour := time.Hour
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	cases := map[string]string{
		"another issuer":      signed(t, key, header, with(good, "iss", "evil@example.net")),
		"another audience":    signed(t, key, header, with(good, "aud", "https://oauth2.googleapis.com/token")),
		"another scope":       signed(t, key, header, with(good, "scope", "email")),
		"issued in future":    signed(t, key, header, with(with(good, "iat", at(hour)), "exp", at(2*hour))),
		"expired":             signed(t, key, header, with(with(good, "iat", at(-2*hour)), "exp", at(-hour))),
		"lives for two hours": signed(t, key, header, with(good, "exp", at(2*hour))),
		"no algorithm":        signed(t, key, map[string]any{"alg": "none"}, good),
		"another key":         signed(t, g.Credentials.APNsKey, header, good),
		"two parts":           "a.b",
		"nothing":             "",
	}
	for name, jwt := range cases {
		if got := exchange(t, g, c, jwt); got.status != 400 || got.header.Get("Gateway-Why") == "" {
			t.Errorf("%s: %d, why %q", name, got.status, got.header.Get("Gateway-Why"))
		}
	}
}

func accessToken(t testing.TB, g *gateway.Gateway, c *http.Client) string {
	t.Helper()
	a := serviceAccount(t, g)
	got := exchange(t, g, c, signed(t, []byte(a["private_key"]), map[string]any{"alg": "RS256"}, assertion(g, a)))
	var body struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(got.body), &body); err != nil || body.AccessToken == "" {
		t.Fatalf("no access token: %d %s", got.status, got.body)
	}
	return body.AccessToken
}

func TestFCMHoldsMessagesToItsRules(t *testing.T) {
	g := start(t, gateway.Options{})
	c := clientOf(t, g)
	header := http.Header{"Authorization": {"Bearer " + accessToken(t, g, c)}, "Content-Type": {"application/json"}}
	send := g.FCM + "/v1/projects/countersign-demo/messages:send"
	if got := do(t, c, "POST", send, header, `{"message":{"token":"abc","data":{"approval_id":"a"},
		"android":{"collapse_key":"a","priority":"high","ttl":"59.5s","notification":{"title_loc_key":"x"}}}}`); got.status != 200 {
		t.Fatalf("good message: %d %s", got.status, got.body)
	}
	cases := []struct {
		name, url, body string
		header          http.Header
		status          int
	}{
		{name: "no token", header: http.Header{"Content-Type": {"application/json"}}, status: 401},
		{name: "a token nobody gave", header: http.Header{"Authorization": {"Bearer x"}, "Content-Type": {"application/json"}}, status: 401},
		{name: "another project", url: g.FCM + "/v1/projects/other/messages:send", status: 404},
		{name: "another method", url: g.FCM + "/v1/projects/countersign-demo/messages:sendAll", status: 404},
		{name: "not JSON", body: `x`, status: 400},
		{name: "unknown member", body: `{"message":{"token":"abc","tokn":"x"}}`, status: 400},
		{name: "data that is no string", body: `{"message":{"token":"abc","data":{"n":1}}}`, status: 400},
		{name: "no recipient", body: `{"message":{"data":{"a":"b"}}}`, status: 400},
		{name: "two recipients", body: `{"message":{"token":"abc","topic":"x"}}`, status: 400},
		{name: "a token of another shape", body: `{"message":{"token":"a b"}}`, status: 400},
		{name: "priority", body: `{"message":{"token":"abc","android":{"priority":"urgent"}}}`, status: 400},
		{name: "ttl without unit", body: `{"message":{"token":"abc","android":{"ttl":"60"}}}`, status: 400},
		{name: "ttl in minutes", body: `{"message":{"token":"abc","android":{"ttl":"1m0s"}}}`, status: 400},
		{name: "ttl too long", body: `{"message":{"token":"abc","android":{"ttl":"2419201s"}}}`, status: 400},
		{name: "reserved key", body: `{"message":{"token":"abc","data":{"google.x":"y"}}}`, status: 400},
		{name: "too much data", body: `{"message":{"token":"abc","data":{"x":"` + strings.Repeat("y", 4096) + `"}}}`, status: 400},
		{name: "a body beyond reason", body: `{"message":{"token":"` + strings.Repeat("y", 70<<10) + `"}}`, status: 400},
	}
	for _, tc := range cases {
		if tc.url == "" {
			tc.url = send
		}
		if tc.header == nil {
			tc.header = header
		}
		if tc.body == "" {
			tc.body = `{"message":{"token":"abc"}}`
		}
		got := do(t, c, "POST", tc.url, tc.header, tc.body)
		if got.status != tc.status || got.header.Get("Gateway-Why") == "" {
			t.Errorf("%s: %d, why %q, want %d", tc.name, got.status, got.header.Get("Gateway-Why"), tc.status)
		}
	}
}

func provider(t testing.TB, g *gateway.Gateway) http.Header {
	t.Helper()
	jwt := signed(t, g.Credentials.APNsKey, map[string]any{"alg": "ES256", "kid": g.Credentials.KeyID},
		map[string]any{"iss": g.Credentials.TeamID, "iat": time.Now().Unix()})
	return http.Header{
		"Authorization":    {"bearer " + jwt},
		"Apns-Topic":       {g.Credentials.Topic},
		"Apns-Push-Type":   {"alert"},
		"Apns-Priority":    {"10"},
		"Apns-Expiration":  {fmt.Sprint(time.Now().Add(time.Minute).Unix())},
		"Apns-Collapse-Id": {"a"},
	}
}

const aps = `{"aps":{"alert":{"title-loc-key":"X"}}}`

func TestAPNsHoldsPushesToItsRules(t *testing.T) {
	g := start(t, gateway.Options{})
	c := clientOf(t, g)
	good := provider(t, g)
	device := strings.Repeat("0a", 32)
	if got := do(t, c, "POST", g.APNs+"/3/device/"+device, good, aps); got.status != 200 || got.header.Get("apns-id") == "" {
		t.Fatalf("good push: %d %s", got.status, got.body)
	}
	jwt := func(kid, iss string, age time.Duration) string {
		return "bearer " + signed(t, g.Credentials.APNsKey, map[string]any{"alg": "ES256", "kid": kid},
			map[string]any{"iss": iss, "iat": time.Now().Add(-age).Unix()})
	}
	kid, team := g.Credentials.KeyID, g.Credentials.TeamID
	cases := []struct {
		name         string
		header       string // to change
		values       []string
		method, path string
		body         string
		status       int
		reason       string
	}{
		{name: "another method", method: "PUT", status: 405, reason: "MethodNotAllowed"},
		{name: "another path", path: "/2/device/" + device, status: 404, reason: "BadPath"},
		{name: "no device", path: "/3/device/", status: 400, reason: "MissingDeviceToken"},
		{name: "short device", path: "/3/device/0a0a", status: 400, reason: "BadDeviceToken"},
		{name: "device not hex", path: "/3/device/" + strings.Repeat("zz", 32), status: 400, reason: "BadDeviceToken"},
		{name: "no provider token", header: "Authorization", status: 403, reason: "MissingProviderToken"},
		{name: "no JWT", header: "Authorization", values: []string{"bearer x"}, status: 403, reason: "InvalidProviderToken"},
		{name: "another key id", header: "Authorization", values: []string{jwt("XXXXXXXXXX", team, 0)}, status: 403, reason: "InvalidProviderToken"},
		{name: "another team", header: "Authorization", values: []string{jwt(kid, "XXXXXXXXXX", 0)}, status: 403, reason: "InvalidProviderToken"},
		{name: "an old token", header: "Authorization", values: []string{jwt(kid, team, 61*time.Minute)}, status: 403, reason: "ExpiredProviderToken"},
		{name: "a token of tomorrow", header: "Authorization", values: []string{jwt(kid, team, -24*time.Hour)}, status: 403, reason: "InvalidProviderToken"},
		{name: "no topic", header: "Apns-Topic", status: 400, reason: "MissingTopic"},
		{name: "another topic", header: "Apns-Topic", values: []string{"net.example.other"}, status: 400, reason: "TopicDisallowed"},
		{name: "two topics", header: "Apns-Topic", values: []string{"a", "b"}, status: 400, reason: "DuplicateHeaders"},
		{name: "no push type", header: "Apns-Push-Type", status: 400, reason: "InvalidPushType"},
		{name: "another push type", header: "Apns-Push-Type", values: []string{"shout"}, status: 400, reason: "InvalidPushType"},
		{name: "priority 7", header: "Apns-Priority", values: []string{"7"}, status: 400, reason: "BadPriority"},
		{name: "urgent background", header: "Apns-Push-Type", values: []string{"background"}, status: 400, reason: "BadPriority"},
		{name: "expiration in words", header: "Apns-Expiration", values: []string{"soon"}, status: 400, reason: "BadExpirationDate"},
		{name: "expiration before 1970", header: "Apns-Expiration", values: []string{"-1"}, status: 400, reason: "BadExpirationDate"},
		{name: "long collapse id", header: "Apns-Collapse-Id", values: []string{strings.Repeat("a", 65)}, status: 400, reason: "BadCollapseId"},
		{name: "id that is no UUID", header: "Apns-Id", values: []string{"1"}, status: 400, reason: "BadMessageId"},
		{name: "no payload", body: "-", status: 400, reason: "PayloadEmpty"},
		{name: "no aps", body: `{"a":1}`, status: 400, reason: "PayloadEmpty"},
		{name: "large payload", body: `{"aps":{"alert":"` + strings.Repeat("a", 4096) + `"}}`, status: 413, reason: "PayloadTooLarge"},
	}
	for _, tc := range cases {
		header := good.Clone()
		if tc.header != "" {
			header[tc.header] = tc.values
		}
		if tc.method == "" {
			tc.method = "POST"
		}
		if tc.path == "" {
			tc.path = "/3/device/" + device
		}
		switch tc.body {
		case "":
			tc.body = aps
		case "-":
			tc.body = ""
		}
		got := do(t, c, tc.method, g.APNs+tc.path, header, tc.body)
		if got.status != tc.status || !strings.Contains(got.body, `"`+tc.reason+`"`) || got.header.Get("Gateway-Why") == "" {
			t.Errorf("%s: %d %s, why %q, want %d %s", tc.name, got.status, got.body, got.header.Get("Gateway-Why"), tc.status, tc.reason)
		}
	}
}

func TestAPNsTakesACertificateOfItsOwnOnly(t *testing.T) {
	g, other := start(t, gateway.Options{}), start(t, gateway.Options{})
	header := provider(t, g)
	header.Del("Authorization")
	for name, tc := range map[string]struct {
		pem    []byte
		status int
	}{
		"its own":       {g.Credentials.APNsCertificate, 200},
		"of a stranger": {other.Credentials.APNsCertificate, 403},
	} {
		certificate, err := tls.X509KeyPair(tc.pem, tc.pem)
		if err != nil {
			t.Fatal(err)
		}
		got := do(t, clientOf(t, g, certificate), "POST", g.APNs+"/3/device/"+strings.Repeat("0a", 32), header, aps)
		if got.status != tc.status {
			t.Errorf("certificate %s: %d %s, want %d", name, got.status, got.body, tc.status)
		}
	}
}

func TestAPNsSpeaksHTTP2Only(t *testing.T) {
	g := start(t, gateway.Options{})
	c := clientOf(t, g)
	c.Transport.(*http.Transport).ForceAttemptHTTP2 = false
	if got := do(t, c, "POST", g.APNs+"/3/device/"+strings.Repeat("0a", 32), provider(t, g), aps); got.status != 505 {
		t.Errorf("HTTP/1.1: %d, want 505", got.status)
	}
}

// vapid is a push message that the service takes.
func vapid(t testing.TB, g *gateway.Gateway, change func(claims map[string]any)) (http.Header, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{"aud": g.WebPush, "exp": time.Now().Add(time.Hour).Unix(), "sub": "mailto:a@b.example"}
	if change != nil {
		change(claims)
	}
	jwt := signed(t, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), map[string]any{"alg": "ES256"}, claims)
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	body := bytes.Repeat([]byte{7}, 16)               // salt
	body = append(body, 0, 0, 1, 0, 65)               // record size 256, key length
	body = append(append(body, point...), body[:]...) // key, and something like a ciphertext
	return http.Header{
		"Authorization":    {"vapid t=" + jwt + ", k=" + base64.RawURLEncoding.EncodeToString(point)},
		"Ttl":              {"60"},
		"Content-Encoding": {"aes128gcm"},
		"Urgency":          {"high"},
		"Topic":            {"abc"},
	}, body
}

func TestWebPushHoldsMessagesToTheRFCs(t *testing.T) {
	g := start(t, gateway.Options{})
	c := clientOf(t, g)
	header, body := vapid(t, g, nil)
	if got := do(t, c, "POST", g.Endpoint("x"), header, string(body)); got.status != 201 || got.header.Get("Location") == "" {
		t.Fatalf("good message: %d %s", got.status, got.body)
	}
	set := func(name string, values ...string) func(http.Header) {
		return func(h http.Header) { h[name] = values }
	}
	claim := func(name string, value any) func(http.Header) {
		changed, _ := vapid(t, g, func(c map[string]any) { c[name] = value })
		return set("Authorization", changed["Authorization"]...)
	}
	other, _ := vapid(t, g, nil)
	foreignKey := header.Get("Authorization")[:strings.Index(header.Get("Authorization"), ", k=")] +
		other.Get("Authorization")[strings.Index(other.Get("Authorization"), ", k="):]
	at := func(i int, b byte) []byte { changed := bytes.Clone(body); changed[i] = b; return changed }
	cases := []struct {
		name   string
		change func(http.Header)
		body   []byte
		status int
	}{
		{"no authorization", set("Authorization"), nil, 401},
		{"a bearer token", set("Authorization", "Bearer x"), nil, 401},
		{"signed by another key", set("Authorization", foreignKey), nil, 403},
		{"no key", set("Authorization", strings.Split(header.Get("Authorization"), ",")[0]), nil, 403},
		{"another audience", claim("aud", "https://fcm.googleapis.com"), nil, 403},
		{"expired", claim("exp", time.Now().Add(-time.Minute).Unix()), nil, 403},
		{"good for two days", claim("exp", time.Now().Add(48*time.Hour).Unix()), nil, 403},
		{"a subject that is no URL", claim("sub", "operator"), nil, 403},
		{"a subject that says mailto twice", claim("sub", "mailto:mailto:a@b"), nil, 403},
		{"no TTL", set("Ttl"), nil, 400},
		{"a TTL below zero", set("Ttl", "-1"), nil, 400},
		{"a long topic", set("Topic", strings.Repeat("a", 33)), nil, 400},
		{"a topic outside base64url", set("Topic", "a.b"), nil, 400},
		{"an unknown urgency", set("Urgency", "now"), nil, 400},
		{"no encoding", set("Content-Encoding"), nil, 400},
		{"the old encoding", set("Content-Encoding", "aesgcm"), nil, 400},
		{"a short body", nil, body[:100], 400},
		{"two records", nil, append(bytes.Clone(body), make([]byte, 300)...), 400},
		{"a tiny record", nil, at(18, 0), 400},
		{"a key of another length", nil, at(20, 33), 400},
		{"a key off the curve", nil, at(50, body[50]+1), 400},
		{"a large body", nil, make([]byte, 4097), 413},
	}
	for _, tc := range cases {
		h := header.Clone()
		if tc.change != nil {
			tc.change(h)
		}
		if tc.body == nil {
			tc.body = body
		}
		got := do(t, c, "POST", g.Endpoint("x"), h, string(tc.body))
		if got.status != tc.status || got.header.Get("Gateway-Why") == "" {
			t.Errorf("%s: %d, why %q, want %d", tc.name, got.status, got.header.Get("Gateway-Why"), tc.status)
		}
	}
}

func pushTo(t testing.TB, g *gateway.Gateway, id, topic, ttl string) {
	t.Helper()
	header, body := vapid(t, g, nil)
	header.Set("Topic", topic)
	header.Set("Ttl", ttl)
	if got := do(t, clientOf(t, g), "POST", g.Endpoint(id), header, string(body)); got.status != 201 {
		t.Fatalf("%d %s", got.status, got.body)
	}
}

func TestAPhoneInAnotherProcessReadsLines(t *testing.T) {
	g := start(t, gateway.Options{})
	pushTo(t, g, "phone", "one", "60")  // before it connects
	pushTo(t, g, "stranger", "x", "60") // not for it
	pushTo(t, g, "phone", "gone", "0")  // not kept for those who are away
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", g.WebPush+"/deliveries/phone", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := clientOf(t, g).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for _, want := range []string{"one", "two"} {
		if want == "two" {
			pushTo(t, g, "phone", "two", "60") // while it is connected
		}
		if !lines.Scan() {
			t.Fatalf("stream ended: %v", lines.Err())
		}
		var d gateway.Delivery
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		if d.Collapse != want || d.Token != "phone" || len(d.Body) < 100 {
			t.Errorf("got %q for %q with %d bytes, want %q", d.Collapse, d.Token, len(d.Body), want)
		}
	}
}

func TestTheGatewayKeepsLittleForThoseWhoAreAway(t *testing.T) {
	g := start(t, gateway.Options{})
	for i := range 40 {
		pushTo(t, g, "phone", fmt.Sprint("topic", i), "60")
	}
	c, cancel := g.Subscribe("phone")
	cancel()
	var kept []string
	for d := range c {
		kept = append(kept, d.Collapse)
	}
	if len(kept) != 16 || kept[15] != "topic39" {
		t.Errorf("kept %v, want the last 16", kept)
	}
}

func TestEachMessageThatIsTakenIsTold(t *testing.T) {
	var took []string
	g := start(t, gateway.Options{Took: func(d gateway.Delivery) { took = append(took, d.Service+" "+d.Collapse) }})
	pushTo(t, g, "x", "topic1", "60")
	g.Answer("x", gateway.Rule{Status: 503, Times: 1})
	c := clientOf(t, g)
	header, body := vapid(t, g, nil)
	do(t, c, "POST", g.Endpoint("x"), header, string(body))
	if want := []string{"webpush topic1"}; fmt.Sprint(took) != fmt.Sprint(want) {
		t.Errorf("told of %v, want %v", took, want)
	}
}

func TestRulesHoldAsOftenAsTold(t *testing.T) {
	g := start(t, gateway.Options{})
	c := clientOf(t, g)
	header, body := vapid(t, g, nil)
	g.Answer("x", gateway.Rule{Status: 503, RetryAfter: "9", Times: 2})
	g.Answer(gateway.EveryWebPush, gateway.Rule{Status: 410})
	var got []int
	for range 3 {
		a := do(t, c, "POST", g.Endpoint("x"), header, string(body))
		if a.status == 503 && a.header.Get("Retry-After") != "9" {
			t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
		}
		got = append(got, a.status)
	}
	g.Deliver(gateway.EveryWebPush)
	got = append(got, do(t, c, "POST", g.Endpoint("x"), header, string(body)).status)
	if want := []int{503, 503, 410, 201}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCloseEndsSubscriptionsAndRequests(t *testing.T) {
	g := start(t, gateway.Options{})
	c, cancel := g.Subscribe("x")
	defer cancel()
	g.Answer("x", gateway.Rule{Hang: true})
	header, body := vapid(t, g, nil)
	hung := make(chan error)
	client := clientOf(t, g)
	go func() {
		req, err := http.NewRequest("POST", g.Endpoint("x"), bytes.NewReader(body))
		if err == nil {
			req.Header = header
			_, err = client.Do(req)
		}
		hung <- err
	}()
	g.Close()
	if _, open := <-c; open {
		t.Error("the subscription is still open")
	}
	if err := <-hung; err == nil {
		t.Error("the hung request was answered")
	}
	late, cancelLate := g.Subscribe("x")
	defer cancelLate()
	if _, open := <-late; open {
		t.Error("a subscription after Close is open")
	}
}

func TestRunSaysWhatOpensIt(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- gateway.Run(ctx, []string{"-fcm=127.0.0.1:0", "-apns=127.0.0.1:0", "-apns-sandbox=127.0.0.1:0",
			"-webpush=127.0.0.1:0", "-dir=" + dir}, writer)
		writer.Close()
	}()
	lines := bufio.NewScanner(reader)
	var said []string
	for len(said) < 6 && lines.Scan() {
		said = append(said, lines.Text())
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"/token", "GATEWAYKEY", "sandbox", "/deliveries/{token}", "/control/", gateway.CAFile} {
		if !strings.Contains(said[i], want) {
			t.Errorf("line %d is %q, want %q in it", i, said[i], want)
		}
	}
	for _, name := range []string{gateway.CAFile, gateway.ServiceAccountFile, gateway.APNsKeyFile, gateway.APNsCertificateFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestRunRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, args := range [][]string{{"-colour"}, {"start"}, {"-fcm=nonsense", "-dir=" + t.TempDir()}} {
		if err := gateway.Run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
	if err := gateway.Run(t.Context(), []string{"-help"}, io.Discard); err != nil {
		t.Errorf("-help: %v", err)
	}
}
