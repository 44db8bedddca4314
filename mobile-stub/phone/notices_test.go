package phone

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func (s *server) listNotices(w http.ResponseWriter, _ *http.Request, _ string, _ []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	reply(w, 200, map[string]any{"notices": s.notices})
}

func (s *server) stopNotice(w http.ResponseWriter, r *http.Request, _ string, _ []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, n := range s.notices {
		if n.ID == r.PathValue("id") {
			s.notices[i].State = "stopped"
			reply(w, 200, s.notices[i])
			return
		}
	}
	refuse(w, 404, "notice-not-found", nil)
}

func TestAChangeIsReadAndStopped(t *testing.T) {
	s := newServer(t)
	p, id := paired(t, s, ES256)
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	s.change(func() {
		s.notices = []Notice{{ID: "n1", Event: "phone.paired", At: at, Detail: "Old Pixel", Because: "lost", Where: "Chrome", State: "open"}}
	})
	all, err := p.Notices(within(t), id)
	if err != nil || len(all) != 1 || all[0] != s.notices[0] {
		t.Errorf("got %+v, %v", all, err)
	}
	n, err := p.Stop(within(t), id, "n1")
	if err != nil || n.State != "stopped" {
		t.Errorf("got %+v, %v", n, err)
	}
	if _, err := p.Stop(within(t), id, "n2"); KindOf(err) != "notice-not-found" {
		t.Errorf("got %v", err)
	}
	if _, err := p.Stop(within(t), id, "../approvals"); !errors.Is(err, ErrNoNotice) {
		t.Errorf("got %v, want ErrNoNotice", err)
	}
}

func TestAListOfNoticesIsBoundedAndHasIDs(t *testing.T) {
	for name, notices := range map[string][]Notice{
		"too many":      make([]Notice, maxNotices+1),
		"without an id": {{Event: "phone.paired"}},
		"no id":         {{ID: strings.Repeat("a", 65)}},
	} {
		s := newServer(t)
		p, id := paired(t, s, ES256)
		s.change(func() { s.notices = notices })
		if _, err := p.Notices(within(t), id); !errors.Is(err, ErrReply) {
			t.Errorf("%s: got %v, want ErrReply", name, err)
		}
	}
}
