package bench

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// memory of a process, in bytes.
type memory struct {
	// Resident as it stands, with what is garbage but not collected.
	Resident int64 `json:"resident"`
	// Kept is resident after a collection, with what is free given back.
	Kept int64 `json:"kept"`
	// Heap is in use after a collection, stacks included.
	Heap int64 `json:"heap"`
}

func (m memory) minus(o memory) memory {
	return memory{m.Resident - o.Resident, m.Kept - o.Kept, m.Heap - o.Heap}
}

// memoryNow measures this process.
func memoryNow() (m memory, err error) {
	if m.Resident, err = resident(); err != nil {
		return m, err
	}
	// The first collection leaves what pools hold, the second does not.
	runtime.GC()
	debug.FreeOSMemory()
	if m.Kept, err = resident(); err != nil {
		return m, err
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	m.Heap = int64(stats.HeapInuse + stats.StackInuse)
	return m, nil
}

// resident reads the second field of /proc/self/statm, in pages.
func resident() (int64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("resident memory is read on Linux alone: %w", err)
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, errors.New("/proc/self/statm cannot be read")
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
