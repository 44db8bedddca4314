package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"countersign/push"
)

// WatchHealth shows how each push service does, as conditions says at each
// scrape. Call it once.
func (m *Metrics) WatchHealth(conditions func() []push.Condition) {
	m.registry.MustRegister(health(conditions))
}

// health is a collector: 1 is up, 0.5 is being tried, 0 is down.
type health func() []push.Condition

var healthDesc = prometheus.NewDesc("countersign_push_up",
	"Whether a push service is up (1), being tried (0.5) or down (0); part is the host of Web Push.",
	[]string{"service", "part"}, nil)

// Describe implements prometheus.Collector.
func (h health) Describe(to chan<- *prometheus.Desc) { to <- healthDesc }

// Collect implements prometheus.Collector.
func (h health) Collect(to chan<- prometheus.Metric) {
	value := map[push.Health]float64{push.Up: 1, push.Trying: 0.5, push.Down: 0}
	for _, c := range h() {
		to <- prometheus.MustNewConstMetric(healthDesc, prometheus.GaugeValue, value[c.Health], string(c.Place.Service), c.Place.Part)
	}
}
