package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"countersign/push"

	"github.com/danielgtaylor/huma/v2"
)

// readyTime bounds the look whether the server can do its work.
const readyTime = 2 * time.Second

// plain registers a route that is not JSON in and JSON out, and documents it:
// what it answers with, by content type.
func plain[W any](a *API, op operation, g guard[W], answers map[string]*huma.Schema, params []*huma.Param, do func(http.ResponseWriter, *http.Request, W) error) {
	doc := humaOperation[W, struct{}](a, op, g)
	content := map[string]*huma.MediaType{}
	for kind, schema := range answers {
		content[kind] = &huma.MediaType{Schema: schema}
	}
	if op.status == 0 {
		op.status = http.StatusOK
	}
	doc.Responses[strconv.Itoa(op.status)] = &huma.Response{Description: op.does, Content: content}
	doc.Parameters = params
	a.huma.OpenAPI().AddOperation(&doc)
	rule := doc.Metadata[guardedKey].(guarded)
	a.mux.HandleFunc(op.route, func(w http.ResponseWriter, r *http.Request) {
		_, who, err := a.admit(w, r, rule)
		if err == nil {
			err = orAbsent(do(w, r, who.(W)), g.absent)
		}
		if err != nil {
			a.writeProblem(w, r, err)
		}
	})
}

func (a *API) streamRoute() {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[screenState](), true, "ScreenState")
	plain(a, operation{
		route: "GET /v1/approvals/{id}/stream", id: "stream", tag: tagWaiting,
		does:     "Follow an approval: as a websocket (subprotocol countersign.v1), as server-sent events, or once as JSON",
		problems: []string{"unavailable"},
	}, a.streamScreen(), map[string]*huma.Schema{
		"application/json":  schema,
		"text/event-stream": {Type: huma.TypeString, Description: "event: state, data: the same JSON"},
	}, []*huma.Param{
		pathParam("id"),
		{Name: "wait", In: "query", Description: "of JSON: answer after the next change, at most after this time", Schema: wait{}.Schema(nil)},
		{Name: "version", In: "query", Description: "of JSON, with wait: the version that the browser has", Schema: &huma.Schema{Type: huma.TypeInteger}},
	}, a.stream)
}

func (a *API) qrRoute() {
	plain(a, operation{
		route: "GET /v1/pairings/{id}/qr", id: "draw-pairing", tag: tagSetUp, does: "The link for the phone as a QR code",
		problems: []string{"pairing-settled"},
	}, a.setUp(), svgAnswer(), []*huma.Param{pathParam("id")}, a.drawPairURL)
}

func svgAnswer() map[string]*huma.Schema {
	return map[string]*huma.Schema{"image/svg+xml": {Type: huma.TypeString}}
}

func pathParam(name string) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}
}

func (a *API) serverRoutes() {
	handle(a, operation{route: "GET /v1/server", id: "server", tag: tagServer, does: "What this server is called and how it can wake phones"},
		a.anyone(), a.server)
	anyJSON := map[string]*huma.Schema{"application/json": {Type: huma.TypeObject}}
	text := map[string]*huma.Schema{"text/plain": {Type: huma.TypeString}}
	plain(a, operation{route: "GET /.well-known/jwks.json", id: "keys", tag: tagServer, does: "The keys that verify result tokens (RFC 7517)"},
		a.anyone(), anyJSON, nil, serve("application/json", a.config.KeySet))
	plain(a, operation{route: "GET /healthz", id: "health", tag: tagServer, does: "The process answers"},
		a.anyone(), text, nil, serve("text/plain; charset=utf-8", []byte("ok\n")))
	plain(a, operation{
		route: "GET /readyz", id: "ready", tag: tagServer, does: "The server can do its work, and how its push services do", problems: []string{"unavailable"},
	}, a.anyone(), map[string]*huma.Schema{
		"application/json": a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[readiness](), true, "Readiness"),
	}, nil, a.ready)
}

// serverCard is what a phone may know before it is paired.
type serverCard struct {
	Name string       `json:"name"`
	Push pushServices `json:"push" doc:"the services that this server can send through"`
}

type pushServices struct {
	WebPush *webPushService `json:"webpush,omitempty"`
	FCM     *struct{}       `json:"fcm,omitempty"`
	APNs    *struct{}       `json:"apns,omitempty"`
}

type webPushService struct {
	PublicKey string `json:"public_key" doc:"VAPID key for subscribing, base64url"`
}

func (a *API) server(context.Context, anyone, *struct{}) (serverCard, error) {
	v := serverCard{Name: a.config.ServerName}
	for _, service := range a.config.Push {
		switch service {
		case push.WebPush:
			v.Push.WebPush = &webPushService{a.config.WebPushKey()}
		case push.FCM:
			v.Push.FCM = &struct{}{}
		case push.APNs:
			v.Push.APNs = &struct{}{}
		}
	}
	return v, nil
}

// serve answers with the same bytes always.
func serve(kind string, body []byte) func(http.ResponseWriter, *http.Request, anyone) error {
	return func(w http.ResponseWriter, _ *http.Request, _ anyone) error {
		w.Header().Set("Content-Type", kind)
		w.Write(body) // who has gone is no error of ours
		return nil
	}
}

func (a *API) ready(w http.ResponseWriter, r *http.Request, _ anyone) error {
	if a.stopping() {
		return errStopping
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	if err := a.config.Ready(ctx); err != nil {
		a.config.Log.Warn("not ready", "error", err)
		return errNotReady
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(readinessOf(a.conditions())) // who has gone is no error of ours
	return nil
}

func (a *API) conditions() []push.Condition {
	if a.config.Conditions == nil {
		return nil
	}
	return a.config.Conditions()
}

// readiness is what a balancer and an administrator are told. A push service
// that is down degrades a server; codes and phones that are opened still work.
type readiness struct {
	Status string                       `json:"status" enum:"ready,degraded"`
	Push   map[push.Service]push.Health `json:"push" doc:"up, trying or down, by service; of the hosts of Web Push the worst"`
}

func readinessOf(all []push.Condition) readiness {
	v := readiness{Status: "ready", Push: map[push.Service]push.Health{}}
	worse := map[push.Health]int{"": 0, push.Up: 1, push.Trying: 2, push.Down: 3}
	for _, c := range all {
		if worse[c.Health] > worse[v.Push[c.Place.Service]] {
			v.Push[c.Place.Service] = c.Health
		}
		if c.Health != push.Up {
			v.Status = "degraded"
		}
	}
	return v
}

// humaConfig is huma without its own pages: routes, schemas and strict JSON.
func humaConfig(c Config, own huma.Transformer) huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Countersign", Version: "1",
				Description: "Push approval as a second factor. " + strings.TrimSpace(introduction),
			},
			Servers: []*huma.Server{{URL: c.PublicURL}},
			Components: &huma.Components{
				Schemas:         huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: securitySchemes(),
			},
			Tags: []*huma.Tag{
				{Name: tagApplication, Description: "What an application asks, with its key."},
				{Name: tagWaiting, Description: "What the waiting screen in a person's browser does, with its waiting token."},
				{Name: tagSetUp, Description: "What a browser does to pair a phone or an authenticator app, with its set-up token."},
				{Name: tagRecovery, Description: "How somebody without their phone comes to a new one: begun by a code, from an app, from paper or by mail, or by answers; stopped by every phone that they have."},
				{Name: tagSecurity, Description: "Where a person sees and changes how they sign in: opened by an application for who is signed in to it, each change confirmed by a fresh approval."},
				{Name: tagNotice, Description: "Where somebody who was told of a change says, without signing in, that it was not theirs. The token is in the letter."},
				{Name: tagPhone, Description: "What a phone does, each request signed by its own key."},
				{Name: tagServer, Description: "What anybody may ask."},
			},
		},
		Formats:       map[string]huma.Format{"application/json": strictJSON(), "json": strictJSON()},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{own},
	}
}

const introduction = `
Every error is a problem (RFC 9457) whose type is urn:countersign:problem: and
one of the kinds that each response names. A body is one JSON object of at most
64 KiB with no unknown members. Times are RFC 3339 in UTC.`

func securitySchemes() map[string]*huma.SecurityScheme {
	bearer := func(format, says string) *huma.SecurityScheme {
		return &huma.SecurityScheme{Type: "http", Scheme: "bearer", BearerFormat: format, Description: says}
	}
	return map[string]*huma.SecurityScheme{
		"applicationKey": bearer("cs_<application>_<secret>", "The application's key."),
		"waitingToken":   bearer("waiting token", "The secret of one approval; for a websocket in Sec-WebSocket-Protocol: countersign.v1, bearer.<token>."),
		"setUpToken":     bearer("set-up token", "The secret of one set-up."),
		"recoveryToken":  bearer("recovery token", "The secret of one recovery."),
		"securityToken":  bearer("security token", "The secret of one security page."),
		"entry":          bearer("entry", "The secret in the path of a link for a browser without script; good once."),
		"noticeToken":    bearer("notice token", "The secret of one notice."),
		"phoneProof": {
			Type: "apiKey", In: "header", Name: "Phone-Proof",
			Description: "JWS by the phone's key over method, address, time, a jti of its own and the body's hash.",
		},
	}
}
