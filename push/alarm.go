package push

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Alarm tells an operator, through the log, what no single phone is to blame
// for: a credential that is not accepted, a message that a service refuses, a
// service that is down. It is an Observer.
type Alarm struct {
	log *slog.Logger

	mu   sync.Mutex
	last map[alarm]time.Time
}

// alarm is what is not repeated for a while. Places and the kinds of error are
// few.
type alarm struct {
	at   Place
	kind error
}

// alarmEvery bounds how often the same alarm is logged: such a failure comes
// with every message.
const alarmEvery = time.Minute

// NewAlarm makes one.
func NewAlarm(log *slog.Logger) *Alarm {
	return &Alarm{log: log, last: make(map[alarm]time.Time)}
}

// Attempted implements Observer.
func (a *Alarm) Attempted(_ context.Context, t Attempt) {
	if t.Err == nil {
		return
	}
	for kind, says := range map[error]string{
		ErrCredential: "push credential not accepted: no phone of this service is woken",
		ErrRefused:    "push message refused: a defect of this server",
	} {
		if errors.Is(t.Err, kind) && a.due(alarm{t.Place, kind}, t.Began) {
			a.log.Error(says, "service", t.Place.String(), "approval", t.Message, "error", t.Err)
		}
	}
}

func (a *Alarm) due(of alarm, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if last, ok := a.last[of]; ok && now.Sub(last) < alarmEvery {
		return false
	}
	a.last[of] = now
	return true
}

// Turned implements Observer.
func (a *Alarm) Turned(at Place, to Health) {
	level := slog.LevelWarn
	if to == Up {
		level = slog.LevelInfo
	}
	a.log.Log(context.Background(), level, "push service", "service", at.String(), "health", string(to))
}
