package arch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

func tree(t *testing.T) []file {
	t.Helper()
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatalf("not the module's root: %v", err)
	}
	files, err := readTree(root)
	if err != nil {
		t.Fatal(err)
	}
	// An empty walk would make every rule hold.
	if len(files) < 20 {
		t.Fatalf("only %d Go files found under %s", len(files), root)
	}
	return files
}

func TestEveryImportIsOnTheMap(t *testing.T) {
	for _, wrong := range check(tree(t)) {
		t.Error(wrong)
	}
}

func TestEveryRequiredModuleHasOneHome(t *testing.T) {
	direct, err := readDirect(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(direct) < 10 {
		t.Fatalf("only %d direct requirements read from go.mod", len(direct))
	}
	for _, wrong := range checkDirect(direct) {
		t.Error(wrong)
	}
	for _, h := range homes {
		if h.why == "" || len(h.rooms) == 0 {
			t.Errorf("%s has no room or no reason", h.module)
		}
	}
}

func TestEveryFolderAddedToTheDesignHasAReason(t *testing.T) {
	folders, err := readFolders(root)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(folders, "approvals") {
		t.Fatalf("not the module's root: %q", folders)
	}
	decisions, err := readDecisions(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range checkFolders(folders, tree(t), decisions) {
		t.Error(wrong)
	}
}

// Each rule, broken once: a map that refuses nothing would pass the tests above.
func TestTheMapRefuses(t *testing.T) {
	for _, c := range []struct{ name, path, imports, want string }{
		{"an arrow up", "enrolments/person.go", "countersign/approvals", "no such arrow"},
		{"an arrow up, to a store", "approvals/request.go", "countersign/redisstore", "no such arrow"},
		{"one service in another", "push/fcm/fcm.go", "countersign/push/apns", "no such arrow"},
		{"a protocol on our own", "api/duo/duo.go", "countersign/api", "no such arrow"},
		{"our own on a protocol", "api/api.go", "countersign/api/duo", "no such arrow"},
		{"pages on the API", "web/waiting/waiting.go", "countersign/api", "no such arrow"},
		{"the stub on our rules", "mobile-stub/phone/key.go", "countersign/approvals", "no such arrow"},
		{"the stub's tests on ours", "mobile-stub/phone/key_test.go", "countersign/internal/jws", "no such arrow"},
		{"a test on the program", "api/api_test.go", "countersign/cmd/countersign/demo", "no such arrow"},
		{"a suite in the program", "cmd/countersign/main.go", "countersign/approvals/approvalstest", "for tests"},
		{"a suite on one of its stores", "approvals/approvalstest/exercise.go", "countersign/redisstore", "no such arrow"},
		{"a module away from home", "approvals/store.go", "github.com/redis/go-redis/v9", "its home is redisstore"},
		{"a module next to its home", "push/push.go", "github.com/sideshow/apns2/token", "its home is push/apns"},
		{"a module away from home, in a test", "api/api_test.go", "github.com/jackc/pgx/v5", "its home is sqlstore"},
		{"a module nobody asked for", "api/api.go", "github.com/stretchr/testify/assert", "no home"},
		{"a test's module in the program", "totp/totp.go", "github.com/google/go-cmp/cmp", "for tests alone"},
		{"HTTP in the domain", "approvals/answer.go", "net/http/httputil", "neither HTTP nor SQL"},
		{"SQL in the domain", "enrolments/store.go", "database/sql", "neither HTTP nor SQL"},
		{"a package without a line", "api/graphql/graphql.go", "fmt", "not in the map"},
		{"a package without a meaning", "web/utils/utils.go", "fmt", "named after what it owns"},
		{"a package at the root", "main.go", "fmt", "no package at the root"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := check([]file{{path: c.path, imports: []string{c.imports}}})
			if len(got) != 1 || !strings.Contains(got[0], c.want) {
				t.Errorf("got %q, want one line with %q", got, c.want)
			}
		})
	}
}

func TestTheMapAllows(t *testing.T) {
	for _, c := range []struct{ name, path, imports string }{
		{"the program everything", "cmd/countersign/demo.go", "countersign/mobile-stub/phone"},
		{"the program below itself", "cmd/countersign/main.go", "countersign/cmd/countersign/demo"},
		{"an arrow down", "approvals/answer.go", "countersign/enrolments"},
		{"a module at home", "redisstore/store.go", "github.com/redis/go-redis/v9/maintnotifications"},
		{"HTTP beside the domain", "push/fcm/transport.go", "net/http"},
		{"HTTP in the domain's tests", "push/fanout_test.go", "net/http/httptest"},
		{"a test on the phone", "api/story_test.go", "countersign/mobile-stub/phone"},
		{"a test on a suite", "redisstore/store_test.go", "countersign/approvals/approvalstest"},
		{"a test on its own package", "approvals/answer_test.go", "countersign/approvals"},
		{"a browser in a test", "cmd/countersign/demo_test.go", "github.com/gorilla/websocket"},
		{"a comparison in a suite", "approvals/approvalstest/exercise.go", "github.com/google/go-cmp/cmp"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := check([]file{{path: c.path, imports: []string{c.imports}}}); len(got) != 0 {
				t.Errorf("refused: %q", got)
			}
		})
	}
}

func TestAFolderWithoutAReasonIsNamed(t *testing.T) {
	files := []file{{path: "internal/seal/seal.go"}, {path: "internal/clock/clock.go"}}
	got := checkFolders([]string{"approvals", "internal", "web", "attic"}, files, "`web` and `internal/seal` are needed, attic is not explained")
	want := []string{"attic: no reason for it in docs/adr", "internal/clock: no reason for it in docs/adr"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestARequirementWithoutAHomeIsNamed(t *testing.T) {
	folder := t.TempDir()
	text := "module countersign\n\nrequire example.com/single v1.0.0\n\nrequire (\n\tpgregory.net/rapid v1.3.0\n\texample.com/ours v1.2.3\n\texample.com/theirs v0.1.0 // indirect\n)\n"
	if err := os.WriteFile(filepath.Join(folder, "go.mod"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	direct, err := readDirect(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"go.mod requires example.com/single: no home in the map", "go.mod requires example.com/ours: no home in the map"}
	if got := checkDirect(direct); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBuildTagsHideNothing(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"api/plan9.go":          "//go:build plan9 && ignore\n\npackage api\n\nimport \"database/sql\"\n",
		"api/testdata/x.go":     "package x\n\nimport \"fmt\"\n",
		"x/node_modules/a/a.go": "package a\n",
	} {
		full := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := readTree(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 || files[0].path != "api/plan9.go" || !slices.Equal(files[0].imports, []string{"database/sql"}) {
		t.Errorf("got %+v, want api/plan9.go alone, with its import", files)
	}
}
