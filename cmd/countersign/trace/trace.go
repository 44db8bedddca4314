// Package trace shows the way of a sign-in to OpenTelemetry: a span for each
// request that changes something, and within it one for each try to wake a
// phone, until the delivery service has answered. It is the only home of
// OpenTelemetry and is set up by its standard environment alone.
//
// A span holds a method, a route, a status, a service, an approval's id and what
// came of a push. It never holds a header, a body, an address or a person.
package trace

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"countersign/push"
)

// Traces sends spans until Close.
type Traces struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	carrier  propagation.TraceContext
}

// Wanted reports whether the environment names a collector: an endpoint, and
// neither OTEL_SDK_DISABLED=true nor OTEL_TRACES_EXPORTER=none.
func Wanted(getenv func(string) string) bool {
	if getenv("OTEL_SDK_DISABLED") == "true" || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// Open sends by OTLP over HTTP, as the environment says: OTEL_EXPORTER_OTLP_*,
// OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER. A collector
// that is away loses spans and no sign-in; that is noted in log.
func Open(ctx context.Context, log *slog.Logger) (*Traces, error) {
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces", "error", err) }))
	what, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "countersign")), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("traces: OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return newTraces(sdk.WithBatcher(exporter), sdk.WithResource(what)), nil
}

func newTraces(options ...sdk.TracerProviderOption) *Traces {
	provider := sdk.NewTracerProvider(options...)
	return &Traces{provider: provider, tracer: provider.Tracer("countersign")}
}

// Close sends what is left, for as long as ctx lasts.
func (t *Traces) Close(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// Around makes a span of each request that is no GET; those wait, and say
// nothing by how long. It joins the trace of whoever asks.
func (t *Traces) Around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		ctx := t.carrier.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := t.tracer.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		answer := &status{ResponseWriter: w, code: http.StatusOK}
		r = r.WithContext(ctx)
		next.ServeHTTP(answer, r)
		if r.Pattern != "" {
			span.SetName(r.Pattern)
		}
		span.SetAttributes(attribute.String("http.request.method", r.Method), attribute.Int("http.response.status_code", answer.code))
		if answer.code >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
	})
}

// status notes the code of an answer.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Attempted implements push.Observer: it makes the span of an attempt that is
// over.
func (t *Traces) Attempted(ctx context.Context, a push.Attempt) {
	_, span := t.tracer.Start(ctx, "push "+a.Place.String(), trace.WithTimestamp(a.Began), trace.WithSpanKind(trace.SpanKindClient))
	span.SetAttributes(attribute.String("countersign.approval", a.Message), attribute.Int("countersign.try", a.Try))
	if a.Err != nil {
		span.SetStatus(codes.Error, a.Err.Error()) // push's errors carry neither token nor endpoint
	}
	span.End(trace.WithTimestamp(a.Began.Add(max(a.Took, time.Microsecond))))
}

// Turned implements push.Observer.
func (t *Traces) Turned(push.Place, push.Health) {}
