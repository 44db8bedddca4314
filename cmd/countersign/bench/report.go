package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"countersign/redisstore/redistest"
)

// Report is one run.
type Report struct {
	Name string    `json:"name"`
	What string    `json:"what"`
	Date time.Time `json:"date"`
	// Machine and Versions say on what it was measured; Load is the machine's
	// load average before and after, where the system tells.
	Machine  string   `json:"machine"`
	Versions []string `json:"versions"`
	Load     []string `json:"load,omitempty"`
	Rounds   int      `json:"rounds"`
	Figures  []Figure `json:"figures"`
}

// measured are the modules whose versions belong to a figure.
var measured = []string{"github.com/redis/go-redis/v9", "github.com/gorilla/websocket"}

func newReport(name, what string, rounds int, redis *redistest.Server) Report {
	r := Report{
		Name: name, What: what, Date: time.Now().UTC().Truncate(time.Second), Rounds: rounds,
		Machine:  fmt.Sprintf("%s/%s, %d CPUs", runtime.GOOS, runtime.GOARCH, runtime.NumCPU()),
		Versions: []string{runtime.Version()},
	}
	if v := redisVersion(redis); v != "" {
		r.Versions = append(r.Versions, "Redis "+v)
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			for _, name := range measured {
				if dep.Path == name {
					r.Versions = append(r.Versions, name+" "+dep.Version)
				}
			}
		}
	}
	r.noteLoad()
	return r
}

func redisVersion(redis *redistest.Server) string {
	info, err := redis.Do("INFO", "server")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(info) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "redis_version:"); ok {
			return v
		}
	}
	return ""
}

// noteLoad notes the load averages of now, which only Linux has in a file.
func (r *Report) noteLoad() {
	text, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(text)); err == nil && len(fields) > 0 {
		r.Load = append(r.Load, fields[0])
	}
}

// Print writes the report as a table.
func (r Report) Print(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "countersign bench %s: %s, %d rounds\n", r.Name, r.What, r.Rounds)
	fmt.Fprintf(&out, "%s · %s · load %s\n%s\n\n", r.Date.Format(time.RFC3339), r.Machine,
		strings.Join(r.Load, " → "), strings.Join(r.Versions, " · "))
	wide := 0
	for _, f := range r.Figures {
		wide = max(wide, utf8.RuneCountInString(label(f)))
	}
	fmt.Fprintf(&out, "%-*s %10s %10s %10s   goal\n", wide, "", "median", "min", "max")
	for _, f := range r.Figures {
		pad := strings.Repeat(" ", wide-utf8.RuneCountInString(label(f)))
		line := fmt.Sprintf("%s%s %10s %10s %10s   %s", label(f), pad, number(f, f.Median), number(f, f.Min), number(f, f.Max), verdict(f))
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func label(f Figure) string {
	if f.Unit == "" {
		return f.Name
	}
	return f.Name + ", " + f.Unit
}

// number writes a ratio with two digits after the point, and of larger values
// none.
func number(f Figure, v float64) string {
	switch {
	case f.Unit == "" || v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 1000:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func verdict(f Figure) string {
	switch {
	case f.Goal == nil:
		return ""
	case f.Goal.Reached(f.Median):
		return f.Goal.String() + "  reached"
	}
	return f.Goal.String() + "  missed"
}

// WriteFile writes the report as JSON.
func (r Report) WriteFile(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
