package sqlstoretest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// killed tells a child of this test to start a server and wait for its end.
const killed = "COUNTERSIGN_TEST_KILLED"

func TestChildThatIsKilled(t *testing.T) {
	if os.Getenv(killed) == "" {
		t.Skip("runs as the child of another test alone")
	}
	fmt.Println(Start(t).url.Query().Get("host"))
	<-t.Context().Done()
}

func TestTheServerEndsWithATestThatIsKilled(t *testing.T) {
	Start(t) // is there one to be had?
	if os.Getenv(given) != "" {
		t.Skip("the server is not ours to end")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestChildThatIsKilled$", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), killed+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	folder, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	folder = folder[:len(folder)-1]
	defer os.RemoveAll(folder)
	socket := folder + "/.s.PGSQL.5432"
	if _, err := os.Stat(socket); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	deadline, tick := time.After(patience), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(socket); os.IsNotExist(err) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the server is still there")
		}
	}
}
