package redisstore

import (
	"errors"
	"testing"
)

func TestServersAreJudgedByWhatTheySay(t *testing.T) {
	for _, c := range []struct {
		name, info string
		kind       kind
		want       error
	}{
		{"7.0.15 is new enough", "redis_version:7.0.15\r\nrole:master\r\ncluster_enabled:0\r\nmaxmemory:0\r\n", single, nil},
		{"so is 10", "redis_version:10.1\r\nrole:master\r\ncluster_enabled:0\r\nmaxmemory:0\r\n", sentinel, nil},
		{"6.2.19 is too old", "redis_version:6.2.19\r\nrole:master\r\ncluster_enabled:0\r\n", single, ErrServer},
		{"no version is too old", "role:master\r\ncluster_enabled:0\r\n", single, ErrServer},
		{"a replica takes no writes", "redis_version:7.0.15\r\nrole:slave\r\ncluster_enabled:0\r\n", single, ErrServer},
		{"a Cluster has its own URL", "redis_version:7.0.15\r\nrole:master\r\ncluster_enabled:1\r\n", single, ErrServer},
		{"and only a Cluster", "redis_version:7.0.15\r\nrole:master\r\ncluster_enabled:0\r\n", cluster, ErrServer},
		{"a member of a Cluster", "redis_version:7.0.15\r\nrole:master\r\ncluster_enabled:1\r\nmaxmemory:0\r\n", cluster, nil},
	} {
		if _, err := judge("here", c.info, c.kind); !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", c.name, err, c.want)
		}
	}
}
