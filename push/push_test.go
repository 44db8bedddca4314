package push

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestAMessageHasOneIDThatEveryServiceTakes(t *testing.T) {
	soon := time.Now().Add(time.Minute)
	for name, c := range map[string]struct {
		message Message
		good    bool
	}{
		"of an approval":     {Message{ApprovalID: strings.Repeat("a", 64), ExpiresAt: soon}, true},
		"of a notice":        {Message{NoticeID: "a-notice_1", ExpiresAt: soon}, true},
		"of both":            {Message{ApprovalID: "a", NoticeID: "b", ExpiresAt: soon}, false},
		"of neither":         {Message{ExpiresAt: soon}, false},
		"of one too long":    {Message{NoticeID: strings.Repeat("a", 65), ExpiresAt: soon}, false},
		"of what is no id":   {Message{NoticeID: "a b", ExpiresAt: soon}, false},
		"that never expires": {Message{NoticeID: "a"}, false},
	} {
		err := c.message.Validate()
		if (err == nil) != c.good || err != nil && !errors.Is(err, ErrRefused) {
			t.Errorf("a message %s: got %v", name, err)
		}
	}
}
