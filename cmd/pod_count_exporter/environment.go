package main

import (
	"fmt"
	"os"

	"github.com/alecthomas/kingpin/v2"
)

// fromEnvironment gives each flag a variable, POD_COUNT_EXPORTER_ and the flag's name
// in capitals, which --help shows beside the flag. A variable is used if the command
// line does not have the flag; an empty variable counts as not set.
// --help, --version and their like end the program and must have no variable:
// POD_COUNT_EXPORTER_VERSION is a likely name for something else. So this is called
// when they exist and the program's own flags do not yet.
func fromEnvironment(app *kingpin.Application) {
	app.DefaultEnvars()
	for _, flag := range app.Model().Flags {
		app.GetFlag(flag.Name).NoEnvar()
	}
}

// namingVariable adds to an error the variable that caused it: the text that cannot
// be read is then not on the command line.
func namingVariable(app *kingpin.Application, err error) error {
	if err == nil {
		return nil
	}
	for _, flag := range app.Model().Flags {
		text := os.Getenv(flag.Envar)
		if text == "" || flag.Value == nil {
			continue
		}
		if again := flag.Value.Set(text); again != nil && again.Error() == err.Error() {
			return fmt.Errorf("%s=%q: %w", flag.Envar, text, err)
		}
	}
	return err
}
