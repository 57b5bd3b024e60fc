package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

var errAllNamespaces = errors.New("all namespaces are counted without -n")

// words are the words of a command line that kubectl would take, in the form that
// kingpin takes: it knows no --watch=false, but --no-watch, and -o=json means the
// format "=json" to it. A word that cannot be ends them, and is the error.
func words(args []string, flags []*kingpin.FlagModel) (plain []string, err error) {
	for i, arg := range args {
		var these []string
		switch {
		case arg == "--":
			return append(plain, args[i:]...), nil
		case strings.HasPrefix(arg, "--"):
			these, err = longWord(arg, flags)
		case strings.HasPrefix(arg, "-"):
			these, err = shortWords(arg, flags)
		default:
			these = []string{arg}
		}
		if err != nil {
			return plain, err
		}
		plain = append(plain, these...)
	}
	return plain, nil
}

// longWord is a flag in its long form.
func longWord(arg string, flags []*kingpin.FlagModel) ([]string, error) {
	name, text, joined := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
	named := func(name string) *kingpin.FlagModel {
		return flagThat(flags, func(f *kingpin.FlagModel) bool { return f.Name == name })
	}
	flag, off := named(name), named(strings.TrimPrefix(name, "no-"))
	switch {
	case name == "all-namespaces":
		return nil, fmt.Errorf("--%s: %w", name, errAllNamespaces)
	case !joined:
	case flag != nil && flag.IsBoolFlag():
		return switchWord(flag, "--"+name, text)
	case flag == nil && off != nil && off.IsBoolFlag():
		return nil, fmt.Errorf("--%s=%q: takes no value", name, text)
	}
	return []string{arg}, nil
}

// shortWords are one or more flags in their short form: switches, the last of which
// may be a flag with its value.
func shortWords(arg string, flags []*kingpin.FlagModel) ([]string, error) {
	for at, letter := range arg {
		if at == 0 {
			continue
		}
		if letter == 'A' {
			return nil, fmt.Errorf("-A: %w", errAllNamespaces)
		}
		flag := flagThat(flags, func(f *kingpin.FlagModel) bool { return f.Short == letter })
		if flag == nil {
			break // kingpin refuses it
		}
		text, joined := strings.CutPrefix(arg[at+1:], "=")
		if !joined && flag.IsBoolFlag() {
			continue
		}
		if !joined {
			break
		}
		word, err := []string{"--" + flag.Name + "=" + text}, error(nil)
		if flag.IsBoolFlag() {
			word, err = switchWord(flag, "-"+string(letter), text)
		}
		if at > 1 {
			word = slices.Insert(word, 0, arg[:at])
		}
		return word, err
	}
	return []string{arg}, nil
}

// switchWord turns a switch on or off.
func switchWord(flag *kingpin.FlagModel, given, text string) ([]string, error) {
	on, err := strconv.ParseBool(text)
	switch acts := flag.Hidden || flag.Name == "help" || flag.Name == "version"; {
	case err != nil:
		return nil, fmt.Errorf("%s=%q: must be true or false", given, text)
	case on:
		return []string{"--" + flag.Name}, nil
	case acts: // to kingpin it is on as soon as it is there
		return nil, nil
	default:
		return []string{"--no-" + flag.Name}, nil
	}
}

// flagThat is nil if there is none.
func flagThat(flags []*kingpin.FlagModel, is func(*kingpin.FlagModel) bool) *kingpin.FlagModel {
	if at := slices.IndexFunc(flags, is); at >= 0 {
		return flags[at]
	}
	return nil
}
