package gateway

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (g *Gateway) apnsRoutes(sandbox bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.apnsPush(w, r, sandbox) })
}

const (
	largestAPNs      = 4096
	longestCollapse  = 64        // bytes
	providerTokenAge = time.Hour // from iat
	storedByAPNs     = 30 * 24 * time.Hour
)

var (
	apnsToken = regexp.MustCompile(`^([0-9a-fA-F]{2}){32,100}$`)
	uuid      = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	pushTypes = []string{"alert", "background", "location", "voip", "complication", "fileprovider", "mdm",
		"liveactivity", "pushtotalk", "widgets", "controls"}
)

// apnsFault is an answer that refuses.
type apnsFault struct {
	status int
	reason string
	why    string
}

func (g *Gateway) apnsPush(w http.ResponseWriter, r *http.Request, sandbox bool) {
	id := r.Header.Get("apns-id")
	if id == "" {
		id = newUUID()
	}
	w.Header().Set("apns-id", id)
	token, fault := g.judgeAPNs(r)
	var payload []byte
	if fault == nil {
		payload, fault = judgePayload(r)
	}
	if fault != nil {
		g.refused(w, "apns", fault.why)
		g.writeAPNs(w, fault.status, fault.reason)
		return
	}
	refuse := func(status int, reason string) { g.writeAPNs(w, status, reason) }
	if g.rules.obey(w, r, refuse, token, EveryAPNs) {
		return
	}
	now := g.options.Now()
	g.post.deliver(Delivery{
		Service: "apns", Token: token, Sandbox: sandbox, Body: payload,
		Collapse: r.Header.Get("apns-collapse-id"),
		Urgent:   r.Header.Get("apns-priority") != "5" && r.Header.Get("apns-priority") != "1",
		Expires:  apnsExpiry(r, now),
	}, now)
	w.WriteHeader(http.StatusOK)
}

// apnsExpiry is when APNs forgets the message; at once for a time that passed.
func apnsExpiry(r *http.Request, now time.Time) time.Time {
	header := r.Header.Get("apns-expiration")
	if header == "" {
		return now.Add(storedByAPNs)
	}
	seconds, _ := strconv.ParseInt(header, 10, 64) // judged
	return time.Unix(seconds, 0)
}

// judgeAPNs looks at everything but the payload.
func (g *Gateway) judgeAPNs(r *http.Request) (token string, fault *apnsFault) {
	token, inPath := strings.CutPrefix(r.URL.Path, "/3/device/")
	switch {
	case r.ProtoMajor != 2:
		return "", &apnsFault{http.StatusHTTPVersionNotSupported, "", "APNs speaks HTTP/2 only"}
	case r.Method != http.MethodPost:
		return "", &apnsFault{http.StatusMethodNotAllowed, "MethodNotAllowed", "method is not POST"}
	case !inPath:
		return "", &apnsFault{http.StatusNotFound, "BadPath", "path is not /3/device/ and a token"}
	case token == "":
		return "", &apnsFault{http.StatusBadRequest, "MissingDeviceToken", "no device token in the path"}
	}
	if fault := g.judgeProvider(r); fault != nil {
		return "", fault
	}
	if !apnsToken.MatchString(token) {
		return "", &apnsFault{http.StatusBadRequest, "BadDeviceToken", "device token is not 32 to 100 bytes in hexadecimal"}
	}
	return token, g.judgeHeaders(r.Header)
}

// judgeProvider asks for a certificate of ours or a provider token.
func (g *Gateway) judgeProvider(r *http.Request) *apnsFault {
	forbid := func(reason, why string) *apnsFault { return &apnsFault{http.StatusForbidden, reason, why} }
	if chain := r.TLS.PeerCertificates; len(chain) > 0 {
		if !g.identity.ours(chain) {
			return forbid("BadCertificate", "client certificate is not of this gateway")
		}
		return nil
	}
	header := r.Header.Get("Authorization")
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") || text == "" {
		return forbid("MissingProviderToken", "neither client certificate nor bearer token")
	}
	h, c, err := readJWT(text, g.identity.apns.Public())
	now, issued := g.options.Now(), time.Unix(c.IssuedAt, 0)
	switch {
	case err != nil:
		return forbid("InvalidProviderToken", "provider token: "+err.Error())
	case h.KeyID != keyID:
		return forbid("InvalidProviderToken", "kid is not the key's id")
	case c.Issuer != teamID:
		return forbid("InvalidProviderToken", "iss is not the team's id")
	case issued.After(now.Add(clockSkew)):
		return forbid("InvalidProviderToken", "iat lies in the future: check the clock")
	case now.Sub(issued) > providerTokenAge:
		return forbid("ExpiredProviderToken", "iat is more than an hour ago")
	case !connectionOf(r).takes(text, now):
		return &apnsFault{http.StatusTooManyRequests, "TooManyProviderTokenUpdates", "another provider token within 20 minutes on one connection"}
	}
	return nil
}

// providerTokenRest is how long Apple wants a provider token to be used at
// least.
const providerTokenRest = 20 * time.Minute

// takes reports whether a connection may go over to a provider token now.
func (c *connection) takes(token string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.provider != "" && c.provider != token && now.Sub(c.since) < providerTokenRest {
		return false
	}
	if c.provider != token {
		c.provider, c.since = token, now
	}
	return true
}

func (g *Gateway) judgeHeaders(h http.Header) *apnsFault {
	bad := func(reason, why string) *apnsFault { return &apnsFault{http.StatusBadRequest, reason, why} }
	for name, values := range h {
		if strings.HasPrefix(name, "Apns-") && len(values) > 1 {
			return bad("DuplicateHeaders", "more than one "+name)
		}
	}
	expiration, collapse := h.Get("apns-expiration"), h.Get("apns-collapse-id")
	id, priority := h.Get("apns-id"), h.Get("apns-priority")
	switch {
	case id != "" && !uuid.MatchString(id):
		return bad("BadMessageId", "apns-id is not a UUID")
	case h.Get("apns-topic") == "":
		return bad("MissingTopic", "no apns-topic")
	case h.Get("apns-topic") != g.options.Topic:
		return bad("TopicDisallowed", "apns-topic is not the credential's")
	case !slices.Contains(pushTypes, h.Get("apns-push-type")):
		return bad("InvalidPushType", "no apns-push-type that Apple knows")
	case !slices.Contains([]string{"", "1", "5", "10"}, priority):
		return bad("BadPriority", "apns-priority is not 1, 5 or 10")
	case h.Get("apns-push-type") == "background" && priority != "5":
		return bad("BadPriority", "a background push has priority 5")
	case len(collapse) > longestCollapse:
		return bad("BadCollapseId", "apns-collapse-id is longer than 64 bytes")
	}
	if _, err := strconv.ParseUint(expiration, 10, 63); expiration != "" && err != nil {
		return bad("BadExpirationDate", "apns-expiration is not a UNIX time in seconds")
	}
	return nil
}

func judgePayload(r *http.Request) ([]byte, *apnsFault) {
	text, err := io.ReadAll(r.Body)
	switch {
	case err != nil || len(text) > largestAPNs:
		return nil, &apnsFault{http.StatusRequestEntityTooLarge, "PayloadTooLarge", "payload is larger than 4096 bytes"}
	case len(text) == 0:
		return nil, &apnsFault{http.StatusBadRequest, "PayloadEmpty", "no payload"}
	}
	var payload struct {
		APS map[string]any `json:"aps"`
	}
	if err := json.Unmarshal(text, &payload); err != nil || len(payload.APS) == 0 {
		return nil, &apnsFault{http.StatusBadRequest, "PayloadEmpty", "payload is no object with an aps dictionary"}
	}
	return text, nil
}

func (g *Gateway) writeAPNs(w http.ResponseWriter, status int, reason string) {
	body := map[string]any{"reason": reason}
	if status == http.StatusGone {
		body["timestamp"] = g.options.Now().UnixMilli()
	}
	writeJSON(w, status, body)
}

func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
