package sqlstore

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

// held is a line whose commits wait for the test: each gives what it holds to
// batches and ends when the test says with which error.
func held(length, batch int) (l *line[int], batches chan []int, end chan error) {
	batches, end = make(chan []int), make(chan error)
	l = newLine(length, batch, func(values []int) []error {
		batches <- values
		return fail(make([]error, len(values)), <-end)
	})
	return l, batches, end
}

func TestWhoComesDuringACommitIsCommittedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, batches, end := held(8, 3)
		results := make(chan error, 6)
		join := func(value int) { go func() { results <- l.do(t.Context(), value) }() }
		join(0)
		if got := <-batches; !slices.Equal(got, []int{0}) {
			t.Fatalf("got %v, want the first alone", got)
		}
		for i := 1; i <= 5; i++ {
			join(i)
			synctest.Wait() // queued, in this order
		}
		for _, want := range [][]int{{1, 2, 3}, {4, 5}} {
			end <- nil
			if got := <-batches; !slices.Equal(got, want) {
				t.Errorf("got %v together, want %v", got, want)
			}
		}
		broken := errors.New("disk full")
		end <- broken
		failed := 0
		for range 6 {
			if err := <-results; err == broken {
				failed++
			} else if err != nil {
				t.Errorf("got %v", err)
			}
		}
		if failed != 2 {
			t.Errorf("%d callers were told of the last commit's error, want the 2 in it", failed)
		}
		l.close()
	})
}

func TestWhoLeavesBeforeTheCommitIsNotInIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, batches, end := held(8, 8)
		go l.do(t.Context(), 1)
		<-batches
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { left <- l.do(ctx, 2) }()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		go l.do(t.Context(), 3)
		synctest.Wait()
		end <- nil
		if got := <-batches; !slices.Equal(got, []int{3}) {
			t.Errorf("got %v, want [3]", got)
		}
		end <- nil
		l.close()
	})
}

func TestWhoLeavesDuringTheCommitHearsHowItEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, batches, end := held(8, 8)
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- l.do(ctx, 1) }()
		<-batches
		cancel()
		synctest.Wait()
		select {
		case err := <-result:
			t.Fatalf("got %v before the commit ended", err)
		default:
		}
		end <- nil
		if err := <-result; err != nil {
			t.Errorf("got %v for what was committed", err)
		}
		l.close()
	})
}

func TestAFullLineWaitsAndCanBeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, batches, end := held(1, 8)
		go l.do(t.Context(), 1)
		<-batches
		go l.do(t.Context(), 2) // the one place
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { left <- l.do(ctx, 3) }()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		end <- nil
		<-batches
		end <- nil
		l.close()
	})
}

func TestClosingServesWhoIsInTheLineAndRefusesWhoComesAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, batches, end := held(8, 1)
		results := make(chan error, 3)
		for i := range 3 {
			go func() { results <- l.do(t.Context(), i) }()
			synctest.Wait()
		}
		<-batches
		closed := make(chan struct{})
		go func() { l.close(); close(closed) }()
		synctest.Wait()
		if err := l.do(t.Context(), 9); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
		end <- nil
		for range 2 {
			<-batches
			end <- nil
		}
		for range 3 {
			if err := <-results; err != nil {
				t.Errorf("got %v", err)
			}
		}
		<-closed
		l.close() // again: nothing happens
	})
}
