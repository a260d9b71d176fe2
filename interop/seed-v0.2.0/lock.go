package main

import (
	"context"
	"time"

	"github.com/giantswarm/kubelock"
	"github.com/giantswarm/microerror"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"kubelock.test/line"
)

// seedLock is the package's lock on one object.
type seedLock struct {
	lock   kubelock.Lock
	object string
}

func (l *seedLock) Acquire(owner string, ttl time.Duration) error {
	options := kubelock.AcquireOptions{Owner: owner, TTL: ttl}
	return l.lock.Acquire(context.Background(), l.object, options)
}

func (l *seedLock) Release(owner string) error {
	return l.lock.Release(context.Background(), l.object, kubelock.ReleaseOptions{Owner: owner})
}

func (l *seedLock) Outcome(err error) line.Outcome {
	return outcome(err)
}

func outcome(err error) line.Outcome {
	cause := microerror.Cause(err)
	switch {
	case err == nil:
		return line.OK
	case kubelock.IsAlreadyExists(err):
		return line.AlreadyExists
	case kubelock.IsOwnerMismatch(err):
		return line.OwnerMismatch
	case kubelock.IsNotFound(err):
		return line.NotFound
	case kubelock.IsInvalidConfig(err):
		return line.InvalidConfig
	case apierrors.IsConflict(cause):
		return line.Conflict
	case apierrors.IsNotFound(cause):
		return line.ObjectMissing
	case line.IsMalformed(cause):
		return line.Malformed
	}
	return line.Failed
}
