package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

func (g *Gateway) fcmRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+tokenPath, g.token)
	mux.HandleFunc("POST /v1/projects/{project}/{method}", g.fcmSend)
	return mux
}

// fcmRequest is projects.messages.send's body. An unknown member is refused, as
// FCM refuses it.
type fcmRequest struct {
	ValidateOnly bool            `json:"validate_only"`
	Message      json.RawMessage `json:"message"`
}

type fcmMessage struct {
	Token        string            `json:"token"`
	Topic        string            `json:"topic"`
	Condition    string            `json:"condition"`
	Data         map[string]string `json:"data"`
	Notification json.RawMessage   `json:"notification"`
	Android      fcmAndroid        `json:"android"`
	Webpush      json.RawMessage   `json:"webpush"`
	APNS         json.RawMessage   `json:"apns"`
	Options      json.RawMessage   `json:"fcm_options"`
}

type fcmAndroid struct {
	CollapseKey  string            `json:"collapse_key"`
	Priority     string            `json:"priority"`
	TTL          string            `json:"ttl"`
	Package      string            `json:"restricted_package_name"`
	Data         map[string]string `json:"data"`
	Notification json.RawMessage   `json:"notification"`
	DirectBoot   bool              `json:"direct_boot_ok"`
	Options      json.RawMessage   `json:"fcm_options"`
}

// fcmFault is an answer that refuses.
type fcmFault struct {
	status int
	code   string // FcmError's errorCode, or a canonical status
	field  string // that is to blame; may be empty
	why    string
}

func (g *Gateway) fcmSend(w http.ResponseWriter, r *http.Request) {
	fault := g.judgeFCM(r)
	var req fcmRequest
	var m fcmMessage
	if fault == nil {
		req, m, fault = readFCM(r)
	}
	if fault != nil {
		g.refused(w, "fcm", fault.why)
		writeFCMFault(w, *fault)
		return
	}
	refuse := func(status int, reason string) {
		code, field, _ := strings.Cut(reason, " ")
		writeFCMFault(w, fcmFault{status, code, field, "told to"})
	}
	if g.rules.obey(w, r, refuse, m.Token, EveryFCM) {
		return
	}
	id := "fake_message_id" // what FCM says to validate_only
	if now := g.options.Now(); !req.ValidateOnly {
		id = fmt.Sprintf("0:%d", now.UnixNano())
		g.post.deliver(Delivery{
			Service: "fcm", Token: m.Token, Body: req.Message,
			Collapse: m.Android.CollapseKey,
			Urgent:   strings.EqualFold(m.Android.Priority, "high"),
			Expires:  now.Add(m.Android.life()),
		}, now)
	}
	writeJSON(w, http.StatusOK, map[string]string{"name": "projects/" + g.options.Project + "/messages/" + id})
}

// judgeFCM looks at everything but the body.
func (g *Gateway) judgeFCM(r *http.Request) *fcmFault {
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !ok:
		return &fcmFault{http.StatusUnauthorized, "UNAUTHENTICATED", "", "no bearer token"}
	case !g.access.valid(bearer, g.options.Now()):
		return &fcmFault{http.StatusUnauthorized, "UNAUTHENTICATED", "", "access token unknown or expired"}
	case r.PathValue("project") != g.options.Project:
		return &fcmFault{http.StatusNotFound, "NOT_FOUND", "", "no such project"}
	case r.PathValue("method") != "messages:send":
		return &fcmFault{http.StatusNotFound, "NOT_FOUND", "", "no such method"}
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		return invalid("", "Content-Type must be application/json")
	}
	return nil
}

func readFCM(r *http.Request) (req fcmRequest, m fcmMessage, fault *fcmFault) {
	if err := decodeStrict(r.Body, &req); err != nil {
		return req, m, invalid("message", "body: "+err.Error())
	}
	if err := decodeStrict(bytes.NewReader(req.Message), &m); err != nil {
		return req, m, invalid("message", "message: "+err.Error())
	}
	return req, m, judgeMessage(m)
}

func decodeStrict(from io.Reader, into any) error {
	dec := json.NewDecoder(from)
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

// life is what ttl asks for, once judged.
func (a fcmAndroid) life() time.Duration {
	if d, err := time.ParseDuration(a.TTL); err == nil {
		return d
	}
	return longestFCM
}

const (
	longestFCM = 28 * 24 * time.Hour
	largestFCM = 4096 // of data, keys and values
)

var (
	fcmToken    = regexp.MustCompile(`^[0-9A-Za-z_:.-]+$`)
	fcmDuration = regexp.MustCompile(`^[0-9]{1,7}(\.[0-9]{1,9})?s$`)
)

func judgeMessage(m fcmMessage) *fcmFault {
	switch {
	case m.Token == "" || m.Topic != "" || m.Condition != "":
		return invalid("message", "exactly one recipient, and here it must be a token")
	case !fcmToken.MatchString(m.Token):
		return invalid("message.token", "token of another shape than FCM's")
	case !slices.Contains([]string{"", "normal", "high", "NORMAL", "HIGH"}, m.Android.Priority):
		return invalid("message.android.priority", "priority must be normal or high")
	}
	if ttl := m.Android.TTL; ttl != "" {
		if d, err := time.ParseDuration(ttl); !fcmDuration.MatchString(ttl) || err != nil || d > longestFCM {
			return invalid("message.android.ttl", "ttl must be seconds, at most 2419200s")
		}
	}
	size := 0
	for key, value := range m.Data {
		if key == "from" || strings.HasPrefix(key, "google") || strings.HasPrefix(key, "gcm") {
			return invalid("message.data", "data key is reserved")
		}
		size += len(key) + len(value)
	}
	if size > largestFCM {
		return invalid("", "data is larger than 4096 bytes")
	}
	if n := bytes.TrimSpace(m.Android.Notification); len(n) > 0 && n[0] != '{' {
		return invalid("message.android.notification", "notification must be an object")
	}
	return nil
}

func invalid(field, why string) *fcmFault {
	return &fcmFault{http.StatusBadRequest, "INVALID_ARGUMENT", field, why}
}

// canonical are Google's own codes; the others are FCM's and have a canonical
// one beside them.
var canonical = map[string]string{
	"INVALID_ARGUMENT":       "INVALID_ARGUMENT",
	"UNREGISTERED":           "NOT_FOUND",
	"SENDER_ID_MISMATCH":     "PERMISSION_DENIED",
	"QUOTA_EXCEEDED":         "RESOURCE_EXHAUSTED",
	"THIRD_PARTY_AUTH_ERROR": "UNAUTHENTICATED",
	"UNAVAILABLE":            "UNAVAILABLE",
	"INTERNAL":               "INTERNAL",
}

func writeFCMFault(w http.ResponseWriter, f fcmFault) {
	status, ofFCM := canonical[f.code]
	details := []map[string]any{}
	if ofFCM {
		details = append(details, map[string]any{
			"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": f.code,
		})
	} else {
		status = f.code
	}
	if f.field != "" {
		details = append(details, map[string]any{
			"@type":           "type.googleapis.com/google.rpc.BadRequest",
			"fieldViolations": []map[string]string{{"field": f.field, "description": f.why}},
		})
	}
	writeJSON(w, f.status, map[string]any{"error": map[string]any{
		"code": f.status, "message": f.why, "status": status, "details": details,
	}})
}
