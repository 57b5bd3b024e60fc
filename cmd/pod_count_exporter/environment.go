package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

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

// unknownVariables returns the names of variables, sorted, that look like those of
// flags and are none: a misspelt one has no effect otherwise. environ is as
// os.Environ has it. A variable that is empty counts as not set.
func unknownVariables(app *kingpin.Application, environ []string) (unknown []string) {
	known := make(map[string]bool)
	for _, flag := range app.Model().Flags {
		known[flag.Envar] = true
		known[variable(flag.Name)] = true // of --version and its like, which have none
	}
	services := serviceNames(environ)
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, variable("")) || value == "" || known[name] {
			continue
		}
		if !slices.ContainsFunc(services, func(service string) bool { return ofService(name, service) }) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// besidesUnknown adds to what ends the start the variables that have no effect: it may
// be for want of one of them.
func (f *flags) besidesUnknown(err error) error {
	if len(f.unknownVariables) == 0 {
		return err
	}
	return fmt.Errorf("%w (of the environment, these variables belong to no flag: %s)", err, strings.Join(f.unknownVariables, " "))
}

// variable is that of a flag.
func variable(flag string) string {
	return strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(program + "_" + flag))
}

// Kubernetes tells each pod of the Services in its namespace: of one that is named
// pod-count-exporter by POD_COUNT_EXPORTER_SERVICE_HOST, POD_COUNT_EXPORTER_PORT,
// POD_COUNT_EXPORTER_PORT_10120_TCP_ADDR and more. Each has the first of them.
const serviceHost = "_SERVICE_HOST"

func serviceNames(environ []string) (names []string) {
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if service, is := strings.CutSuffix(name, serviceHost); is {
			names = append(names, service)
		}
	}
	return names
}

// ofService says whether Kubernetes sets a variable for a Service.
func ofService(name, service string) bool {
	switch rest, is := strings.CutPrefix(name, service); {
	case !is:
		return false
	case rest == serviceHost, rest == "_SERVICE_PORT", rest == "_PORT":
		return true
	default:
		return strings.HasPrefix(rest, "_SERVICE_PORT_") || strings.HasPrefix(rest, "_PORT_")
	}
}

// usedVariables are the variables of the flags that have their values from there, by the
// flags' names. The command line wins; read is nil if it has an error, which ends the start
// before anybody asks.
func usedVariables(app *kingpin.Application, read *kingpin.ParseContext) map[string]string {
	used := map[string]string{}
	for _, flag := range app.Model().Flags {
		if os.Getenv(flag.Envar) != "" {
			used[flag.Name] = flag.Envar
		}
	}
	if read == nil {
		return used
	}
	for _, element := range read.Elements {
		if flag, is := element.Clause.(*kingpin.FlagClause); is {
			delete(used, flag.Model().Name)
		}
	}
	return used
}

// kubeconfigs are the paths of --kubeconfig. Its variable has one in each line. If it has
// the text of a kubeconfig instead, that is one value: errors name paths, and a line alone
// may be a token and look like one.
func (f *flags) kubeconfigs() []string {
	paths, variable := f.clusters.Kubeconfigs, f.variables["kubeconfig"]
	isText := func(line string) bool {
		_, err := os.Lstat(line)
		return err != nil && !strings.HasPrefix(line, "/") && !strings.HasPrefix(line, "./") && !strings.HasPrefix(line, "../")
	}
	if variable != "" && len(paths) > 1 && slices.ContainsFunc(paths, isText) {
		return []string{os.Getenv(variable)}
	}
	return paths
}

// besidesVariable adds to an error that begins with a flag the variable that the flag has
// its value from. Its text may be a secret, and the error has as much of it as may be said.
func (f *flags) besidesVariable(err error) error {
	text, isFlag := strings.CutPrefix(err.Error(), "--")
	end := strings.IndexAny(text, "=: ")
	if !isFlag || end < 0 || f.variables[text[:end]] == "" {
		return err
	}
	return fmt.Errorf("%s: %w", f.variables[text[:end]], err)
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
			return fmt.Errorf("%s=%q: %w", flag.Envar, text, plain(err))
		}
	}
	return err
}
