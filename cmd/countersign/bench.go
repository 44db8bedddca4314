package main

import "errors"

// benchCommand measures.
type benchCommand struct{}

// Run says what there is to measure.
func (c *benchCommand) Run() error { return errors.New("nothing to measure yet") }
