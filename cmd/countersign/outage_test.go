package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/mobile-stub/phone"
	"countersign/redisstore/redistest"
)

// serving is a server as an administrator runs it.
type serving struct {
	t         *testing.T
	url       string
	key       string // of an application
	keys, db  string // flags
	publicURL string // flag
}

// startServer runs serve until the test ends, with one application.
func startServer(t *testing.T, db string, flags ...string) *serving {
	t.Helper()
	address := freeAddress(t)
	s := &serving{
		t: t, url: "http://" + address, keys: keysFile(t),
		db: "--db=" + db, publicURL: "--public-url=http://" + address,
	}
	s.key = strings.TrimSpace(verb(t, "app", "create", "shop", s.keys, s.db))
	s.serve(address, append([]string{s.keys, s.db, s.publicURL}, flags...)...)
	return s
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// runServe runs the verb at an address until the test ends.
func runServe(t *testing.T, address string, flags ...string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, append([]string{"serve", "--listen", address}, flags...), io.Discard, io.Discard)
	}()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("serve ended with %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("serve did not end within 10 s")
		}
	})
}

// serve is runServe, and returns once the server is ready.
func (s *serving) serve(address string, flags ...string) {
	s.t.Helper()
	runServe(s.t, address, flags...)
	s.eventually("the server is ready", func() bool {
		return run(s.t.Context(), []string{"health", "--url", "http://" + address + "/readyz"}, io.Discard, io.Discard) == nil
	})
}

func (s *serving) eventually(what string, is func() bool) {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-tick.C {
		if is() {
			return
		}
	}
	s.t.Fatalf("not in time: %s", what)
}

// call sends JSON and reads JSON.
func (s *serving) call(method, path, bearer string, in, out any) {
	s.t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		s.t.Fatal(err)
	}
	if in == nil {
		raw = nil
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		text, _ := io.ReadAll(resp.Body)
		s.t.Fatalf("%s %s: %s %s", method, path, resp.Status, text)
	}
	if out != nil {
		if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
			s.t.Fatal(err)
		}
	}
}

// pair pairs a phone by the link that the help desk hands out.
func (s *serving) pair(user string) (*phone.Phone, string) {
	s.t.Helper()
	return s.pairAs(user, phone.Pairing{Name: "Ana's phone", Platform: "other"})
}

// setUp is a link for a phone, and the set-up that it belongs to.
func (s *serving) setUp(user string) (pairURL, id, token string) {
	s.t.Helper()
	link := strings.TrimSpace(verb(s.t, "person", "set-up", user, "--reason", "first phone", s.keys, s.db, s.publicURL))
	id, token, ok := strings.Cut(strings.TrimPrefix(link, s.url+"/set-up/"), "#")
	if !ok {
		s.t.Fatalf("the link is %q", link)
	}
	var shown struct {
		PairURL string `json:"pair_url"`
	}
	s.call("GET", "/v1/pairings/"+id, token, nil, &shown)
	return shown.PairURL, id, token
}

func (s *serving) pairAs(user string, as phone.Pairing) (*phone.Phone, string) {
	s.t.Helper()
	pairURL, id, token := s.setUp(user)
	p := phone.New(phone.Options{})
	account, err := p.Pair(s.t.Context(), pairURL, as)
	if err != nil {
		s.t.Fatal(err)
	}
	var shown struct {
		Digits string `json:"digits"`
	}
	s.call("GET", "/v1/pairings/"+id, token, nil, &shown)
	if shown.Digits != account.Digits {
		s.t.Fatalf("the screens differ: %s and %s", shown.Digits, account.Digits)
	}
	s.call("POST", "/v1/pairings/"+id+"/confirm", token, map[string]bool{"match": true}, nil)
	if _, err := p.WaitActive(s.t.Context(), account.ID); err != nil {
		s.t.Fatal(err)
	}
	return p, account.ID
}

func TestTheWaitingScreenSurvivesTheLossOfRedis(t *testing.T) {
	node := needBrowser(t)
	redis := redistest.StartServer(t, "--appendonly", "yes", "--appendfsync", "always")
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"), "--redis", redis.URL)
	p, account := s.pair("ana@example.com")
	var asked struct {
		ID, Number string
		WaitingURL string `json:"waiting_url"`
	}
	s.call("POST", "/v1/approvals", s.key, map[string]any{"user": "ana@example.com", "ttl": 120}, &asked)

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "outage.mjs")
	cmd.Dir, cmd.Env = "../../browsertest", append(os.Environ(), "WAITING="+asked.WaitingURL)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch last = lines.Text(); last {
		case "asking":
			redis.Kill()
		case "reconnecting":
			if err := redis.Again(ctx); err != nil {
				t.Fatal(err)
			}
			s.approve(p, account, asked.ID, asked.Number)
		}
	}
	if err := cmd.Wait(); err != nil || last != "You’re in" {
		t.Errorf("the screen ended with %q, %v\n%s", last, err, &errs)
	}
}

// approve answers as soon as the server can be asked again.
func (s *serving) approve(p *phone.Phone, account, approval, number string) {
	s.t.Helper()
	s.eventually("the phone is asked and approves", func() bool {
		request, err := p.Find(s.t.Context(), account, approval)
		if err != nil {
			return false
		}
		_, err = p.Approve(s.t.Context(), account, request, number)
		return err == nil
	})
}
