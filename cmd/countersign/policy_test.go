package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnAdministratorSetsAPolicy(t *testing.T) {
	keys, db := keysFile(t), "--db=sqlite:"+filepath.Join(t.TempDir(), "c.db")
	verb(t, "app", "create", "shop", keys, db)
	set := verb(t, "policy", "set", "shop", "number_digits=3", "optional_roles=member,guest", keys, db)
	for _, out := range []string{set, verb(t, "policy", "show", "shop", keys, db)} {
		for key, value := range map[string]string{"number_digits": "3", "optional_roles": "member,guest", "resends": "2"} {
			if got := valueOf(out, key); got != value {
				t.Errorf("%s is %q, want %q", key, got, value)
			}
		}
	}
	if out := verb(t, "audit", "list", keys, db); !strings.Contains(out, "application.policy_set") || !strings.Contains(out, "number_digits: 2 → 3") {
		t.Errorf("the trail is\n%s", out)
	}
	for want, args := range map[string][]string{
		"2 to 6":        {"policy", "set", "shop", "resends=5", "number_digits=7", keys, db},
		"KEY=VALUE":     {"policy", "set", "shop", "number_digits", keys, db},
		"policy show":   {"policy", "set", "shop", "moonlight=1", keys, db},
		`"nobody": not`: {"policy", "set", "nobody", "resends=5", keys, db},
	} {
		err := run(t.Context(), args, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", args, err, want)
		}
	}
	if got := valueOf(verb(t, "policy", "show", "shop", keys, db), "resends"); got != "2" {
		t.Errorf("a refused change left resends at %s", got)
	}
}

// valueOf reads a value from what policy show prints.
func valueOf(out, key string) string {
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == key {
			return fields[1]
		}
	}
	return ""
}
