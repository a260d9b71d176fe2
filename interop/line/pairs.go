package line

import "time"

const (
	releaseRetries    = 1000
	releaseRetryPause = 5 * time.Millisecond
)

// Pairs counts and times acquires, each with its release.
type Pairs struct {
	Outcome      Outcome `json:"outcome"`
	AcquireNanos []int64 `json:"acquire_nanos"`
	ReleaseNanos []int64 `json:"release_nanos"`
	Conflicts    int     `json:"conflicts"`
	Errors       int     `json:"errors"`
	Message      string  `json:"message,omitempty"`
}

// runPairs acquires and releases count times, one after the other. Only what
// succeeded at once is timed.
func runPairs(lock Lock, request Request) Pairs {
	pairs := Pairs{Outcome: OK, AcquireNanos: []int64{}, ReleaseNanos: []int64{}}
	time.Sleep(request.Delay())
	for range request.Count {
		pairs.run(lock, request.Owner, request.TTL())
	}
	return pairs
}

func (p *Pairs) run(lock Lock, owner string, ttl time.Duration) {
	acquired := time.Now()
	if err := lock.Acquire(owner, ttl); err != nil {
		p.count(lock, err)
		return
	}
	p.AcquireNanos = append(p.AcquireNanos, time.Since(acquired).Nanoseconds())

	released := time.Now()
	if err := lock.Release(owner); err != nil {
		p.count(lock, err)
		p.releaseAnyway(lock, owner)
		return
	}
	p.ReleaseNanos = append(p.ReleaseNanos, time.Since(released).Nanoseconds())
}

// releaseAnyway tries until the lock is gone, so that the next pair starts as this one did.
func (p *Pairs) releaseAnyway(lock Lock, owner string) {
	for range releaseRetries {
		switch lock.Outcome(lock.Release(owner)) {
		case OK, NotFound:
			return
		}
		time.Sleep(releaseRetryPause)
	}
}

func (p *Pairs) count(lock Lock, err error) {
	if lock.Outcome(err) == Conflict {
		p.Conflicts++
		return
	}
	p.Errors++
	if p.Message == "" {
		p.Message = err.Error()
	}
}
