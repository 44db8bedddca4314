package redisstore

import (
	"strings"
	"testing"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
	"countersign/redisstore/redistest"
)

// aWatched is an approval that nobody has read yet, on a hub that does nothing.
func aWatched() *watched {
	h := &hub{topics: make(map[string]*topic), dirtyNow: make(chan struct{}, 1), dueNow: make(chan struct{}, 1)}
	w := &watched{hub: h, id: "id"}
	w.topic = &topic{channel: "channel", room: w, refs: 2}
	return w
}

func version(n, state string) string {
	return strings.Replace(strings.Replace(aLine, " 3 ", " "+n+" ", 1), "pending", state, 1)
}

func read(t *testing.T, line string) approvals.Approval {
	t.Helper()
	a, err := approvalOf("id", line, aDoc(t))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestWhatIsAnnouncedBeforeTheFirstReadIsDoneIsNotLost(t *testing.T) {
	w := aWatched()
	w.hear(version("4", "denied"))
	var told []approvals.Approval
	w.add(read(t, version("3", "pending")), func(a approvals.Approval) { told = append(told, a) })
	if len(told) != 1 || told[0].State != approvals.Denied || told[0].Version != 4 {
		t.Errorf("told %v", told)
	}
}

func TestWhatIsOlderThanTheFirstReadIsNotTold(t *testing.T) {
	w := aWatched()
	w.hear(version("4", "pending"))
	var told []approvals.Approval
	stop := w.add(read(t, version("5", "pending")), func(a approvals.Approval) { told = append(told, a) })
	defer stop()
	w.hear(version("3", "pending"))
	w.hear(version("5", "pending"))
	if len(told) != 1 || told[0].Version != 5 {
		t.Errorf("told %v", told)
	}
}

func TestARedisThatWentBackIsFollowed(t *testing.T) {
	w := aWatched()
	var told []string
	stop := w.add(read(t, version("7", "pending")), func(a approvals.Approval) { told = append(told, string(a.State)) })
	defer stop()
	w.doubt() // the connection was lost; what is promoted has lost two changes
	w.mu.Lock()
	w.takeLocked(read(t, version("5", "pending")))
	w.mu.Unlock()
	w.hear(version("6", "denied"))
	if got := strings.Join(told, " "); got != "pending pending denied" {
		t.Errorf("told %q", got)
	}
}

func TestWhatIsFinalIsToldThoughItsVersionIsNot(t *testing.T) {
	w := aWatched()
	var told []approvals.Approval
	w.add(read(t, version("7", "pending")), func(a approvals.Approval) { told = append(told, a) })
	w.hear(version("6", "withdrawn"))
	if len(told) != 2 || told[1].State != approvals.Withdrawn {
		t.Errorf("told %v", told)
	}
	w.hear(version("8", "approved"))
	if len(told) != 2 {
		t.Errorf("after the end it was told %v", told[2:])
	}
}

func TestAnAnnouncementThatCannotBeReadIsReadFromRedis(t *testing.T) {
	w := aWatched()
	stop := w.add(read(t, aLine), func(approvals.Approval) {})
	defer stop()
	if w.hear("nonsense") || w.hear("") {
		t.Error("it was taken")
	}
	if !w.hear(version("4", "pending")) {
		t.Error("a good one was refused")
	}
}

func TestAChangeWhoseAnnouncementWasLostIsFoundByReadingAgain(t *testing.T) {
	s, err := Open(t.Context(), Config{URL: redistest.Start(t), refresh: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := request(enrolments.NewID[enrolments.PersonID]())
	if _, err := s.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	told := make(chan approvals.Approval, 10)
	stop, err := s.Watch(t.Context(), n.ID, func(a approvals.Approval) { told <- a })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	<-told
	line, err := s.client.HGet(t.Context(), approvalKey(n.ID), "line").Result()
	if err != nil {
		t.Fatal(err)
	}
	line = strings.Replace(line, " pending ", " denied ", 1)
	if err := s.client.HSet(t.Context(), approvalKey(n.ID), "line", line).Err(); err != nil {
		t.Fatal(err)
	}
	select {
	case a := <-told:
		if a.State != approvals.Denied {
			t.Errorf("told %q", a.State)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it was not found")
	}
}

func TestTheTimerRunsByRedisClock(t *testing.T) {
	w := aWatched()
	w.hub.topics[w.topic.channel] = w.topic
	a := read(t, aLine)
	a.Expires = a.AsOf.Add(20 * time.Millisecond) // years from now by this node's clock, or ago
	stop := w.add(a, func(approvals.Approval) {})
	defer stop()
	select {
	case <-w.hub.dueNow:
	case <-time.After(20 * time.Second):
		t.Fatal("the deadline passed and nothing was read")
	}
}
