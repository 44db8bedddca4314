// Package metrics counts what the server does, for Prometheus. It is the only
// home of its client. It learns of pushes as a push.Observer; no room below it
// knows that somebody counts.
//
// Labels come from lists that the configuration and the services' documents
// bound, never from a target or a person.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"countersign/push"
)

// Metrics is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	outcomes *prometheus.CounterVec
	retries  *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// New counts from nothing.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "countersign_push_attempts_total",
			Help: "Attempts to wake a phone, by what came of them; reason is the service's own word where it documents one.",
		}, []string{"service", "outcome", "reason"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "countersign_push_retries_total",
			Help: "Attempts that were not the first for their phone and sign-in.",
		}, []string{"service"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "countersign_push_seconds",
			Help:    "How long a service took to answer an attempt.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"service"}),
	}
	m.registry.MustRegister(m.outcomes, m.retries, m.seconds,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler answers a scrape.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}

// Attempted implements push.Observer.
func (m *Metrics) Attempted(_ context.Context, a push.Attempt) {
	service := string(a.Place.Service)
	outcome, reason := outcomeOf(a.Err)
	m.outcomes.WithLabelValues(service, outcome, reason).Inc()
	if !a.Asked {
		return
	}
	m.seconds.WithLabelValues(service).Observe(a.Took.Seconds())
	if a.Try > 0 {
		m.retries.WithLabelValues(service).Inc()
	}
}

// Turned implements push.Observer; health is read when it is asked for.
func (m *Metrics) Turned(push.Place, push.Health) {}

// outcomes names push's errors; the narrower ones come first.
var outcomes = []struct {
	err  error
	name string
}{
	{push.ErrGone, "gone"},
	{push.ErrCredential, "credential"},
	{push.ErrRefused, "refused"},
	{push.ErrTooMany, "too_many"},
	{push.ErrDown, "down"},
	{push.ErrUnavailable, "unavailable"},
	{push.ErrBadTarget, "bad_target"},
}

// outcomeOf gives labels: of a word that a service does not document its status
// alone, so that a stranger's words make no series.
func outcomeOf(err error) (outcome, reason string) {
	if err == nil {
		return "accepted", ""
	}
	outcome = "other"
	for _, o := range outcomes {
		if errors.Is(err, o.err) {
			outcome = o.name
			break
		}
	}
	var refusal *push.Refusal
	switch {
	case !errors.As(err, &refusal):
		return outcome, "no answer"
	case refusal.Reason != "":
		return outcome, refusal.Reason
	}
	return outcome, fmt.Sprint(refusal.Status)
}
