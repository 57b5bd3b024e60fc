package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kube-node-manager/pod_count_exporter/internal/flagvalue"
)

// add defines a flag that writes to target, which has the default already. A flag
// without a default needs a placeholder for the help.
func add[T any](app *kingpin.Application, target *T, name, help string, parse func(string) (T, error)) *kingpin.FlagClause {
	clause := app.Flag(name, help)
	if preset := fmt.Sprint(*target); preset != "" {
		clause.Default(preset)
	}
	clause.SetValue(flagvalue.New(name, target, parse, plain))
	return clause
}

// plain shortens the errors of strconv, which quote the text again.
func plain(err error) error {
	switch num, is := errors.AsType[*strconv.NumError](err); {
	case is && num.Func == "ParseBool":
		return errors.New("must be true or false")
	case is && errors.Is(err, strconv.ErrRange):
		return errors.New("is out of range")
	case is:
		return errors.New("not a whole number")
	default:
		return err
	}
}

// choiceError is a value that is not among those allowed.
type choiceError struct{ allowed []string }

// Error lists what is allowed.
func (e *choiceError) Error() string { return "must be one of " + strings.Join(e.allowed, ", ") }
