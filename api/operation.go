package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/enrolments"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// operation is what the document says of a route.
type operation struct {
	// route is method and path, e.g. "GET /v1/phone".
	route string
	id    string
	tag   string
	// does says in a few words what the route does.
	does string
	// status is that of success; zero for 200, or 204 without a body.
	status int
	// problems are the kinds that the route answers with, beyond those of its
	// guard and of every route.
	problems []string
	// costs is true for a route that takes a token of the address whatever
	// comes of it.
	costs bool
}

// always are the problems that every route can answer with.
var always = []string{"invalid-request", "internal"}

// guarded is a huma operation with the gate in front of it.
type guarded struct {
	// body is true when the route takes one.
	body, costs bool
	know        func(*http.Request, []byte) (any, error)
}

type callKey struct{}

const guardedKey = "guarded"

// reply is the answer of a route with a body.
type reply[T any] struct{ Body T }

// handle registers a route that answers with a body.
func handle[W, I, O any](a *API, op operation, g guard[W], do func(context.Context, W, *I) (O, error)) {
	huma.Register(a.huma, humaOperation[W, I](a, op, g), func(ctx context.Context, in *I) (*reply[O], error) {
		out, err := do(ctx, ctx.Value(callKey{}).(W), in)
		if err != nil {
			return nil, a.refusal(ctx, err, g.absent)
		}
		return &reply[O]{out}, nil
	})
}

// handleSilent registers a route that answers 204.
func handleSilent[W, I any](a *API, op operation, g guard[W], do func(context.Context, W, *I) error) {
	huma.Register(a.huma, humaOperation[W, I](a, op, g), func(ctx context.Context, in *I) (*struct{}, error) {
		if err := do(ctx, ctx.Value(callKey{}).(W), in); err != nil {
			return nil, a.refusal(ctx, err, g.absent)
		}
		return nil, nil
	})
}

// refusal is the problem of a handler's error. absent is what a missing row
// means here: who has proved to be a phone is not told "no such person".
func (a *API) refusal(ctx context.Context, err, absent error) error {
	return a.problemOf(ctx, orAbsent(err, absent))
}

func orAbsent(err, absent error) error {
	if absent != nil && errors.Is(err, enrolments.ErrNotFound) {
		return absent
	}
	return err
}

func humaOperation[W, I any](a *API, op operation, g guard[W]) huma.Operation {
	method, path, _ := strings.Cut(op.route, " ")
	_, body := reflect.TypeFor[I]().FieldByName("Body")
	kinds := slices.Concat(always, g.problems, op.problems)
	if body {
		kinds = append(kinds, "unsupported-media-type", "body-too-large")
	}
	out := huma.Operation{
		OperationID: op.id, Method: method, Path: path, Tags: []string{op.tag}, Summary: op.does,
		DefaultStatus: op.status, Responses: a.problemResponses(kinds), MaxBodyBytes: maxBody,
		Metadata: map[string]any{guardedKey: guarded{
			body: body, costs: op.costs,
			know: func(r *http.Request, raw []byte) (any, error) { return g.know(r, raw) },
		}},
	}
	if g.scheme != "" {
		out.Security = []map[string][]string{{g.scheme: {}}}
	}
	return out
}

// problemResponses documents kinds by their status.
func (a *API) problemResponses(kinds []string) map[string]*huma.Response {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem](), true, "Problem")
	out := map[string]*huma.Response{}
	for status, named := range kindsOf(kinds) {
		out[strconv.Itoa(status)] = &huma.Response{
			Description: strings.Join(named, ", "),
			Content:     map[string]*huma.MediaType{problemType: {Schema: schema}},
		}
	}
	return out
}

// gate is huma's way to net/http: it reads the body and asks the guard before
// huma looks at anything.
type gate struct {
	*http.ServeMux
	api *API
}

// Handle implements huma.Adapter.
func (g gate) Handle(op *huma.Operation, next func(huma.Context)) {
	rule := op.Metadata[guardedKey].(guarded)
	g.HandleFunc(op.Method+" "+op.Path, func(w http.ResponseWriter, r *http.Request) {
		body, who, err := g.api.admit(w, r, rule)
		if err != nil {
			g.api.writeProblem(w, r, err)
			return
		}
		ctx := context.WithValue(r.Context(), callKey{}, who)
		next(exchange{humago.NewContext(op, r, w), ctx, body})
	})
}

// admit reads and checks the body and finds out who asks.
func (a *API) admit(w http.ResponseWriter, r *http.Request, rule guarded) (body []byte, who any, err error) {
	from := neighbourhood(clientAddress(r, a.config.TrustedProxies))
	if err := a.limit.check(from); err != nil {
		return nil, nil, err
	}
	if rule.costs {
		a.limit.take(from)
	}
	if body, err = readBody(w, r); err != nil {
		return nil, nil, err
	}
	if who, err = rule.know(r, body); err != nil {
		if isGuess(err) {
			a.limit.take(from)
		}
		return nil, nil, err
	}
	return body, who, checkBody(r, body, rule.body)
}

// humaContext is embedded under this name since exchange has a method Context.
type humaContext = huma.Context

// exchange is a request whose body has been read and whose sender is known.
type exchange struct {
	humaContext
	ctx  context.Context
	body []byte
}

func (e exchange) Context() context.Context { return e.ctx }

func (e exchange) BodyReader() io.Reader { return bytes.NewReader(e.body) }

// SetReadDeadline does nothing: the body is here, and a deadline on the
// connection would end whatever is held open after it.
func (e exchange) SetReadDeadline(time.Time) error { return nil }
