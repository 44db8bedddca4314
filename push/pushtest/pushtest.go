//go:build unix

// Package pushtest measures a sender beside the bare library that it stands on:
// the same gateway, the same number of callers, in turns. It starts the gateway
// in a process of its own, so that what it counts is the caller's work. It is
// for tests and benchmarks alone.
package pushtest

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"countersign/mobile-stub/gateway"
)

// Gateway is one in another process.
type Gateway struct {
	FCM, APNs            string
	KeyID, TeamID, Topic string
	Dir                  string // holds gateway's files
	Roots                *x509.CertPool
}

// childOf names, in the environment, the folder of a child's credentials.
const childOf = "COUNTERSIGN_PUSHTEST_GATEWAY"

// Main runs a gateway when this process is to be one, and otherwise the tests.
// It belongs into TestMain.
func Main(tests func()) {
	dir := os.Getenv(childOf)
	if dir == "" {
		tests()
		return
	}
	if err := serve(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve ends with its standard input, and so with its parent.
func serve(dir string) error {
	g, err := gateway.Start(gateway.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer g.Close()
	c := g.Credentials
	err = json.NewEncoder(os.Stdout).Encode(Gateway{
		FCM: g.FCM, APNs: g.APNs, KeyID: c.KeyID, TeamID: c.TeamID, Topic: c.Topic, Dir: dir,
	})
	_, end := io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, end)
}

// Start starts a gateway that ends with b.
func Start(b *testing.B) Gateway {
	b.Helper()
	dir := b.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childOf+"="+dir)
	child.Stderr = os.Stderr
	stdin, err1 := child.StdinPipe()
	stdout, err2 := child.StdoutPipe()
	if err := errors.Join(err1, err2, child.Start()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close()
		if err := child.Wait(); err != nil {
			b.Error(err)
		}
	})
	var g Gateway
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &g)
	}
	if err != nil {
		b.Fatal(err)
	}
	ca, err := os.ReadFile(filepath.Join(dir, gateway.CAFile))
	if err != nil {
		b.Fatal(err)
	}
	g.Roots = x509.NewCertPool()
	g.Roots.AppendCertsFromPEM(ca)
	return g
}

// Eventually repeats try until it succeeds. It gives up before a file would be
// looked at again of itself, so that what succeeds was looked at for a reason.
func Eventually(t testing.TB, try func() error) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	end := time.Now().Add(8 * time.Second)
	for err := try(); err != nil; err = try() {
		if time.Now().After(end) {
			t.Fatalf("still not: %v", err)
		}
		<-tick.C
	}
}

// Push sends one wake-up.
type Push func(context.Context) error

const (
	callers = 100 // at once
	rounds  = 7
	warmUp  = 500 // pushes of each, before the first round
)

// Compare pushes b.N times a round by each, in turns, and reports what a push
// costs this process, in microseconds of CPU, and the ratio of ours to bare:
// median, least and most of the rounds.
func Compare(b *testing.B, ours, bare Push) {
	b.Helper()
	cost(b, ours, warmUp)
	cost(b, bare, warmUp)
	var ofOurs, ofBare, ratio []float64
	b.ResetTimer()
	for range rounds {
		o, p := cost(b, ours, b.N), cost(b, bare, b.N)
		ofOurs, ofBare, ratio = append(ofOurs, o), append(ofBare, p), append(ratio, o/p)
	}
	b.StopTimer()
	b.ReportMetric(median(ofOurs), "cpu-µs/push")
	b.ReportMetric(median(ofBare), "bare-cpu-µs/push")
	b.ReportMetric(median(ratio), "ratio")
	b.ReportMetric(slices.Min(ratio), "ratio-min")
	b.ReportMetric(slices.Max(ratio), "ratio-max")
}

// cost is in microseconds a push.
func cost(b *testing.B, push Push, n int) float64 {
	b.Helper()
	before := cpu(b)
	work := make(chan struct{})
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range work {
				if err := push(b.Context()); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for range n {
		work <- struct{}{}
	}
	close(work)
	all.Wait()
	return float64((cpu(b) - before).Microseconds()) / float64(n)
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}
