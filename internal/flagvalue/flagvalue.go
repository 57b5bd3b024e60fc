// Package flagvalue has values of flags for the programs' command lines: their errors
// name the flag, quote what was given and say in plain words what is wrong. Those of
// kingpin's own values are only strconv's.
package flagvalue

import (
	"errors"
	"fmt"
	"time"
)

// Value is a flag's value. It implements kingpin.Value.
type Value[T any] struct {
	name    string
	target  *T
	parse   func(string) (T, error)
	shorten func(error) error
}

// New returns the value of the flag --name, which parse reads into target. The errors of
// strconv quote the text again, so shorten turns an error of parse into one that does
// not.
func New[T any](name string, target *T, parse func(string) (T, error), shorten func(error) error) *Value[T] {
	return &Value[T]{name: name, target: target, parse: parse, shorten: shorten}
}

// String is the current value, for kingpin's help.
func (v *Value[T]) String() string { return fmt.Sprint(*v.target) }

// Set parses text, or fails with flag, text and reason.
func (v *Value[T]) Set(text string) error {
	parsed, err := v.parse(text)
	if err != nil {
		return fmt.Errorf("--%s=%q: %w", v.name, text, v.shorten(err))
	}
	*v.target = parsed
	return nil
}

// Duration is time.ParseDuration, whose errors quote the text again.
func Duration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, errors.New("not a duration like 500ms, 30s or 5m")
	}
	return d, nil
}
