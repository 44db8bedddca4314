package redisstore

import (
	"context"
	"fmt"
	"time"

	"countersign/approvals"
	"countersign/enrolments"
)

// PutAhead sets the mark of a person's slot ahead of the slot's clock, as if
// something had been decided there by a server whose clock was fast.
func PutAhead(ctx context.Context, s *Store, person enrolments.PersonID, by time.Duration) error {
	key := clockKey(approvals.SlotOf(person))
	now, err := s.client.Time(ctx).Result()
	if err != nil {
		return err
	}
	var mark, ahead int64
	if kept, err := s.client.Get(ctx, key).Result(); err == nil {
		fmt.Sscan(kept, &mark, &ahead)
	}
	mark = max(mark, now.UnixMicro()+ahead) + by.Microseconds()
	return s.client.Set(ctx, key, fmt.Sprintf("%d %d", mark, mark-now.UnixMicro()), time.Hour).Err()
}
