package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"countersign/enrolments"
)

type appSetLogo struct {
	database
	ID   string `arg:"" name:"name" help:"The application's short name."`
	File string `arg:"" help:"PNG, JPEG or WebP, 64 KiB at most; none takes the picture away."`
}

func (c *appSetLogo) Run(ctx context.Context, s *streams) error {
	file := c.File
	if file == "none" {
		file = ""
	}
	logo, err := readLogo(file)
	if err != nil {
		return err
	}
	service, store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := service.SetLogo(ctx, enrolments.ApplicationID(c.ID), logo); err != nil {
		return fmt.Errorf("application %q: %w", c.ID, err)
	}
	fmt.Fprintf(s.out, "%s is shown %s a picture\n", c.ID, map[bool]string{true: "without", false: "with"}[file == ""])
	return nil
}

// readLogo reads a picture; without a file it is none.
func readLogo(file string) (enrolments.Logo, error) {
	if file == "" {
		return enrolments.Logo{}, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return enrolments.Logo{}, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, enrolments.MaxLogo+1))
	if err != nil {
		return enrolments.Logo{}, err
	}
	return enrolments.ParseLogo(raw)
}
