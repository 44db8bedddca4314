package redisstore

import (
	"context"
	"fmt"
	"testing"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

// putAhead moves the mark at the beginning of an approval's line, or of a
// person, by ARGV[1] µs, as if something had been decided there later.
const putAhead = `
local function later(text)
  local mark, ahead, rest = string.match(text, '^(%d+) (%d+)(.*)$')
  local time = redis.call('TIME')
  local now = math.max(mark, time[1] * 1000000 + time[2] + ahead) + ARGV[1]
  return string.format('%.0f %s', now, ahead) .. rest
end
if redis.call('TYPE', KEYS[1]).ok == 'hash' then
  redis.call('HSET', KEYS[1], 'line', later(redis.call('HGET', KEYS[1], 'line')))
elseif redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('SET', KEYS[1], later(redis.call('GET', KEYS[1])), 'KEEPTTL')
end
return 1`

// PutAhead puts the clocks of a person and of their approvals ahead, as a
// server with a fast clock would have left them.
func PutAhead(ctx context.Context, s *Store, person enrolments.PersonID, ids []approvals.ID, by time.Duration) error {
	keys := []string{personKey("p", person)}
	for _, id := range ids {
		keys = append(keys, approvalKey(id))
	}
	for _, key := range keys {
		if err := s.client.Eval(ctx, putAhead, []string{key}, by.Microseconds()).Err(); err != nil {
			return fmt.Errorf("put ahead: %w", err)
		}
	}
	return nil
}

// Mark is the instant before which time does not run back for an approval.
func Mark(t *testing.T, s *Store, id approvals.ID) time.Time {
	t.Helper()
	line, err := s.client.HGet(t.Context(), approvalKey(id), "line").Result()
	if err != nil {
		t.Fatal(err)
	}
	var mark int64
	if _, err := fmt.Sscan(line, &mark); err != nil {
		t.Fatal(err)
	}
	return time.UnixMicro(mark)
}
