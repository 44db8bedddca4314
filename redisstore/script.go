package redisstore

import (
	"context"
	"crypto/sha1"
	_ "embed"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"countersign/approvals"
)

const (
	// longestWindow is the longest that a push is counted: no policy takes a
	// longer window.
	longestWindow = time.Hour
	// keepPerson is how long a person is kept that nobody asks about: longer
	// than any push is counted and any approval can be read.
	keepPerson = 2 * time.Hour
	// maxPushes bounds the pushes that are remembered of one person.
	maxPushes = 128
)

var (
	//go:embed lua/prelude.lua
	prelude string
	//go:embed lua/create.lua
	createText string
	//go:embed lua/read.lua
	readText string
	//go:embed lua/answer.lua
	answerText string
	//go:embed lua/trycode.lua
	tryCodeText string
	//go:embed lua/settle.lua
	settleText string
	//go:embed lua/expire.lua
	expireText string
	//go:embed lua/resend.lua
	resendText string
	//go:embed lua/extend.lua
	extendText string
	//go:embed lua/note.lua
	noteText string
	//go:embed lua/redeem.lua
	redeemText string
	//go:embed lua/pending.lua
	pendingText string
	//go:embed lua/spend.lua
	spendText string
)

// script is one step as Redis knows it.
type script struct{ name, text, sha string }

var (
	createScript  = writing("create", createText)
	readScript    = reading("read", readText)
	answerScript  = writing("answer", answerText)
	tryCodeScript = writing("try code", tryCodeText)
	settleScript  = writing("settle", settleText)
	expireScript  = writing("expire", expireText)
	resendScript  = writing("resend", resendText)
	extendScript  = writing("extend", extendText)
	noteScript    = writing("note", noteText)
	redeemScript  = writing("redeem", redeemText)
	pendingScript = reading("pending", pendingText)
	spendScript   = writing("spend", spendText)
)

// writing makes a script that Redis refuses as a whole, before it begins, when
// it cannot take writes.
func writing(name, text string) script { return compose(name, "#!lua", text) }

// reading makes a script that also a full Redis runs.
func reading(name, text string) script { return compose(name, "#!lua flags=no-writes", text) }

func compose(name, first, text string) script {
	constants := fmt.Sprintf("local KEEP, MARK, BUDGET, PUSHES = %d, %d, %d, %d\n",
		approvals.KeepSettled.Microseconds(), keepPerson.Milliseconds(), longestWindow.Microseconds(), maxPushes)
	text = first + "\n" + constants + prelude + text
	sum := sha1.Sum([]byte(text)) // how Redis names scripts; nothing rests on it
	return script{name, text, hex.EncodeToString(sum[:])}
}

// once is a command that no client sends a second time by itself: a step whose
// reply was lost may have been done.
type once struct{ *redis.Cmd }

func (once) NoRetry() bool { return true }

// run does one step. The reply's first word is what came of it.
func (s *Store) run(ctx context.Context, sc script, keys []string, args ...any) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("redisstore: %s: %w", sc.name, err)
	}
	reply, err := s.eval(ctx, "evalsha", sc.sha, keys, args)
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		reply, err = s.eval(ctx, "eval", sc.text, keys, args)
	}
	if err != nil {
		return nil, fmt.Errorf("redisstore: %s: %w", sc.name, err)
	}
	if len(reply) == 0 {
		return nil, fmt.Errorf("redisstore: %s: empty reply", sc.name)
	}
	return reply, nil
}

func (s *Store) eval(ctx context.Context, verb, which string, keys []string, args []any) ([]string, error) {
	all := make([]any, 0, 3+len(keys)+len(args))
	all = append(all, verb, which, len(keys))
	for _, key := range keys {
		all = append(all, key)
	}
	cmd := once{redis.NewCmd(ctx, append(all, args...)...)}
	if err := s.process(ctx, keys[0], cmd); err != nil {
		return nil, err
	}
	return cmd.StringSlice()
}
