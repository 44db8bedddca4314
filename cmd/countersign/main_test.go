package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/internal/seal"
	"countersign/mail/mailtest"
	"countersign/redisstore/redistest"
	"countersign/sqlstore/sqlstoretest"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

func TestTheStoriesOfASignInEndAsTheyShould(t *testing.T) {
	if testing.Short() {
		t.Skip("one story waits out an approval's shortest life, 30 s")
	}
	var out, log bytes.Buffer
	if err := run(t.Context(), []string{"demo", "--script"}, &out, &log); err != nil {
		t.Fatalf("%v\n%s%s", err, &out, &log)
	}
	if told := strings.Count(out.String(), "\nok "); told != 10 {
		t.Errorf("told %d stories, want 10:\n%s", told, &out)
	}
}

// realParts reports whether a missing program fails the test rather than skips.
func realParts() bool {
	return os.Getenv("CI") == "true" || os.Getenv("COUNTERSIGN_REAL_PARTS") == "1"
}

// needBrowser returns node, with which browsertest drives a real browser.
func needBrowser(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err == nil && exists("../../browsertest/node_modules/playwright-core") {
		return node
	}
	if realParts() {
		t.Fatal("node or browsertest/node_modules is missing; make test installs them")
	}
	t.Skip("node or browsertest/node_modules is missing; make test installs them")
	return ""
}

// inBrowser runs a file of browsertest with settings, which are of the form
// NAME=value, and ends it after limit.
func inBrowser(t *testing.T, node, file string, limit time.Duration, settings ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "--test", file)
	cmd.Dir = "../../browsertest"
	cmd.Env = append(os.Environ(), settings...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTheDemonstrationInABrowser(t *testing.T) {
	node := needBrowser(t)
	address := startVerb(t, "Open ", "demo", "--listen", "127.0.0.1:0")
	inBrowser(t, node, "demo.test.mjs", 3*time.Minute, "DEMO="+address)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// startVerb runs a verb until the test ends, and returns what follows mark on
// the line of its output that begins with it.
func startVerb(t *testing.T, mark string, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	read, write := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, args, write, io.Discard)
		done <- errors.Join(err, write.Close())
	}()
	t.Cleanup(func() {
		stop()
		go io.Copy(io.Discard, read)
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("%s ended with %v", args[0], err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s did not end within 10 s", args[0])
		}
	})
	lines := bufio.NewScanner(read)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), mark); ok {
			go io.Copy(io.Discard, read)
			return rest
		}
	}
	t.Fatalf("%v said no line that begins with %q", args, mark)
	return ""
}

func TestNothingIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Run("demo", func(t *testing.T) { startVerb(t, "Open ", "demo", "--listen", "127.0.0.1:0") })
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestKeptDataLetsThePhoneGoOn(t *testing.T) {
	data := filepath.Join(t.TempDir(), "kept")
	listen := freePorts(t)
	for range 2 {
		t.Run("demo", func(t *testing.T) {
			address := startVerb(t, "Open ", "demo", "--listen", listen, "--data", data)
			var shown struct{ User, Code string }
			get(t, address+"/phone/state", &shown)
			if shown.User != "ana@example.com" || len(shown.Code) != 6 {
				t.Errorf("the phone shows %v", shown)
			}
		})
	}
	info, err := os.Stat(filepath.Join(data, "phone.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the phone's keys are kept as %v, %v", info, err)
	}
}

// freePorts finds an address whose next two ports are free as well.
func freePorts(t *testing.T) string {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		free := true
		for next := port + 1; next <= port+2; next++ {
			m, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: next})
			if free = free && err == nil; err == nil {
				m.Close()
			}
		}
		l.Close()
		if free {
			return l.Addr().String()
		}
	}
	t.Fatal("no three free ports in a row")
	return ""
}

func get(t *testing.T, url string, out any) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		t.Fatal(err)
	}
}

// keysFile writes keys and returns the flag that names them.
func keysFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seal.keys")
	if err := os.WriteFile(path, []byte(seal.NewKey()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return "--seal-keys-file=" + path
}

func TestABadValueIsRefusedByTheNameOfItsFlag(t *testing.T) {
	keys, db := keysFile(t), "--db=sqlite:"+filepath.Join(t.TempDir(), "c.db")
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"public url":   {[]string{"serve", keys, db, "--public-url", "http://example.com"}, []string{"--public-url", "https"}},
		"url path":     {[]string{"serve", keys, db, "--public-url", "https://example.com/x"}, []string{"--public-url", "scheme and a host"}},
		"server name":  {[]string{"serve", keys, db, "--server-name", "a\u202eb"}, []string{"--server-name", "U+202E"}},
		"database":     {[]string{"serve", keys, "--db", "mysql://x"}, []string{"database", "sqlite:PATH"}},
		"no keys":      {[]string{"serve", db}, []string{"--seal-keys-file", "countersign keys new"}},
		"bad keys":     {[]string{"serve", db, "--seal-keys-file", os.DevNull}, []string{"--seal-keys-file", "1 to 16 keys"}},
		"redis":        {[]string{"serve", keys, db, "--redis", "http://x", "--listen", "127.0.0.1:0"}, []string{"redis", "redis://"}},
		"proxy":        {[]string{"serve", keys, db, "--trusted-proxy", "10.0.0.1"}, []string{"--trusted-proxy", "10.0.0.0/8"}},
		"listen":       {[]string{"serve", keys, db, "--listen", "nowhere:x"}, []string{"--listen"}},
		"log level":    {[]string{"serve", keys, db, "--log-level", "loud"}, []string{"--log-level", "debug, info, warn or error"}},
		"fcm":          {[]string{"serve", keys, db, "--fcm-credentials-file", "/nowhere"}, []string{"--fcm-credentials-file"}},
		"apns":         {[]string{"serve", keys, db, "--apns-key-file", "/nowhere"}, []string{"--apns-key-file"}},
		"vapid":        {[]string{"serve", keys, db, "--vapid-key-file", "/nowhere"}, []string{"--vapid-key-file"}},
		"no such flag": {[]string{"serve", "--rediss"}, []string{"--rediss", "--help"}},
		"app name":     {[]string{"app", "create", "A B", keys, db}, []string{"a-z, 0-9"}},
		"return url":   {[]string{"app", "create", "a", keys, db, "--return-url", "http://example.com"}, []string{"https"}},
		"ttl":          {[]string{"app", "create", "a", keys, db, "--ttl", "1s"}, []string{"30 to 300"}},
		"demo outside": {[]string{"demo", "--listen", "0.0.0.0:0"}, []string{"--listen", "loopback"}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			err := run(ctx, c.args, io.Discard, io.Discard)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
		})
	}
}

func TestEveryFlagIsAnEnvironmentVariableToo(t *testing.T) {
	t.Setenv("COUNTERSIGN_PUBLIC_URL", "http://example.com")
	err := run(t.Context(), []string{"serve", keysFile(t)}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "--public-url") {
		t.Errorf("got %v", err)
	}
	var help bytes.Buffer
	if err := run(t.Context(), []string{"serve", "--help"}, &help, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--redis", "$COUNTERSIGN_REDIS", "--vapid-key-file", "$COUNTERSIGN_VAPID_KEY_FILE"} {
		if !strings.Contains(help.String(), want) {
			t.Errorf("--help does not mention %s", want)
		}
	}
}

// Each of them is one that its flag would refuse, or take instead of the default.
func TestAnEmptyEnvironmentVariableIsNone(t *testing.T) {
	for _, name := range []string{
		"COUNTERSIGN_PUBLIC_URL", "COUNTERSIGN_SERVER_NAME", "COUNTERSIGN_LOG_LEVEL", "COUNTERSIGN_TRUSTED_PROXY",
		"COUNTERSIGN_SMTP", "COUNTERSIGN_SMTP_FROM", "COUNTERSIGN_SMTP_PASSWORD_FILE", "COUNTERSIGN_SMTP_CA_FILE",
		"COUNTERSIGN_SMTP_LANGUAGE", "COUNTERSIGN_SMTP_INSECURE",
	} {
		t.Setenv(name, "")
	}
	if _, err := mailCheckSays(t, "ana@example.com"); err == nil || !strings.Contains(err.Error(), "mail is off") {
		t.Errorf("got %v", err)
	}
	server, flags := mailOf(t, mailtest.Options{})
	if _, err := mailCheckSays(t, append(flags, "ana@example.com")...); err != nil {
		t.Error(err)
	}
	server.Next(t, "ana@example.com")
	// The server gets as far as what it cannot do without.
	err := run(t.Context(), []string{"serve"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "--seal-keys-file is needed") {
		t.Errorf("got %v", err)
	}
}

// verb runs an administrator's verb to its end.
func verb(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if err := run(t.Context(), args, &out, &errs); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, &errs)
	}
	return out.String()
}

func TestAnAdministratorsDay(t *testing.T) {
	keys, db := keysFile(t), "--db=sqlite:"+filepath.Join(t.TempDir(), "c.db")
	key := strings.TrimSpace(verb(t, "app", "create", "shop", keys, db, "--title", "The Shop", "--return-url", "https://shop.example.com/in"))
	if !strings.HasPrefix(key, "cs_shop_") {
		t.Errorf("the key is %q", key)
	}
	if list := verb(t, "app", "list", keys, db); !strings.Contains(list, "The Shop") || strings.Contains(list, key) {
		t.Errorf("the list is\n%s", list)
	}
	second := strings.TrimSpace(verb(t, "app", "new-key", "shop", keys, db))
	if second == key || !strings.HasPrefix(second, "cs_shop_") {
		t.Errorf("the second key is %q", second)
	}
	if out := verb(t, "app", "drop-keys", "shop", keys, db); !strings.Contains(out, "1 older") {
		t.Errorf("got %q", out)
	}
	link := verb(t, "person", "set-up", "ana@example.com", "--reason", "first phone", keys, db, "--public-url", "https://cs.example.com")
	if !strings.HasPrefix(link, "https://cs.example.com/set-up/") || !strings.Contains(link, "#") {
		t.Errorf("the link is %q", link)
	}
	if out := verb(t, "person", "show", "ana@example.com", keys, db); !strings.Contains(out, "0 phones") {
		t.Errorf("got %q", out)
	}
	verb(t, "person", "unlock", "ana@example.com", "--reason", "asked at the counter", keys, db)
	if out := verb(t, "audit", "list", keys, db); !strings.Contains(out, "pairing.opened") || strings.Contains(out, key) {
		t.Errorf("the trail is\n%s", out)
	}
	if out := verb(t, "audit", "verify", keys, db); !strings.Contains(out, "unbroken") {
		t.Errorf("got %q", out)
	}
}

func TestTheServerServesOnItsStoresAndEndsInTime(t *testing.T) {
	for name, c := range map[string]struct {
		db    string
		flags []string
	}{
		"Redis and SQLite":     {"sqlite:" + filepath.Join(t.TempDir(), "c.db"), []string{"--redis", redistest.Start(t)}},
		"Redis and PostgreSQL": {sqlstoretest.Postgres(t), []string{"--redis", redistest.Start(t)}},
		"embedded and SQLite":  {"sqlite:" + filepath.Join(t.TempDir(), "c.db"), nil},
	} {
		t.Run(name, func(t *testing.T) { signInOn(t, c.db, c.flags) })
	}
}

func signInOn(t *testing.T, db string, flags []string) {
	s := startServer(t, db, flags...)
	p, account := s.pair("ana@example.com")
	var asked struct{ ID, Number string }
	s.call("POST", "/v1/approvals", s.key, map[string]any{"user": "ana@example.com"}, &asked)
	s.approve(p, account, asked.ID, asked.Number)
	var stands struct{ State, Method string }
	s.call("GET", "/v1/approvals/"+asked.ID, s.key, nil, &stands)
	if stands.State != "approved" || stands.Method != "push" {
		t.Errorf("the application is told %v", stands)
	}
}
