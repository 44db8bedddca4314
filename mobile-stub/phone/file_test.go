package phone

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAPhoneComesBackFromItsFile(t *testing.T) {
	for _, alg := range []Algorithm{ES256, EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			s := newServer(t)
			path := filepath.Join(t.TempDir(), "phone.json")
			first, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			push, err := NewWebPush("https://push.example/push/abc")
			if err != nil {
				t.Fatal(err)
			}
			a, err := first.Pair(within(t), s.link(), Pairing{Name: "phone", Algorithm: alg, Push: push})
			if err != nil {
				t.Fatal(err)
			}
			s.confirm(a.ID)
			if _, err := first.WaitActive(within(t), a.ID); err != nil {
				t.Fatal(err)
			}

			again, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(first.Accounts(), again.Accounts()); diff != "" {
				t.Errorf("accounts (-before +after):\n%s", diff)
			}
			if a := again.accounts[0]; a.Push.Keys.P256DH() != push.Keys.P256DH() || a.Push.Keys.AuthSecret() != push.Keys.AuthSecret() {
				t.Error("the subscription's keys changed")
			}
			now := time.Now()
			before, _ := first.Code(a.ID, now)
			after, err := again.Code(a.ID, now)
			if err != nil || before != after {
				t.Errorf("codes: got %v, %v, want %v", after, err, before)
			}
			if _, err := again.Pending(within(t), a.ID, 0); err != nil {
				t.Errorf("the key does not sign any more: %v", err)
			}
		})
	}
}

func TestAStateFileIsForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "phone.json")
	s := newServer(t)
	p, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Pair(within(t), s.link(), Pairing{Name: "phone"}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("written with mode %v, %v, want 0600", info.Mode().Perm(), err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o601, 0o660} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, Options{}); !errors.Is(err, ErrExposed) {
			t.Errorf("mode %o: got %v, want ErrExposed", mode, err)
		}
	}
}

func TestNothingIsLeftBesideTheStateFile(t *testing.T) {
	folder := t.TempDir()
	s := newServer(t)
	p, err := Open(filepath.Join(folder, "phone.json"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.Pair(within(t), s.link(), Pairing{Name: "phone"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Forget(a.ID); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v, want the state file alone", entries, err)
	}
}

func TestAWriteThatFailsLeavesNothingBehind(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "phone.json")
	if err := os.Mkdir(path, 0o700); err != nil { // a file cannot take its place
		t.Fatal(err)
	}
	if err := writeFile(path, nil); err == nil {
		t.Error("a folder was replaced")
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v, want the folder alone", entries, err)
	}
}

func TestTwoProcessesKeepEachOthersAccounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "phone.json")
	one, other := newServer(t), newServer(t)
	other.phones["device-000000000000001"] = &pairedPhone{}
	a, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Pair(within(t), one.link(), Pairing{Name: "phone"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Pair(within(t), other.link(), Pairing{Name: "phone"}); err != nil {
		t.Fatal(err)
	}
	c, err := Open(path, Options{})
	if err != nil || len(c.Accounts()) != 2 {
		t.Errorf("got %d accounts, %v, want both", len(c.Accounts()), err)
	}
}

func TestAFailedWriteChangesNothing(t *testing.T) {
	s := newServer(t)
	p, err := Open(filepath.Join(t.TempDir(), "missing", "phone.json"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Pair(within(t), s.link(), Pairing{Name: "phone"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want the file system's error", err)
	}
	if len(p.Accounts()) != 0 {
		t.Error("the phone has an account that is not in its file")
	}
}

func TestDamagedStateFilesAreRefused(t *testing.T) {
	const (
		id   = `"device_id":"abc"`
		at   = `"server":"https://example.com"`
		on   = `"state":"active"`
		key  = `"key":` + rfc8037Key
		good = `{` + id + `,` + at + `,` + on + `,` + key + `}`
	)
	if got, err := parseState([]byte(`{"version":1,"accounts":[` + good + `]}`)); err != nil || len(got) != 1 {
		t.Fatalf("a good file: got %v, %v", got, err)
	}
	cases := map[string]string{
		"empty":                   ``,
		"not JSON":                `hello`,
		"half":                    `{"version":1,"accounts":[` + good,
		"two values":              `{"version":1,"accounts":[]}{}`,
		"another version":         `{"version":2,"accounts":[]}`,
		"no version":              `{"accounts":[]}`,
		"an account twice":        `{"version":1,"accounts":[` + good + `,` + good + `]}`,
		"too long":                `{"version":1,"accounts":[]}` + strings.Repeat(" ", maxFile),
		"too many":                `{"version":1,"accounts":[` + manyAccounts(good) + `]}`,
		"no device id":            `{"version":1,"accounts":[{` + at + `,` + on + `,` + key + `}]}`,
		"no key":                  `{"version":1,"accounts":[{` + id + `,` + at + `,` + on + `}]}`,
		"no state":                `{"version":1,"accounts":[{` + id + `,` + at + `,` + key + `}]}`,
		"an insecure server":      `{"version":1,"accounts":[{` + id + `,"server":"http://example.com",` + on + `,` + key + `}]}`,
		"a device id with a path": `{"version":1,"accounts":[{"device_id":"../x",` + at + `,` + on + `,` + key + `}]}`,
		"half a key":              `{"version":1,"accounts":[{` + id + `,` + at + `,` + on + `,"key":{"kty":"OKP","crv":"Ed25519","d":"AAAA"}}]}`,
		"halves that differ":      `{"version":1,"accounts":[{` + id + `,` + at + `,` + on + `,` + strings.Replace(key, "11qY", "22qY", 1) + `}]}`,
		"codes without a secret":  `{"version":1,"accounts":[{` + id + `,` + at + `,` + on + `,` + key + `,"codes":{"digits":6}}]}`,
		"a push without keys":     `{"version":1,"accounts":[{` + id + `,` + at + `,` + on + `,` + key + `,"push":{"service":"webpush","endpoint":"https://x"}}]}`,
	}
	for name, text := range cases {
		if got, err := parseState([]byte(text)); !errors.Is(err, ErrState) || got != nil {
			t.Errorf("%s: got %v, %v, want ErrState", name, got, err)
		}
	}
}

func manyAccounts(good string) string {
	var all []string
	for i := range maxAccounts + 1 {
		all = append(all, strings.Replace(good, `"abc"`, `"abc`+strings.Repeat("d", i%60)+strings.Repeat("e", i/60)+`"`, 1))
	}
	return strings.Join(all, ",")
}

func TestAFolderIsNoStateFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "phone.json")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(folder, Options{}); !errors.Is(err, ErrState) {
		t.Errorf("got %v, want ErrState", err)
	}
}
