package duo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/enrolments"
)

// old is a policy for Debian 12's clients, which sign no date.
func old(more ...string) enrolments.IntegrationPolicy {
	return enrolments.IntegrationPolicy{OldSignatures: "Debian 12 has duo_unix 1.11", PushWithoutNumber: strings.Join(more, "")}
}

// need finds a client that Debian packages; it skips the test where there is
// none, unless make test has seen to it. They ask for root.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil && os.Geteuid() != 0 {
		err = errors.New("it runs as root alone")
	}
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" || os.Getenv("COUNTERSIGN_REAL_PARTS") == "1" {
		t.Fatalf("%s: %v; make test installs it", program, err)
	}
	t.Skipf("%s: %v", program, err)
	return ""
}

// conf writes a configuration of the client.
func (w *world) conf(more string) string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "duo.conf")
	w.ok(os.WriteFile(path, fmt.Appendf(nil, "[duo]\nikey = %s\nskey = %s\nhost = %s\ncafile = %s\nfailmode = secure\npushinfo = yes\n%s",
		w.Key, w.Secret.Reveal(), w.host, w.caFile, more), 0o600))
	return path
}

// screen is what a program has written so far.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// shows waits until the program has written text.
func (s *screen) shows(t *testing.T, text string) {
	t.Helper()
	s.showsAgain(t, text, 1)
}

// showsAgain waits until it has written text so many times.
func (s *screen) showsAgain(t *testing.T, text string, times int) {
	t.Helper()
	for end := time.Now().Add(patience); strings.Count(s.String(), text) < times; {
		if time.Now().After(end) {
			t.Fatalf("it did not show %q %d times:\n%s", text, times, s)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// session is a program that runs for one login.
type session struct {
	*screen
	keys io.WriteCloser
	done chan error
}

// start runs a program until the test ends at the latest; its keyboard is keys.
func start(t *testing.T, program string, args ...string) *session {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 2*patience)
	t.Cleanup(stop)
	s := &session{screen: &screen{}, done: make(chan error, 1)}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SHELL=/bin/sh"}
	cmd.Stdout, cmd.Stderr = s, s
	cmd.WaitDelay = time.Second
	var err error
	if s.keys, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.done <- cmd.Wait() }()
	return s
}

// ends waits for the end and tells whether the login was let in.
func (s *session) ends(t *testing.T) (in bool) {
	t.Helper()
	s.keys.Close()
	if err := wait(t, s.done); err != nil {
		return false
	}
	return true
}

func (s *session) types(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(s.keys, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

const letIn = "LOGIN-OK"

// headless logs in as scp does, without a terminal.
func headless(t *testing.T, conf, user string) *session {
	return start(t, need(t, "login_duo"), "-d", "-c", conf, "-f", user, "-h", "192.0.2.9", "echo "+letIn)
}

// terminal logs in as somebody who sees a prompt.
func terminal(t *testing.T, conf, user string) *session {
	program := need(t, "login_duo")
	return start(t, need(t, "script"), "-qec", fmt.Sprintf("%s -d -c %s -f %s -h 192.0.2.9 'echo %s'", program, conf, user, letIn), "/dev/null")
}

func TestLoginDuoWithoutATerminal(t *testing.T) {
	need(t, "login_duo")
	w := newWorld(t, old("scp has no place for a number"))
	ana, conf := w.phone("ana"), w.conf("")
	t.Run("a push that is approved", func(t *testing.T) {
		s := headless(t, conf, "ana")
		r := ana.asked()
		if got := ana.shown(r, "reference"); !strings.Contains(got, "Command: echo "+letIn) || !strings.Contains(got, "Server IP: ") {
			t.Errorf("the phone shows %q", got)
		}
		if got := ana.shown(r, "ip"); got != "192.0.2.9" {
			t.Errorf("from %q", got)
		}
		ana.approves(r)
		if !s.ends(t) || !strings.Contains(s.String(), letIn) {
			t.Errorf("not let in:\n%s", s)
		}
	})
	t.Run("a push that is denied", func(t *testing.T) {
		s := headless(t, conf, "ana")
		ana.denies(ana.asked())
		if s.ends(t) || strings.Contains(s.String(), letIn) {
			t.Errorf("let in:\n%s", s)
		}
	})
	t.Run("somebody unknown", func(t *testing.T) {
		if s := headless(t, conf, "nobody"); s.ends(t) || !strings.Contains(s.String(), "enrollment required") {
			t.Errorf("%s", s)
		}
	})
	t.Run("the wrong secret, with failmode secure", func(t *testing.T) {
		wrong := *w
		wrong.Secret = enrolments.SecretOf(strings.Repeat("x", 40))
		if s := headless(t, wrong.conf(""), "ana"); s.ends(t) || strings.Contains(s.String(), letIn) {
			t.Errorf("let in:\n%s", s)
		}
	})
	t.Run("a disabled integration, even with failmode safe", func(t *testing.T) {
		w.ok(w.people.DisableIntegration(t.Context(), w.app.ID, true))
		if s := headless(t, w.conf("failmode = safe\n"), "ana"); s.ends(t) || strings.Contains(s.String(), letIn) {
			t.Errorf("let in:\n%s", s)
		}
		w.ok(w.people.DisableIntegration(t.Context(), w.app.ID, false))
	})
	t.Run("somebody locked, even with failmode safe", func(t *testing.T) {
		e, err := w.people.Person(t.Context(), "ana")
		w.ok(err)
		w.ok(w.people.LockPush(t.Context(), enrolments.Event{Kind: enrolments.EventApprovalReported, Person: e.ID}))
		if s := headless(t, w.conf("failmode = safe\n"), "ana"); s.ends(t) || strings.Contains(s.String(), letIn) {
			t.Errorf("let in:\n%s", s)
		}
		ana.dark()
	})
}

func TestLoginDuoWithoutATerminalIsNotPushedByDefault(t *testing.T) {
	need(t, "login_duo")
	w := newWorld(t, old())
	ana := w.phone("ana")
	if s := headless(t, w.conf(""), "ana"); s.ends(t) || strings.Contains(s.String(), letIn) {
		t.Errorf("let in:\n%s", s)
	}
	ana.dark()
}

func TestLoginDuoOnATerminal(t *testing.T) {
	need(t, "login_duo")
	w := newWorld(t, old())
	ana, conf := w.phone("ana"), w.conf("")
	t.Run("the option, with its number", func(t *testing.T) {
		s := terminal(t, conf, "ana")
		s.shows(t, "option (1-1): ")
		s.types(t, "1")
		r := ana.asked()
		s.shows(t, "enter "+ana.number(r)+" there")
		s.shows(t, "Enter "+ana.number(r)+" there")
		ana.approves(r)
		s.shows(t, letIn)
		if !s.ends(t) {
			t.Errorf("not let in:\n%s", s)
		}
	})
	t.Run("a passcode", func(t *testing.T) {
		s := terminal(t, conf, "ana")
		s.shows(t, "option (1-1): ")
		s.types(t, ana.code())
		s.shows(t, letIn)
		if !s.ends(t) {
			t.Errorf("not let in:\n%s", s)
		}
	})
	t.Run("two denied, then approved", func(t *testing.T) {
		s := terminal(t, conf, "ana")
		for n := range 3 {
			s.showsAgain(t, "option (1-1): ", n+1)
			s.types(t, "1")
			if r := ana.asked(); n < 2 {
				ana.denies(r)
			} else {
				ana.approves(r)
			}
		}
		s.shows(t, letIn)
		s.ends(t)
	})
	t.Run("somebody who has nothing set up is shown the way", func(t *testing.T) {
		s := terminal(t, conf, "new")
		s.shows(t, w.url+"/set-up/")
		if s.ends(t) || strings.Contains(s.String(), letIn) {
			t.Errorf("let in:\n%s", s)
		}
	})
}

// pam_duo goes through PAM itself: pamtester is sshd's and sudo's part.
func TestPamDuo(t *testing.T) {
	program := need(t, "pamtester")
	w := newWorld(t, old())
	ana := w.phone("ana")
	w.ok(w.people.AddAlias(t.Context(), w.app.ID, "root", "ana")) // PAM asks for somebody who is on the machine
	service := "countersign-" + strings.ToLower(enrolments.NewID[string]())
	path := "/etc/pam.d/" + service
	w.ok(os.WriteFile(path, []byte("auth required pam_duo.so conf="+w.conf("")+"\n"), 0o644))
	t.Cleanup(func() { w.ok(os.Remove(path)) })
	login := func() *session { return start(t, program, service, "root", "authenticate") }

	t.Run("the option, approved", func(t *testing.T) {
		s := login()
		s.shows(t, "option (1-1): ")
		s.types(t, "1")
		ana.approves(ana.asked())
		s.shows(t, "successfully authenticated")
		s.ends(t)
	})
	t.Run("a passcode", func(t *testing.T) {
		s := login()
		s.shows(t, "option (1-1): ")
		s.types(t, ana.code())
		s.shows(t, "successfully authenticated")
		s.ends(t)
	})
	t.Run("denied three times", func(t *testing.T) {
		s := login()
		for n := range 3 {
			s.showsAgain(t, "option (1-1): ", n+1)
			s.types(t, "1")
			ana.denies(ana.asked())
		}
		if s.ends(t) || strings.Contains(s.String(), "successfully") {
			t.Errorf("authenticated:\n%s", s)
		}
	})
}
