package main

import (
	"encoding/json"
	"time"

	"kubelock.test/line"
)

type encodedBatch struct {
	Values []string `json:"values"`
}

// encodeBatch writes each record as the package would; empty where Go refuses to.
func encodeBatch(records []line.Record) encodedBatch {
	batch := encodedBatch{Values: make([]string, 0, len(records))}
	for _, record := range records {
		data := lockData{
			Owner:     record.Owner,
			CreatedAt: time.Unix(record.CreatedAtUnixSeconds, record.CreatedAtNanos).UTC(),
			TTL:       time.Duration(record.TTLNanos),
		}
		value, err := json.Marshal(data)
		if err != nil {
			value = nil
		}
		batch.Values = append(batch.Values, string(value))
	}
	return batch
}

type acquiredBytes struct {
	line.Result
	Value string `json:"value"`
}

// acquireBytes lets the package acquire a free lock, and answers what it wrote.
func acquireBytes(request line.Request) acquiredBytes {
	client := &fakeClient{}
	lock, err := newLock(client, fakeTarget)
	if err != nil {
		return acquiredBytes{Result: line.Failure(err)}
	}
	return acquiredBytes{Result: line.Acquire(lock, request), Value: client.written}
}
