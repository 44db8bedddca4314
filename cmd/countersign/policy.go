package main

import (
	"context"
	"fmt"
	"strings"

	"countersign/enrolments"
)

type policyCommand struct {
	Show policyShow `cmd:"" help:"Show what an application asks of a sign-in: each value, its bounds and default, and why."`
	Set  policySet  `cmd:"" help:"Set values, all or none; they count from the next sign-in on."`
}

type policyShow struct {
	database
	ID string `arg:"" name:"name" help:"The application's short name."`
}

func (c *policyShow) Run(ctx context.Context, s *streams) error {
	service, store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	return showPolicy(ctx, s, service, enrolments.ApplicationID(c.ID))
}

func showPolicy(ctx context.Context, s *streams, service *enrolments.Service, id enrolments.ApplicationID) error {
	app, err := service.Application(ctx, id)
	if err != nil {
		return fmt.Errorf("application %q: %w", id, err)
	}
	return table(s.out, "KEY\tVALUE\tDEFAULT\tTAKES\tWHAT IT DOES\tWHY THE DEFAULT", func(row func(...any)) {
		for _, v := range app.Policy.Settings() {
			row(v.Key, v.Value, v.Default, v.Takes, v.Does, v.Why)
		}
	})
}

type policySet struct {
	database
	ID     string   `arg:"" name:"name" help:"The application's short name."`
	Values []string `arg:"" name:"key=value" help:"What policy show lists, e.g. number_digits=3; KEY=default goes back."`
}

func (c *policySet) Run(ctx context.Context, s *streams) error {
	var all []enrolments.Assignment
	for _, text := range c.Values {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return fmt.Errorf("%q is not KEY=VALUE", text)
		}
		all = append(all, enrolments.Assignment{Key: key, Value: value})
	}
	service, store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	id := enrolments.ApplicationID(c.ID)
	if err := service.SetPolicy(ctx, id, all); err != nil {
		return fmt.Errorf("application %q: %w", id, err)
	}
	return showPolicy(ctx, s, service, id)
}
