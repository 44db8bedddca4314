package trace

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"countersign/push"
)

// traced serves one request by handle and returns the spans.
func traced(t *testing.T, r *http.Request, handle func(*Traces, http.ResponseWriter, *http.Request)) tracetest.SpanStubs {
	t.Helper()
	kept := tracetest.NewInMemoryExporter()
	traces := newTraces(sdk.WithSyncer(kept))
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/approvals", func(w http.ResponseWriter, r *http.Request) { handle(traces, w, r) })
	mux.HandleFunc("GET /v1/approvals", func(w http.ResponseWriter, r *http.Request) { handle(traces, w, r) })
	traces.Around(mux).ServeHTTP(httptest.NewRecorder(), r)
	spans := kept.GetSpans()
	if err := traces.Close(t.Context()); err != nil {
		t.Error(err)
	}
	return spans
}

func TestAPushIsPartOfItsRequestsTrace(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/v1/approvals", nil)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	began := time.Now().Add(-time.Second)
	spans := traced(t, r, func(traces *Traces, w http.ResponseWriter, r *http.Request) {
		traces.Attempted(context.WithoutCancel(r.Context()), push.Attempt{
			Place: push.Place{Service: push.FCM}, Message: "apr_1", Try: 2, Began: began, Took: 300 * time.Millisecond, Err: push.ErrGone,
		})
		w.WriteHeader(http.StatusCreated)
	})
	if len(spans) != 2 {
		t.Fatalf("%d spans, want two", len(spans))
	}
	attempt, request := spans[0], spans[1]
	if attempt.Name != "push fcm" || request.Name != "POST /v1/approvals" {
		t.Errorf("named %q and %q", attempt.Name, request.Name)
	}
	if attempt.Parent.SpanID() != request.SpanContext.SpanID() {
		t.Error("the push is no child of the request")
	}
	if got := request.SpanContext.TraceID().String(); got != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("the request's trace is %s, not the application's", got)
	}
	if !attempt.StartTime.Equal(began) || attempt.EndTime.Sub(began) != 300*time.Millisecond || attempt.Status.Code != codes.Error {
		t.Errorf("the push is %v long and ended as %v", attempt.EndTime.Sub(began), attempt.Status)
	}
	if request.Status.Code == codes.Error {
		t.Error("a request that was answered 201 is an error")
	}
}

func TestARequestThatFailsIsMarked(t *testing.T) {
	spans := traced(t, httptest.NewRequest(http.MethodPost, "/v1/approvals", nil), func(_ *Traces, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
	})
	if len(spans) != 1 || spans[0].Status.Code != codes.Error {
		t.Errorf("spans: %v", spans)
	}
}

func TestWhoWaitsIsNotTraced(t *testing.T) {
	spans := traced(t, httptest.NewRequest(http.MethodGet, "/v1/approvals", nil), func(_ *Traces, w http.ResponseWriter, _ *http.Request) {
		if _, ok := w.(*httptest.ResponseRecorder); !ok {
			t.Errorf("a stream is written through %T", w)
		}
	})
	if len(spans) != 0 {
		t.Errorf("spans: %v", spans)
	}
}

func TestTracesAreSentWhereTheEnvironmentNamesACollector(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for _, c := range []struct {
		environment map[string]string
		want        bool
	}{
		{nil, false},
		{map[string]string{endpoint: "http://collector:4318"}, true},
		{map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, true},
		{map[string]string{endpoint: "http://collector:4318", "OTEL_SDK_DISABLED": "true"}, false},
		{map[string]string{endpoint: "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"}, false},
	} {
		if got := Wanted(func(name string) string { return c.environment[name] }); got != c.want {
			t.Errorf("%v: got %v, want %v", c.environment, got, c.want)
		}
	}
}
