package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"github.com/kube-node-manager/pod_count_exporter/internal/flagvalue"
)

func checked[T any](app *kingpin.Application, name, help string, target *T, parse func(string) (T, error)) *kingpin.FlagClause {
	clause := app.Flag(name, help)
	clause.SetValue(flagvalue.New(name, target, parse, brief))
	return clause
}

// brief shortens the errors of strconv, which quote the text again.
func brief(err error) error {
	switch {
	case errors.Is(err, strconv.ErrRange):
		return errors.New("is out of range")
	case errors.Is(err, strconv.ErrSyntax):
		return errors.New("not a whole number")
	default:
		return err
	}
}

// switchValue is a flag that is on or off. It may be given again, as kubectl allows:
// the last one counts.
type switchValue struct{ on *bool }

func onOff(app *kingpin.Application, name, help string, target *bool) *kingpin.FlagClause {
	clause := app.Flag(name, help)
	clause.SetValue(switchValue{target})
	return clause
}

// String is the current value, for kingpin's help.
func (s switchValue) String() string { return strconv.FormatBool(*s.on) }

// Set parses true or false.
func (s switchValue) Set(text string) (err error) {
	*s.on, err = strconv.ParseBool(text)
	return err
}

// IsBoolFlag says to kingpin that no value follows.
func (s switchValue) IsBoolFlag() bool { return true }

// IsCumulative says to kingpin that it may be repeated.
func (s switchValue) IsCumulative() bool { return true }

// plainSwitches names switches in the help as kubectl does: kingpin's
// "--[no-]watch ..." is --watch.
func plainSwitches(rows [][2]string) [][2]string {
	for i, row := range rows {
		if name := strings.Replace(row[0], "[no-]", "", 1); name != row[0] {
			rows[i][0] = strings.TrimSuffix(name, " ...")
		}
	}
	return rows
}
