package push

import (
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// lookEvery is how often files are looked at, at most.
const lookEvery = 10 * time.Second

// Fresh is a value made from files, such as a credential, and made anew when
// one of them changes. It looks while it is used and has no goroutine. It is
// safe for concurrent use.
//
// A new file that is broken changes nothing but the log: the old value stays.
type Fresh[T any] struct {
	what  string
	files []string
	read  func() (T, error)
	log   *slog.Logger

	value atomic.Pointer[T]
	next  atomic.Int64 // nanoseconds since the epoch, when to look again
	mu    sync.Mutex
	seen  []os.FileInfo
}

// NewFresh makes the first value, whose error is returned. what names it in the
// log; files may hold empty names. A value with a method Close is closed when
// another has taken its place: Close must leave be what is under way. A nil log
// is silent.
func NewFresh[T any](what string, files []string, log *slog.Logger, read func() (T, error)) (*Fresh[T], error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	f := &Fresh[T]{what: what, read: read, log: log}
	for _, name := range files {
		if name != "" {
			f.files = append(f.files, name)
		}
	}
	// Before reading: a change between the two is found at the next look.
	f.seen = f.look()
	first, err := read()
	if err != nil {
		return nil, err
	}
	f.value.Store(&first)
	f.next.Store(time.Now().Add(lookEvery).UnixNano())
	return f, nil
}

// Value is the newest that could be made. At most one caller in ten seconds
// looks at the files.
func (f *Fresh[T]) Value() T {
	now := time.Now()
	if next := f.next.Load(); now.UnixNano() >= next && f.next.CompareAndSwap(next, now.Add(lookEvery).UnixNano()) {
		f.renew()
	}
	return *f.value.Load()
}

// Doubt has the files looked at soon, because what was made from them was
// refused.
func (f *Fresh[T]) Doubt() {
	// Not more than once a second: a refused credential fails every message.
	soon := time.Now().Add(time.Second).UnixNano()
	if next := f.next.Load(); next > soon {
		f.next.CompareAndSwap(next, soon)
	}
}

func (f *Fresh[T]) renew() {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.look()
	if same(f.seen, now) {
		return
	}
	f.seen = now
	made, err := f.read()
	if err != nil {
		f.log.Error("a changed file is broken; what was read before stays in use", "what", f.what, "error", err)
		return
	}
	old := f.value.Swap(&made)
	f.log.Info("read anew, because a file changed", "what", f.what)
	if c, ok := any(*old).(interface{ Close() }); ok {
		c.Close()
	}
}

// look holds nil for a file that cannot be looked at.
func (f *Fresh[T]) look() []os.FileInfo {
	all := make([]os.FileInfo, len(f.files))
	for i, name := range f.files {
		if info, err := os.Stat(name); err == nil {
			all[i] = info
		}
	}
	return all
}

// same compares what changes when a file is written or another takes its name.
func same(a, b []os.FileInfo) bool {
	for i := range a {
		switch {
		case (a[i] == nil) != (b[i] == nil):
			return false
		case a[i] == nil:
		case !os.SameFile(a[i], b[i]), a[i].Size() != b[i].Size(), !a[i].ModTime().Equal(b[i].ModTime()):
			return false
		}
	}
	return true
}

// String names what is kept and hides it.
func (f *Fresh[T]) String() string { return fmt.Sprintf("fresh %s", f.what) }
