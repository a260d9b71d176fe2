package line

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Serve answers each line of in with a line on out, until in ends.
func Serve(in io.Reader, out io.Writer, answer func(Request) any) error {
	// No scanner: a batch may be longer than any limit.
	lines := bufio.NewReaderSize(in, 1<<16)
	answers := json.NewEncoder(out)
	for {
		text, err := lines.ReadBytes('\n')
		if len(text) > 0 {
			if err := answers.Encode(answerTo(text, answer)); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func answerTo(text []byte, answer func(Request) any) any {
	var request Request
	if err := json.Unmarshal(text, &request); err != nil {
		return Failure(fmt.Errorf("bad request: %w", err))
	}
	return answer(request)
}
