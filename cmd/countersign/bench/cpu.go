package bench

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// cpu is the processor time that Redis has used so far.
func (b *bench) cpu() (time.Duration, error) {
	info, err := b.redis.Do("INFO", "cpu")
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name != "used_cpu_user" && name != "used_cpu_sys" {
			continue
		}
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("redis: %s: %w", name, err)
		}
		sum += time.Duration(seconds * float64(time.Second))
	}
	return sum, nil
}
