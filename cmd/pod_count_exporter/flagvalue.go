package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// value is a flag whose errors name the flag; those of kingpin's own values are only
// strconv's.
type value[T any] struct {
	name   string
	target *T
	parse  func(string) (T, error)
}

// add defines a flag that writes to target, which has the default already. A flag
// without a default needs a placeholder for the help.
func add[T any](app *kingpin.Application, target *T, name, help string, parse func(string) (T, error)) *kingpin.FlagClause {
	clause := app.Flag(name, help)
	if preset := fmt.Sprint(*target); preset != "" {
		clause.Default(preset)
	}
	clause.SetValue(&value[T]{name: name, target: target, parse: parse})
	return clause
}

// String is the current value, for kingpin's help.
func (v *value[T]) String() string { return fmt.Sprint(*v.target) }

// Set parses text, or fails with flag, text and reason.
func (v *value[T]) Set(text string) error {
	parsed, err := v.parse(text)
	if err != nil {
		return fmt.Errorf("--%s=%q: %w", v.name, text, plain(err))
	}
	*v.target = parsed
	return nil
}

// plain shortens the errors of strconv, which quote the text again.
func plain(err error) error {
	var num *strconv.NumError
	if errors.As(err, &num) {
		return fmt.Errorf("not a whole number: %w", num.Err)
	}
	return err
}

// duration is time.ParseDuration, whose errors quote the text again.
func duration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, errors.New("not a duration like 500ms, 30s or 5m")
	}
	return d, nil
}

// choiceError is a value that is not among those allowed.
type choiceError struct{ allowed []string }

// Error lists what is allowed.
func (e *choiceError) Error() string { return "must be one of " + strings.Join(e.allowed, ", ") }
