package sqlstore

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"countersign/enrolments"
	"countersign/internal/seal"
)

// crashURL tells a child of this test which database to write to.
const crashURL = "COUNTERSIGN_TEST_CRASH_URL"

// TestMain turns the program into the child of whatWasAnsweredSurvivesSIGKILL.
func TestMain(m *testing.M) {
	if url := os.Getenv(crashURL); url != "" {
		fmt.Println(writeForEver(url))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForEver spends approvals and tells of each in the same transaction, and
// says each that is done.
func writeForEver(url string) error {
	ctx := context.Background()
	keys, err := seal.New(append([]byte{1}, make([]byte, seal.KeySize-1)...))
	if err != nil {
		return err
	}
	s, err := Open(ctx, Config{URL: url, Keys: keys})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		id := fmt.Sprint("approval ", i)
		if err := s.Together(ctx, func(ctx context.Context, in enrolments.Store) error {
			if err := in.SpendApproval(ctx, id, time.Now()); err != nil {
				return err
			}
			return in.Record(ctx, enrolments.Event{Kind: "x", Approval: id})
		}); err != nil {
			return err
		}
		fmt.Println(id)
	}
}

func whatWasAnsweredSurvivesSIGKILL(t *testing.T, fresh func(*testing.T) string) {
	url := fresh(t)
	program, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), crashURL+"="+url)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var said []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if !strings.HasPrefix(lines.Text(), "approval ") {
			t.Fatalf("the child said: %s", lines.Text())
		}
		said = append(said, lines.Text())
		if len(said) == 50 {
			must(t, cmd.Process.Kill()) // SIGKILL, in the middle of the next one
		}
	}
	cmd.Wait()
	if len(said) < 50 {
		t.Fatalf("the child ended after %d", len(said))
	}
	s := open(t, url)
	// Who spends what is being spent waits for that to end, so rows are counted
	// after: the one that was cut off was spent and told, or neither.
	spent := int64(0)
	for s.SpendApproval(t.Context(), fmt.Sprint("approval ", spent), time.Now()) == enrolments.ErrExists {
		spent++
	}
	if spent < int64(len(said)) {
		t.Errorf("%d were said to be spent, %d are", len(said), spent)
	}
	if rows, err := s.VerifyAudit(t.Context()); rows != spent || err != nil {
		t.Errorf("%d rows, %v; want %d", rows, err, spent)
	}
}
