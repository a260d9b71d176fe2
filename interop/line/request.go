// Package line is what the seed programs have in common: a request on each
// line of standard input, an answer on each line of standard output.
package line

import "time"

// Request is one line of input. Which fields count depends on Op.
type Request struct {
	Op string `json:"op"`

	Group     string `json:"group"`
	Version   string `json:"version"`
	Resource  string `json:"resource"`
	Namespace string `json:"namespace"`
	Object    string `json:"object"`
	Lock      string `json:"lock"`

	Owner      string `json:"owner"`
	TTLNanos   int64  `json:"ttl_nanos"`
	DelayNanos int64  `json:"delay_nanos"`
	Count      int    `json:"count"`

	Value   string   `json:"value"`
	Values  []string `json:"values"`
	Records []Record `json:"records"`
}

// Record is the content of a lock in numbers that every language can hold.
type Record struct {
	Owner                string `json:"owner"`
	CreatedAtUnixSeconds int64  `json:"created_at_unix_seconds"`
	CreatedAtNanos       int64  `json:"created_at_nanos"`
	TTLNanos             int64  `json:"ttl_nanos"`
}

// TTL is the requested time to live.
func (r Request) TTL() time.Duration {
	return time.Duration(r.TTLNanos)
}

// Delay is how long to sleep before acting.
func (r Request) Delay() time.Duration {
	return time.Duration(r.DelayNanos)
}
