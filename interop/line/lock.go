package line

import (
	"fmt"
	"time"
)

// Lock is one lock on one object, as either version of the package has it.
type Lock interface {
	Acquire(owner string, ttl time.Duration) error
	Release(owner string) error
	// Outcome names what an error of the other two means.
	Outcome(err error) Outcome
}

// Act does what the request says.
func Act(lock Lock, request Request) any {
	switch request.Op {
	case "acquire":
		return Acquire(lock, request)
	case "release":
		return release(lock, request)
	case "pairs":
		return runPairs(lock, request)
	}
	return Failure(fmt.Errorf("unknown op %q", request.Op))
}

// Acquire takes the lock once.
func Acquire(lock Lock, request Request) Result {
	return timed(lock, request.Delay(), func() error {
		return lock.Acquire(request.Owner, request.TTL())
	})
}

func release(lock Lock, request Request) Result {
	return timed(lock, request.Delay(), func() error {
		return lock.Release(request.Owner)
	})
}

func timed(lock Lock, delay time.Duration, act func() error) Result {
	time.Sleep(delay)
	started := time.Now()
	err := act()
	result := Result{
		Outcome:          lock.Outcome(err),
		StartedUnixNanos: started.UnixNano(),
		EndedUnixNanos:   time.Now().UnixNano(),
	}
	if err != nil {
		result.Message = err.Error()
	}
	return result
}
