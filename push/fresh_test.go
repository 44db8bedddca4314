package push_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"countersign/push"
)

// kept is what a file said, and notes when it is closed.
type kept struct {
	text   string
	closed *bool
}

func (k kept) Close() { *k.closed = true }

// readKept refuses a file that says "broken".
func readKept(name string) func() (kept, error) {
	return func() (kept, error) {
		text, err := os.ReadFile(name)
		if err == nil && string(text) == "broken" {
			err = errors.New("cannot be read")
		}
		return kept{string(text), new(bool)}, err
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAChangedFileIsReadAnewWhileItIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "credential")
		write(t, name, "first")
		f, err := push.NewFresh("credential", []string{"", name}, nil, readKept(name))
		if err != nil {
			t.Fatal(err)
		}
		old := f.Value()
		write(t, name, "second one")
		if got := f.Value().text; got != "first" {
			t.Errorf("looked at once: %q", got)
		}
		time.Sleep(11 * time.Second) // of the bubble's clock
		if got := f.Value().text; got != "second one" || !*old.closed {
			t.Errorf("got %q, the old one closed: %v", got, *old.closed)
		}
		// Another file of the same size and time under the same name.
		write(t, name+".new", "third one!")
		before, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name+".new", before.ModTime(), before.ModTime()); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(name+".new", name); err != nil {
			t.Fatal(err)
		}
		time.Sleep(11 * time.Second)
		if got := f.Value().text; got != "third one!" {
			t.Errorf("got %q after the file was replaced", got)
		}
	})
}

func TestABrokenFileKeepsTheOldValueAndIsAnAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "credential")
		write(t, name, "first")
		var log bytes.Buffer
		f, err := push.NewFresh("credential", []string{name}, slog.New(slog.NewTextHandler(&log, nil)), readKept(name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, name, "broken")
		time.Sleep(11 * time.Second) // of the bubble's clock
		if got := f.Value(); got.text != "first" || *got.closed {
			t.Errorf("got %q, closed: %v", got.text, *got.closed)
		}
		if text := log.String(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, "cannot be read") || strings.Contains(text, "broken ") {
			t.Errorf("logged %q", text)
		}
		before := log.Len()
		time.Sleep(time.Minute)
		if f.Value(); log.Len() != before {
			t.Error("the same file is an alarm again and again")
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := f.Value().text; got != "first" {
			t.Errorf("got %q after the file was gone", got)
		}
		write(t, name, "good again")
		time.Sleep(time.Minute)
		if got := f.Value().text; got != "good again" {
			t.Errorf("got %q", got)
		}
	})
}

func TestARefusedCredentialIsLookedAtSooner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "credential")
		write(t, name, "first")
		f, err := push.NewFresh("credential", []string{name}, nil, readKept(name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, name, "second one")
		f.Doubt()
		time.Sleep(2 * time.Second) // of the bubble's clock
		if got := f.Value().text; got != "second one" {
			t.Errorf("got %q two seconds after a refusal", got)
		}
	})
}

func TestABrokenFileAtTheStartIsAnError(t *testing.T) {
	name := filepath.Join(t.TempDir(), "credential")
	write(t, name, "broken")
	if _, err := push.NewFresh("credential", []string{name}, nil, readKept(name)); err == nil {
		t.Error("taken")
	}
}
