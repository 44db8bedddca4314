// Package sqlstoretest gives tests a real PostgreSQL: the server's own binaries
// run in a temporary folder, reached through a Unix socket there, and end with
// the test. It stands apart so that every package's tests can have one.
//
// It refuses to pretend: where a real server is asked for (CI=true or
// COUNTERSIGN_REAL_PARTS=1) and none can be had, the test fails; elsewhere it
// is skipped and says so.
package sqlstoretest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"countersign/enrolments"
)

// given names a server to use instead of starting one: a URL whose role may
// create databases.
const given = "COUNTERSIGN_TEST_POSTGRES"

// patience bounds each step of starting and stopping.
const patience = time.Minute

// Server is a PostgreSQL server that lives as long as a test.
type Server struct{ url url.URL }

// Postgres returns the URL of a fresh database on a server of its own.
func Postgres(t testing.TB) string { return Start(t).Database(t) }

// Start starts a server, or uses the one that COUNTERSIGN_TEST_POSTGRES names.
// It is stopped by t's cleanup.
func Start(t testing.TB) *Server {
	t.Helper()
	if text := os.Getenv(given); text != "" {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatalf("%s is not a URL", given)
		}
		return &Server{*u}
	}
	binaries, err := binaries()
	if err != nil {
		absent(t, err)
	}
	folder, as := home(t)
	data := filepath.Join(folder, "data")
	// A locale that sorts unlike bytes: what relies on the order of bytes
	// without saying so is found out.
	run(t, as, folder, filepath.Join(binaries, "initdb"), "--pgdata", data, "--no-sync", "--auth=trust", "--username=postgres",
		"--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US")
	serve(t, as, folder, filepath.Join(binaries, "postgres"), data)
	s := &Server{url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres",
		RawQuery: url.Values{"host": {folder}, "sslmode": {"disable"}}.Encode()}}
	s.await(t)
	return s
}

// binaries finds the folder of initdb and postgres.
func binaries() (string, error) {
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		folders = append(folders, filepath.Dir(path))
	}
	for _, folder := range folders {
		if _, err := os.Stat(filepath.Join(folder, "postgres")); err == nil {
			return folder, nil
		}
	}
	return "", errors.New("no PostgreSQL: install its server (Debian: apt-get install postgresql), or set " + given)
}

// absent ends the test: as failed where real parts are a must.
func absent(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" || os.Getenv("COUNTERSIGN_REAL_PARTS") == "1" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// home makes the server's folder. The server refuses to run as root, so root
// hands it to the user postgres. Not t.TempDir: only its owner can enter that,
// and a socket's path may have 107 bytes at most.
func home(t testing.TB) (string, *syscall.SysProcAttr) {
	t.Helper()
	folder, err := os.MkdirTemp("", "pg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	as := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() != 0 {
		return folder, as
	}
	postgres, err := user.Lookup("postgres")
	if err != nil {
		absent(t, errors.New("PostgreSQL does not run as root, and there is no user postgres to run it"))
	}
	uid, err := strconv.ParseUint(postgres.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(postgres.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(folder, int(uid), int(gid)); err != nil {
		t.Fatal(err)
	}
	as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return folder, as
}

func run(t testing.TB, as *syscall.SysProcAttr, folder, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.SysProcAttr = folder, as
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(program), err, out)
	}
}

// leash runs a program until its standard input ends, which the system sees to
// however the test ends: a test that panics or runs out of time cleans nothing
// up.
const leash = `"$@" & read -r _; kill -QUIT $!; wait`

// serve runs the server until the test ends. It listens on a socket in folder
// and nowhere else; it does not wait for the disk, since it dies with the test.
func serve(t testing.TB, as *syscall.SysProcAttr, folder, program, data string) {
	t.Helper()
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command("/bin/sh", "-c", leash, "leash", program, "-D", data, "-k", folder, "-c", "listen_addresses=",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200")
	cmd.Dir, cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = folder, as, log, log
	held, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		held.Close()
		late := time.AfterFunc(patience, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
		defer late.Stop()
		cmd.Wait()
		if t.Failed() {
			if text, err := os.ReadFile(log.Name()); err == nil {
				t.Logf("the server's log ends:\n%s", text[max(0, len(text)-4096):])
			}
		}
	})
}

// await returns once the server answers.
func (s *Server) await(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.do(ctx, "SELECT 1")
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the server does not answer: %v", err)
		}
	}
}

func (s *Server) do(ctx context.Context, statement string) (err error) {
	pool, err := sql.Open("pgx", s.url.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	_, err = pool.ExecContext(ctx, statement)
	return err
}

// Database makes an empty database and returns its URL. It is dropped by t's
// cleanup.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	name := fmt.Sprintf("test_%x", enrolments.NewSecret().Hash())[:32]
	if err := s.do(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("create a database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.do(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	u := s.url
	u.Path = "/" + name
	return u.String()
}
