package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"
	"time"

	"countersign/mobile-stub/phone"
)

// watch prints the requests of the chosen accounts until it is interrupted.
func watch(ctx context.Context, s *session) error {
	if err := s.noArguments(); err != nil {
		return err
	}
	accounts, err := s.chosen()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, len(accounts))
	var all sync.WaitGroup
	var printing sync.Mutex
	for _, a := range accounts {
		all.Go(func() {
			err := s.phone.Watch(ctx, a.ID, func(r phone.Request) {
				printing.Lock()
				defer printing.Unlock()
				s.show(ctx, a, r)
			})
			if ctx.Err() == nil {
				ended <- fmt.Errorf("%s at %s: %w", a.User, a.ServerName, err)
				stop()
			}
		})
	}
	all.Wait()
	select {
	case err := <-ended:
		return err
	default:
		return nil // interrupted, which is how one stops watching
	}
}

// show prints a request and tells the waiting screen that it was opened. That
// this cannot be told keeps nobody from answering.
func (s *session) show(ctx context.Context, a phone.Account, r phone.Request) {
	lines, err := r.Show()
	if err != nil {
		fmt.Fprintf(s.stdout, "\nRequest %s cannot be shown, so it cannot be answered: %v\n", r.ID, err)
		return
	}
	fmt.Fprintf(s.stdout, "\nSign-in request %s\n", r.ID)
	for _, l := range lines {
		fmt.Fprintf(s.stdout, "  %-12s %s\n", l.Label, l.Value)
	}
	fmt.Fprintf(s.stdout, "  %-12s %s\n", "Until", r.ExpiresAt.Local().Format(time.TimeOnly))
	if err := s.phone.Seen(ctx, a.ID, r.ID); err != nil {
		fmt.Fprintf(s.stdout, "  (the waiting screen was not told that this is open: %v)\n", err)
	}
}

func numberFlag(s *session, f *flag.FlagSet) {
	f.StringVar(&s.number, "number", "", "`number` that the waiting screen shows; asked for if left out")
}

func approve(ctx context.Context, s *session) error {
	return s.answer(ctx, func(a phone.Account, r phone.Request) (phone.Outcome, error) {
		if s.number == "" && r.NumberDigits > 0 {
			fmt.Fprint(s.stdout, "\nNumber on the waiting screen: ")
			var err error
			if s.number, err = line(s.stdin); err != nil {
				return phone.Outcome{}, err
			}
		}
		return s.phone.Approve(ctx, a.ID, r, strings.ReplaceAll(s.number, " ", ""))
	})
}

func deny(ctx context.Context, s *session) error {
	return s.answer(ctx, func(a phone.Account, r phone.Request) (phone.Outcome, error) {
		return s.phone.Deny(ctx, a.ID, r)
	})
}

func reportRequest(ctx context.Context, s *session) error {
	return s.answer(ctx, func(a phone.Account, r phone.Request) (phone.Outcome, error) {
		return s.phone.Report(ctx, a.ID, r)
	})
}

// answer finds the request, shows what will be signed, and says what came of it.
func (s *session) answer(ctx context.Context, decide func(phone.Account, phone.Request) (phone.Outcome, error)) error {
	id, err := s.argument("the id of a request, as mobile-stub watch prints it")
	if err != nil {
		return err
	}
	a, r, err := s.find(ctx, id)
	if err != nil {
		return err
	}
	if _, err := r.Show(); err != nil {
		return err // what cannot be shown is not signed
	}
	s.show(ctx, a, r)
	out, err := decide(a, r)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "\n%s.\n", outcome(out.State, out.Reason))
	return nil
}

// find looks for a request among all chosen accounts.
func (s *session) find(ctx context.Context, id string) (phone.Account, phone.Request, error) {
	accounts, err := s.chosen()
	if err != nil {
		return phone.Account{}, phone.Request{}, err
	}
	missing := fmt.Errorf("%w: %s", phone.ErrNoRequest, phone.Plain(id))
	for _, a := range accounts {
		r, err := s.phone.Find(ctx, a.ID, id)
		if err == nil {
			return a, r, nil
		}
		if !errors.Is(err, phone.ErrNoRequest) {
			missing = err // an account that cannot be asked may have it
		}
	}
	return phone.Account{}, phone.Request{}, missing
}
