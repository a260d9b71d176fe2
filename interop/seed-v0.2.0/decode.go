package main

import (
	"encoding/json"
	"time"

	"kubelock.test/line"
)

// nobody is an owner that no generated record has, so that Release never gets to write.
const nobody = "nobody-c41c1f0e-7d2b-4f0a-9d5e-1b7a0a6f3c55"

// lockData has the fields and tags of the package's own type, which is private.
type lockData struct {
	Owner     string        `json:"owner"`
	CreatedAt time.Time     `json:"createdAt"`
	TTL       time.Duration `json:"ttl"`
}

// decoded is what Go reads from an annotation's value.
type decoded struct {
	line.Record
	// Accepted and Message are those of the struct above.
	Accepted bool   `json:"accepted"`
	Message  string `json:"message,omitempty"`
	// PackageAccepted and Expired are those of the package itself.
	PackageAccepted bool `json:"package_accepted"`
	Expired         bool `json:"expired"`
}

type decodedBatch struct {
	Results []decoded `json:"results"`
}

func decodeBatch(values []string) decodedBatch {
	batch := decodedBatch{Results: make([]decoded, 0, len(values))}
	for _, value := range values {
		batch.Results = append(batch.Results, decode(value))
	}
	return batch
}

func decode(value string) decoded {
	var result decoded
	result.PackageAccepted, result.Expired = askPackage(value)

	var data lockData
	if err := json.Unmarshal([]byte(value), &data); err != nil {
		result.Message = err.Error()
		return result
	}
	result.Accepted = true
	result.Record = line.Record{
		Owner:                data.Owner,
		CreatedAtUnixSeconds: data.CreatedAt.Unix(),
		CreatedAtNanos:       int64(data.CreatedAt.Nanosecond()),
		TTLNanos:             int64(data.TTL),
	}
	return result
}

// askPackage lets the package judge a value that stands on an object.
func askPackage(value string) (accepted, expired bool) {
	lock, err := newLock(&fakeClient{value: &value}, fakeTarget)
	if err != nil {
		return false, false
	}
	switch lock.Outcome(lock.Release(nobody)) {
	case line.OwnerMismatch:
		return true, false
	case line.NotFound:
		return true, true
	}
	return false, false
}
