package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// controlRoutes let another process do what Answer, Deliver, CloseConnections,
// GoAway and RevokeTokens do. They answer 204, or 400 with what is wrong.
//
//	PUT    /control/rules/{token}   a rule in JSON, see ruleBody
//	DELETE /control/rules/{token}
//	POST   /control/close           cut all connections, this one too
//	POST   /control/go-away
//	POST   /control/revoke-tokens
//
// token may be one of "fcm *", "apns *", "webpush *" and "token endpoint".
func (g *Gateway) controlRoutes(mux *http.ServeMux) {
	mux.HandleFunc("PUT /control/rules/{token}", g.putRule)
	for pattern, do := range map[string]func(*http.Request){
		"DELETE /control/rules/{token}": func(r *http.Request) { g.Deliver(r.PathValue("token")) },
		"POST /control/close":           func(*http.Request) { g.CloseConnections() },
		"POST /control/go-away":         func(*http.Request) { g.GoAway() },
		"POST /control/revoke-tokens":   func(*http.Request) { g.RevokeTokens() },
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			do(r)
			w.WriteHeader(http.StatusNoContent)
		})
	}
}

// ruleBody is a Rule in JSON: times in milliseconds, all members optional.
type ruleBody struct {
	DelayMS    int64  `json:"delay_ms"`
	Hang       bool   `json:"hang"`
	Drop       bool   `json:"drop"`
	Status     int    `json:"status"`
	Reason     string `json:"reason"`
	RetryAfter string `json:"retry_after"`
	Body       string `json:"body"`
	GoAway     bool   `json:"go_away"`
	Times      int    `json:"times"`
}

// longestDelay bounds what a rule may hold up.
const longestDelay = 10 * time.Minute

func (b ruleBody) rule() (Rule, error) {
	delay := time.Duration(b.DelayMS) * time.Millisecond
	switch {
	case b.DelayMS < 0 || b.DelayMS > longestDelay.Milliseconds():
		return Rule{}, fmt.Errorf("delay_ms takes 0 to %d", longestDelay.Milliseconds())
	case b.Status != 0 && (b.Status < 200 || b.Status > 599):
		return Rule{}, fmt.Errorf("status takes 200 to 599")
	case b.Times < 0:
		return Rule{}, fmt.Errorf("times is negative")
	}
	return Rule{
		Delay: delay, Hang: b.Hang, Drop: b.Drop, Status: b.Status, Reason: b.Reason,
		RetryAfter: b.RetryAfter, Body: b.Body, GoAway: b.GoAway, Times: b.Times,
	}, nil
}

func (g *Gateway) putRule(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	var body ruleBody
	if err == nil {
		err = decodeStrict(bytes.NewReader(text), &body)
	}
	var rule Rule
	if err == nil {
		rule, err = body.rule()
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]string{"error": err.Error()}) // a reader that is gone needs no answer
		return
	}
	g.Answer(r.PathValue("token"), rule)
	w.WriteHeader(http.StatusNoContent)
}
