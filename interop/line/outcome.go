package line

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Outcome is how a call ended, in one word.
type Outcome string

const (
	OK            Outcome = "ok"
	AlreadyExists Outcome = "already_exists"
	OwnerMismatch Outcome = "owner_mismatch"
	NotFound      Outcome = "not_found"
	InvalidConfig Outcome = "invalid_config"
	Conflict      Outcome = "conflict"
	ObjectMissing Outcome = "object_missing"
	Malformed     Outcome = "malformed"
	Failed        Outcome = "error"
)

// Result is the answer to every request that acts on a lock.
type Result struct {
	Outcome          Outcome `json:"outcome"`
	Message          string  `json:"message,omitempty"`
	StartedUnixNanos int64   `json:"started_unix_nanos,omitempty"`
	EndedUnixNanos   int64   `json:"ended_unix_nanos,omitempty"`
}

// Failure is the answer to a request that could not be tried.
func Failure(err error) Result {
	return Result{Outcome: Failed, Message: err.Error()}
}

// IsMalformed tells whether encoding/json refused a lock's content.
func IsMalformed(cause error) bool {
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	var badTime *time.ParseError
	if errors.As(cause, &syntax) || errors.As(cause, &wrongType) || errors.As(cause, &badTime) {
		return true
	}
	// The time package has no type for this one.
	return cause != nil && strings.HasPrefix(cause.Error(), "Time.UnmarshalJSON: ")
}
