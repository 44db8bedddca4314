package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/mobile-stub/phone"
)

// stub calls the program with one phone's file.
type stub struct {
	t    *testing.T
	file string
}

func newStub(t *testing.T) stub { return stub{t, filepath.Join(t.TempDir(), "phone.json")} }

func (s stub) run(stdin string, args ...string) (string, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	var out bytes.Buffer
	err := run(ctx, append(args, "-file", s.file), strings.NewReader(stdin), &out, io.Discard)
	return out.String(), err
}

func (s stub) must(args ...string) string {
	s.t.Helper()
	out, err := s.run("", args...)
	if err != nil {
		s.t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return out
}

func TestPairingShowsTheDigitsAndThenCodesWork(t *testing.T) {
	s, c := newServer(t), newStub(t)
	out := c.must("pair", s.link(), "--name", "Ana's iPhone")
	p, err := phone.Open(c.file, phone.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.Account("device-1")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, a.Digits[:3]+" "+a.Digits[3:]) || !strings.Contains(out, "Ready") {
		t.Errorf("no digits or no end: %s", out)
	}
	if a.Name != "Ana's iPhone" {
		t.Errorf("named %q", a.Name)
	}
	s.Close() // codes need no server
	now := time.Now()
	out = c.must("code")
	before, _ := p.Code(a.ID, now)
	after, _ := p.Code(a.ID, time.Now())
	if !strings.HasPrefix(out, before.Digits) && !strings.HasPrefix(out, after.Digits) {
		t.Errorf("got %q, want %s or %s", out, before.Digits, after.Digits)
	}
}

func TestTheLinkCanComeFromStdin(t *testing.T) {
	s, c := newServer(t), newStub(t)
	if out, err := c.run(s.link()+"\n", "pair", "-"); err != nil || !strings.Contains(out, "Ready") {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestARefusedPairingLeavesNoAccount(t *testing.T) {
	s, c := newServer(t), newStub(t)
	s.state = ""
	if _, err := c.run("", "pair", s.link()); phone.KindOf(err) != phone.PhoneUnknown {
		t.Errorf("got %v, want %s", err, phone.PhoneUnknown)
	}
	if _, err := c.run("", "list"); !errors.Is(err, phone.ErrNoAccount) {
		t.Errorf("got %v, want ErrNoAccount", err)
	}
}

func TestAnInterruptedPairingIsFinishedByList(t *testing.T) {
	s, c := newServer(t), newStub(t)
	s.state = "claimed"
	p, err := phone.Open(c.file, phone.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.Pair(t.Context(), s.link(), phone.Pairing{Name: "phone"})
	if err != nil {
		t.Fatal(err)
	}
	if out := c.must("list"); !strings.Contains(out, "claimed, digits "+a.Digits[:3]+" "+a.Digits[3:]) {
		t.Errorf("the digits are not repeated: %s", out)
	}
	if _, err := c.run("", "code"); !errors.Is(err, phone.ErrNoCodes) {
		t.Errorf("got %v, want ErrNoCodes", err)
	}
	s.change(func() { s.state = "active" })
	if out := c.must("list"); !strings.Contains(out, "active") {
		t.Errorf("not active: %s", out)
	}
	c.must("code")
	s.change(func() { s.state = "" })
	if out := c.must("list"); !strings.Contains(out, "active") {
		t.Errorf("an active account was asked about again: %s", out)
	}
}

func TestAnswersAreGivenByTheIDOfTheRequest(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		stdin string
		reply map[string]any
		want  string
	}{
		"approve with a flag":   {[]string{"approve", "asked", "--number", "47"}, "", map[string]any{"state": "approved"}, "Approved"},
		"approve with a prompt": {[]string{"approve", "asked"}, "4 7\n", map[string]any{"state": "approved"}, "Approved"},
		"deny":                  {[]string{"deny", "asked"}, "", map[string]any{"state": "denied", "reason": "user"}, "Refused: "},
		"report":                {[]string{"report", "asked"}, "", map[string]any{"state": "denied", "reason": "reported"}, "administrator"},
	} {
		t.Run(name, func(t *testing.T) {
			s, stub := newServer(t), newStub(t)
			stub.must("pair", s.link())
			s.change(func() {
				s.pending = []string{"newer", "asked"}
				s.outcome = func(w http.ResponseWriter, _ string) { send(w, 200, c.reply) }
			})
			out, err := stub.run(c.stdin, c.args...)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out, "Northwind Books") || !strings.Contains(out, "Wellington") {
				t.Errorf("it signed what it did not show: %s", out)
			}
			if !strings.Contains(out, c.want) {
				t.Errorf("got %q, want %q in it", out, c.want)
			}
			if strings.Join(s.answers, ",") != "asked" || strings.Join(s.seen, ",") != "asked" {
				t.Errorf("answered %v, seen %v, want the one request", s.answers, s.seen)
			}
		})
	}
}

func TestWhatCannotBeShownIsNotSigned(t *testing.T) {
	s, c := newServer(t), newStub(t)
	c.must("pair", s.link())
	s.change(func() { s.pending, s.display = []string{"asked"}, `{"application":7}` })
	if _, err := c.run("", "approve", "asked", "-number", "47"); !errors.Is(err, phone.ErrReply) || len(s.answers) > 0 {
		t.Errorf("got %v and %d answers, want ErrReply and none", err, len(s.answers))
	}
}

func TestNothingFromOutsideMovesTheCursor(t *testing.T) {
	s, c := newServer(t), newStub(t)
	c.must("pair", s.link())
	s.change(func() {
		s.pending, s.display = []string{"asked"}, `{"application":"\u001b[2JBank\u202e","user":"a\nb"}`
	})
	out := c.must("deny", "asked")
	if strings.ContainsAny(out, "\x1b\u202e") || strings.Contains(out, "a\nb") || !strings.Contains(out, "Bank") {
		t.Errorf("got %q", out)
	}
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	for kind, c := range map[string]struct {
		more map[string]any
		want string
	}{
		phone.NumberWrong:     {map[string]any{"number_attempts_left": 1}, "1 left"},
		phone.ApprovalSettled: {map[string]any{"state": "withdrawn", "reason": "replaced"}, "newer request"},
		phone.ProofClock:      {map[string]any{"server_time": time.Now().Add(time.Hour)}, "clock is off by"},
		phone.PhoneUnknown:    {nil, "remove -local"},
	} {
		s, stub := newServer(t), newStub(t)
		stub.must("pair", s.link())
		s.change(func() {
			s.pending = []string{"asked"}
			s.outcome = func(w http.ResponseWriter, _ string) { refuse(w, 422, kind, c.more) }
		})
		_, err := stub.run("", "approve", "asked", "-number", "47")
		var said bytes.Buffer
		if got := report(err, &said); got != exitFailure {
			t.Errorf("%s: exit code %d, want %d", kind, got, exitFailure)
		}
		if !strings.Contains(said.String(), c.want) || !strings.Contains(said.String(), "the detail of "+kind) {
			t.Errorf("%s: said %q, want %q in it", kind, said.String(), c.want)
		}
	}
}

func TestAServerThatIsAwayIsSaidToBe(t *testing.T) {
	s, c := newServer(t), newStub(t)
	c.must("pair", s.link())
	s.Close()
	_, err := c.run("", "deny", "asked")
	var said bytes.Buffer
	if report(err, &said) != exitFailure || !strings.Contains(said.String(), "Is the server running") {
		t.Errorf("said %q", said.String())
	}
}

func TestARequestThatIsGoneIsNotAnswered(t *testing.T) {
	s, c := newServer(t), newStub(t)
	c.must("pair", s.link())
	_, err := c.run("", "approve", "gone", "-number", "47")
	if !errors.Is(err, phone.ErrNoRequest) || len(s.answers) > 0 {
		t.Errorf("got %v and %d answers", err, len(s.answers))
	}
}

func TestWithSeveralAccountsTheRightOneAnswers(t *testing.T) {
	one, other, c := newServer(t), newServer(t), newStub(t)
	other.device = "device-2"
	c.must("pair", one.link())
	c.must("pair", other.link())
	other.change(func() { other.pending = []string{"asked"} })
	c.must("deny", "asked")
	if len(one.answers) != 0 || len(other.answers) != 1 {
		t.Errorf("answered %v and %v, want the second alone", one.answers, other.answers)
	}
	if _, err := c.run("", "remove"); !errors.Is(err, errWhich) {
		t.Errorf("removing without a choice: got %v, want errWhich", err)
	}
	c.must("remove", "-account", "device-1")
	if !one.removed || other.removed {
		t.Errorf("removed: %v and %v, want the first alone", one.removed, other.removed)
	}
	if out := c.must("list"); strings.Contains(out, "device-1") || !strings.Contains(out, "device-2") {
		t.Errorf("left: %s", out)
	}
}

func TestRemoveLocalTellsNobody(t *testing.T) {
	s, c := newServer(t), newStub(t)
	c.must("pair", s.link())
	c.must("remove", "-local")
	if s.removed {
		t.Error("the server was told")
	}
}

// screen is stdout that can be waited for.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
	grew chan struct{}
}

func newScreen() *screen { return &screen{grew: make(chan struct{}, 1)} }

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(b)
	select {
	case s.grew <- struct{}{}:
	default:
	}
	return len(b), nil
}

// await returns once the screen shows text.
func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		s.mu.Lock()
		shown := s.text.String()
		s.mu.Unlock()
		if strings.Contains(shown, text) {
			return
		}
		select {
		case <-s.grew:
		case <-deadline:
			t.Fatalf("%q was never shown: %s", text, shown)
		}
	}
}

func TestWatchPrintsRequestsOfAllAccountsUntilItIsInterrupted(t *testing.T) {
	one, other, c := newServer(t), newServer(t), newStub(t)
	other.device = "device-2"
	c.must("pair", one.link())
	c.must("pair", other.link())
	one.change(func() { one.pending = []string{"from-one"} })
	ctx, stop := context.WithCancel(t.Context())
	out, ended := newScreen(), make(chan error)
	go func() { ended <- run(ctx, []string{"watch", "-file", c.file}, nil, out, io.Discard) }()
	out.await(t, "from-one")
	other.change(func() { other.pending = []string{"from-other"} })
	out.await(t, "from-other")
	stop()
	if err := <-ended; err != nil {
		t.Errorf("interrupted: got %v, want a good end", err)
	}
}

func TestWatchEndsWhenThePhoneIsRemoved(t *testing.T) {
	s, c := newServer(t), newStub(t)
	c.must("pair", s.link())
	s.change(func() { s.state = "" })
	if _, err := c.run("", "watch"); phone.KindOf(err) != phone.PhoneUnknown {
		t.Errorf("got %v, want %s", err, phone.PhoneUnknown)
	}
}

func TestWrongCommandLinesAreRefused(t *testing.T) {
	c := newStub(t)
	for _, args := range [][]string{
		{"pair"}, {"pair", "a", "b"}, {"approve"}, {"deny"}, {"report"}, {"list", "x"}, {"code", "x"}, {"watch", "x"}, {"remove", "x"},
		{"list", "-nonsense"}, {"approve", "x", "-nonsense"}, {"nonsense"},
	} {
		_, err := c.run("", args...)
		if !errors.Is(err, errUsage) || report(err, io.Discard) != exitUsage {
			t.Errorf("%v: got %v, want errUsage", args, err)
		}
	}
	if err := run(t.Context(), nil, nil, io.Discard, io.Discard); !errors.Is(err, errUsage) {
		t.Errorf("no command: got %v, want errUsage", err)
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	c := newStub(t)
	for _, args := range [][]string{{"help"}, {"pair", "-help"}} {
		if _, err := c.run("", args...); report(err, io.Discard) != 0 {
			t.Errorf("%v: got %v", args, err)
		}
	}
	if _, err := c.run("", "pair", "-help"); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v", err)
	}
}

func TestACAFileMustHoldCertificates(t *testing.T) {
	c := newStub(t)
	empty := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(empty, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, empty + ".missing"} {
		if _, err := c.run("", "list", "-ca", file); err == nil || !strings.HasPrefix(err.Error(), "-ca:") {
			t.Errorf("%s: got %v", file, err)
		}
	}
}
