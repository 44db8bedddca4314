package gateway

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (g *Gateway) webPushRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /push/{id}", g.webPush)
	mux.HandleFunc("GET /deliveries/{token}", g.deliveries)
	g.controlRoutes(mux)
	return mux
}

const (
	largestWebPush  = 4096 // RFC 8030 section 7.2 asks for at least this
	longestVAPID    = 24 * time.Hour
	storedByWebPush = 28 * 24 * time.Hour
)

var (
	topicShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`) // RFC 8030 section 5.4
	urgencies  = []string{"", "very-low", "low", "normal", "high"}
)

// webPushFault is an answer that refuses.
type webPushFault struct {
	status int
	why    string
}

func (g *Gateway) webPush(w http.ResponseWriter, r *http.Request) {
	body, fault := g.judgeWebPush(r)
	if fault != nil {
		g.refused(w, "webpush", fault.why)
		writeJSON(w, fault.status, map[string]any{"code": fault.status, "message": fault.why})
		return
	}
	id := r.PathValue("id")
	refuse := func(status int, reason string) {
		writeJSON(w, status, map[string]any{"code": status, "reason": reason})
	}
	if g.rules.obey(w, r, refuse, id, EveryWebPush) {
		return
	}
	seconds, _ := strconv.Atoi(r.Header.Get("TTL")) // judged
	ttl := min(time.Duration(seconds)*time.Second, storedByWebPush)
	now := g.options.Now()
	g.post.deliver(Delivery{
		Service: "webpush", Token: id, Body: body,
		Collapse: r.Header.Get("Topic"),
		Urgent:   r.Header.Get("Urgency") == "high",
		Expires:  now.Add(ttl),
	}, now)
	w.Header().Set("TTL", strconv.Itoa(int(ttl/time.Second)))
	w.Header().Set("Location", g.WebPush+"/message/"+newUUID())
	w.WriteHeader(http.StatusCreated)
}

func (g *Gateway) judgeWebPush(r *http.Request) ([]byte, *webPushFault) {
	if fault := g.judgeVAPID(r.Header.Get("Authorization")); fault != nil {
		return nil, fault
	}
	bad := func(why string) ([]byte, *webPushFault) { return nil, &webPushFault{http.StatusBadRequest, why} }
	if _, err := strconv.ParseUint(r.Header.Get("TTL"), 10, 31); err != nil {
		return bad("TTL must be there, in seconds")
	}
	if topic, ok := r.Header["Topic"]; ok && (len(topic) != 1 || !topicShape.MatchString(topic[0])) {
		return bad("Topic must be at most 32 characters of base64url")
	}
	if !slices.Contains(urgencies, r.Header.Get("Urgency")) {
		return bad("Urgency is none of RFC 8030's")
	}
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil || len(body) > largestWebPush:
		return nil, &webPushFault{http.StatusRequestEntityTooLarge, "body is larger than 4096 bytes"}
	case len(body) > 0 && r.Header.Get("Content-Encoding") != "aes128gcm":
		return bad("Content-Encoding must be aes128gcm")
	case len(body) > 0:
		if err := judgeEncryption(body); err != nil {
			return bad(err.Error())
		}
	}
	return body, nil
}

// judgeEncryption reads the header that RFC 8188 puts before the ciphertext, as
// RFC 8291 section 4 narrows it.
func judgeEncryption(body []byte) error {
	const salt, size, keyLength, key, tag = 16, 4, 1, 65, 16
	const header = salt + size + keyLength + key
	if len(body) < header+1+tag {
		return errors.New("body is shorter than an encrypted message can be")
	}
	record := binary.BigEndian.Uint32(body[salt:])
	switch {
	case record < 18:
		return errors.New("record size is below 18")
	case len(body)-header > int(record):
		return errors.New("message has more than one record")
	case body[salt+size] != key:
		return errors.New("key id is not a P-256 key")
	}
	if _, err := ecdh.P256().NewPublicKey(body[header-key : header]); err != nil {
		return errors.New("key id is not a point of P-256")
	}
	return nil
}

// judgeVAPID checks RFC 8292: 401 where it is missing, 403 where it is wrong.
func (g *Gateway) judgeVAPID(header string) *webPushFault {
	params, ok := strings.CutPrefix(header, "vapid ")
	if !ok {
		return &webPushFault{http.StatusUnauthorized, "no vapid authorization"}
	}
	values := make(map[string]string)
	for part := range strings.SplitSeq(params, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		values[name] = value
	}
	if err := g.checkVAPID(values["t"], values["k"]); err != nil {
		return &webPushFault{http.StatusForbidden, "vapid: " + err.Error()}
	}
	return nil
}

func (g *Gateway) checkVAPID(token, key string) error {
	point, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return errors.New("k is not base64url without padding")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return errors.New("k is not an uncompressed point of P-256")
	}
	_, c, err := readJWT(token, public)
	if err != nil {
		return err
	}
	now, expires := g.options.Now(), time.Unix(c.Expires, 0)
	subject, err := url.Parse(c.Subject)
	switch {
	case c.Audience != g.WebPush:
		return errors.New("aud is not the push service's origin")
	case !now.Before(expires):
		return errors.New("exp has passed: check the clock")
	case expires.Sub(now) > longestVAPID:
		return errors.New("exp is more than 24 hours ahead")
	case err != nil || c.Subject != "" && subject.Scheme != "mailto" && subject.Scheme != "https":
		return errors.New("sub is neither a mailto nor an https URL")
	case strings.HasPrefix(c.Subject, "mailto:mailto:"):
		return errors.New("sub says mailto: twice")
	}
	return nil
}
