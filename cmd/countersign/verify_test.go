package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"countersign/mobile-stub/phone"
	"countersign/redisstore/redistest"
)

// call is a help desk on the line with somebody who says to be ana.
type call struct {
	prompts *bufio.Reader
	types   io.WriteCloser
	ended   chan error
	out     bytes.Buffer
}

// calls begins to verify the caller.
func (s *serving) calls(redis string) *call {
	s.t.Helper()
	c := &call{ended: make(chan error, 1)}
	in, types := io.Pipe()
	prompts, errs := io.Pipe()
	c.types, c.prompts = types, bufio.NewReader(prompts)
	v := &personVerify{User: "ana@example.com", because: because{Reason: "a call about a new phone"}, asking: asking{
		Redis: redis, database: database{
			DB: strings.TrimPrefix(s.db, "--db="), SealKeysFile: strings.TrimPrefix(s.keys, "--seal-keys-file="),
			named: named{ServerName: "Example Ltd", PublicURL: s.url},
		},
	}}
	go func() {
		c.ended <- v.Run(s.t.Context(), &streams{in, &c.out, errs})
		errs.Close()
	}()
	return c
}

// waits reads prompts until one asks for the number, and returns them.
func (c *call) waits() string {
	text, _ := c.prompts.ReadString(':')
	return text
}

// says types a line, and reads what follows.
func (c *call) says(line string) string {
	io.WriteString(c.types, line+"\n")
	return c.waits()
}

// shown is what a phone shows of the call.
func (s *serving) shown(p *phone.Phone, account string) (phone.Request, string) {
	s.t.Helper()
	all, err := p.Pending(s.t.Context(), account, 0)
	if err != nil || len(all) != 1 {
		s.t.Fatalf("%d are asked, %v", len(all), err)
	}
	var display struct{ Action, Reference string }
	if err := json.Unmarshal([]byte(all[0].Display), &display); err != nil || display.Action != "Help desk is asking" || all[0].NumberDigits != 0 {
		s.t.Fatalf("the phone shows %+v, %v", all[0], err)
	}
	return all[0], display.Reference
}

func TestTheHelpDeskVerifiesACaller(t *testing.T) {
	redis := redistest.Start(t)
	s := startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "c.db"), "--redis", redis)
	p, account := s.pair("ana@example.com")
	s.t.Run("who reads out what the phone shows", func(t *testing.T) {
		c := s.calls(redis)
		first := c.waits()
		_, number := s.shown(p, account)
		if !strings.Contains(first, "Ana's phone") || strings.Contains(first, number) {
			t.Errorf("asked with %q", first)
		}
		if again := c.says("12"); !strings.Contains(again, "2 more") {
			t.Errorf("after a slip: %q", again)
		}
		go io.Copy(io.Discard, c.prompts)
		io.WriteString(c.types, number+"\n")
		if err := <-c.ended; err != nil || !strings.Contains(c.out.String(), "holds a phone of ana@example.com") {
			t.Errorf("%v, %q", err, &c.out)
		}
		if all, err := p.Pending(t.Context(), account, 0); err != nil || len(all) != 0 {
			t.Errorf("%d are asked still, %v", len(all), err)
		}
	})
	for name, end := range map[string]struct {
		do   func(t *testing.T, c *call)
		want string
	}{
		"who guesses": {func(t *testing.T, c *call) {
			c.says("1")
			c.says("2")
			io.WriteString(c.types, "3\n")
		}, "too often"},
		"when the person says no": {func(t *testing.T, c *call) {
			r, _ := s.shown(p, account)
			if _, err := p.Deny(t.Context(), account, r); err != nil {
				t.Error(err)
			}
		}, "refused on Ana's phone"},
		"who hangs up": {func(t *testing.T, c *call) { c.types.Close() }, "broken off"},
	} {
		t.Run("not "+name, func(t *testing.T) {
			c := s.calls(redis)
			c.waits()
			end.do(t, c)
			go io.Copy(io.Discard, c.prompts)
			if err := <-c.ended; err == nil || !strings.Contains(err.Error(), end.want) {
				t.Errorf("got %v, want %q", err, end.want)
			}
			c.types.Close()
		})
	}
	trail := verb(t, "audit", "list", s.keys, s.db)
	if strings.Count(trail, "caller.verified") != 1 || strings.Count(trail, "caller.refused") != 3 || !strings.Contains(trail, "a call about a new phone") {
		t.Errorf("the trail is\n%s", trail)
	}
}

func TestACallerCannotBeVerifiedWhereNobodyIsAsked(t *testing.T) {
	keys, db := keysFile(t), "--db=sqlite:"+filepath.Join(t.TempDir(), "c.db")
	verb(t, "person", "set-up", "ana@example.com", "--reason", "first phone", keys, db)
	for want, flags := range map[string][]string{
		"--redis":      {"ana@example.com", "--reason", "a call"},
		"--reason":     {"ana@example.com", "--redis", redistest.Start(t)},
		"has no phone": {"ana@example.com", "--reason", "a call", "--redis", redistest.Start(t)},
		`"nobody"`:     {"nobody", "--reason", "a call", "--redis", redistest.Start(t)},
	} {
		err := run(t.Context(), append([]string{"person", "verify", keys, db}, flags...), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
