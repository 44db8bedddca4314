package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A part is a process of its own. It takes one JSON value as its configuration
// and says one when it is ready; then it answers each question with one value.
// It ends with its standard input, and so with its parent.

// parts are what a process can be.
var parts = map[string]func(ctx context.Context, config json.RawMessage) (servant, error){
	"countersign": startCountersign,
	"gorilla":     startGorilla,
	"browsers":    startBrowsers,
	"pushing":     startPushing,
	"gateway":     startGateway,
}

// servant is a part at work.
type servant interface {
	// ready is what the parent is told first.
	ready() any
	answer(ctx context.Context, question json.RawMessage) (any, error)
	close() error
}

// reply is one value on the way to the parent.
type reply struct {
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
}

// Part is the whole of a process that a measurement has started. It returns
// when in or ctx ends.
func Part(ctx context.Context, name string, in io.Reader, out io.Writer) (err error) {
	start, ok := parts[name]
	if !ok {
		return fmt.Errorf("bench: no part %q", name)
	}
	questions := read(in)
	encoder := json.NewEncoder(out)
	config, ok := <-questions
	if !ok {
		return io.EOF
	}
	s, err := start(ctx, config)
	if err != nil {
		return errors.Join(err, encoder.Encode(reply{Error: err.Error()}))
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := encoder.Encode(reply{Value: s.ready()}); err != nil {
		return err
	}
	for {
		select {
		case question, ok := <-questions:
			if !ok {
				return nil
			}
			if err := encoder.Encode(replyOf(s.answer(ctx, question))); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

func replyOf(value any, err error) reply {
	if err != nil {
		return reply{Error: err.Error()}
	}
	return reply{Value: value}
}

// read decodes what comes, until it ends. The one goroutine lives as long as
// the process does.
func read(in io.Reader) <-chan json.RawMessage {
	values := make(chan json.RawMessage)
	go func() {
		defer close(values)
		decoder := json.NewDecoder(in)
		for {
			var value json.RawMessage
			if decoder.Decode(&value) != nil {
				return
			}
			values <- value
		}
	}()
	return values
}

// part is such a process, seen by its parent.
type part struct {
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	in    *json.Encoder
	out   *json.Decoder
	said  *strings.Builder
}

// start starts a part and waits until it is ready.
func (o Options) start(ctx context.Context, name string, config, ready any) (*part, error) {
	args := append(append([]string(nil), o.Part...), name)
	p := &part{name: name, cmd: exec.CommandContext(ctx, args[0], args[1:]...), said: &strings.Builder{}}
	p.cmd.Stderr = &beginning{w: p.said, left: 4 << 10}
	// What may still be read from a process that was killed.
	p.cmd.WaitDelay = 5 * time.Second
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdin, p.in, p.out = stdin, json.NewEncoder(stdin), json.NewDecoder(stdout)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := p.ask(config, ready); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// ask sends a question and reads its answer.
func (p *part) ask(question, answer any) error {
	if err := p.in.Encode(question); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	var got struct {
		Value json.RawMessage `json:"value"`
		Error string          `json:"error"`
	}
	if err := p.out.Decode(&got); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	if got.Error != "" {
		return fmt.Errorf("%s: %s", p.name, got.Error)
	}
	return json.Unmarshal(got.Value, answer)
}

// stop ends the part and waits for it.
func (p *part) stop() error {
	p.stdin.Close()
	timer := time.AfterFunc(15*time.Second, func() { p.cmd.Process.Kill() })
	defer timer.Stop()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w: %s", p.name, err, strings.TrimSpace(p.said.String()))
	}
	return nil
}

// beginning keeps the first bytes of what is written.
type beginning struct {
	w    io.Writer
	left int
}

func (b *beginning) Write(text []byte) (int, error) {
	n := min(b.left, len(text))
	b.left -= n
	if _, err := b.w.Write(text[:n]); err != nil {
		return 0, err
	}
	return len(text), nil
}

// folder makes a folder for a part inside dir.
func folder(dir, name string) (string, error) {
	return os.MkdirTemp(dir, name+"-")
}
