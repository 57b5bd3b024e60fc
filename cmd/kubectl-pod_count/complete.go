package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/alecthomas/kingpin/v2"
)

// completeCommand is what the file kubectl_complete-pod_count calls this program
// with. kubectl runs that file with the words of the command line, the last of
// which is to be completed.
const completeCommand = "__complete"

// What a shell does with completions (github.com/spf13/cobra, ShellCompDirective).
const (
	completeFiles   = 0 // those of the directory, if there are no others
	completeNoFiles = 4
)

// complete prints completions of the last word, one in each line, and below them
// what the shell does with them. It fails silently: nobody is helped by an error in
// the middle of a command line.
func complete(ctx context.Context, words []string, around surroundings) int {
	last := ""
	if len(words) > 0 {
		last, words = words[len(words)-1], words[:len(words)-1]
	}
	completions, directive := completionsOf(ctx, words, last, around)
	for _, completion := range completions {
		if word, _, _ := strings.Cut(completion, "\t"); !strings.ContainsFunc(word, active) {
			fmt.Fprintln(around.stdout, completion)
		}
	}
	fmt.Fprintf(around.stdout, ":%d\n", directive)
	return exitOK
}

// active says whether a character may mean more to a shell than itself. Names come from
// servers and kubeconfigs, and the script of kubectl before 1.37 has bash expand them: a
// node named $(command) would run it.
func active(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.N) && !strings.ContainsRune("-_.:/@+=,", r)
}

func completionsOf(ctx context.Context, words []string, last string, around surroundings) ([]string, int) {
	if slices.Contains(words, "--") {
		return matching(otherNodes(ctx, words, around), last), completeNoFiles
	}
	if name, text, joined := strings.Cut(last, "="); joined && strings.HasPrefix(last, "--") {
		return valuesOf(ctx, strings.TrimPrefix(name, "--"), words, text, around)
	}
	if len(words) > 0 {
		if name := awaitsValue(words[len(words)-1]); name != "" {
			return valuesOf(ctx, name, words[:len(words)-1], last, around)
		}
	}
	if strings.HasPrefix(last, "-") {
		return matching(flagWords(), last), completeNoFiles
	}
	return matching(otherNodes(ctx, words, around), last), completeNoFiles
}

// otherNodes are those that are not on the command line yet: a node that is given
// twice is refused.
func otherNodes(ctx context.Context, words []string, around surroundings) []string {
	o := optionsOf(words)
	return slices.DeleteFunc(nodeNames(ctx, o, around), func(name string) bool { return slices.Contains(o.pages.Nodes.Names, name) })
}

// optionsOf reads what is on the command line so far. What is wrong with it is not
// told yet.
func optionsOf(words []string) *options {
	o, _, _ := parseFlags(words, io.Discard)
	return o
}

func flags() []*kingpin.FlagModel { return new(options).app().Model().Flags }

// flagWords are the flags with what they are for.
func flagWords() (words []string) {
	for _, flag := range flags() {
		if flag.Hidden {
			continue
		}
		words = append(words, "--"+flag.Name+"\t"+flag.Help)
		if flag.Short != 0 {
			words = append(words, "-"+string(flag.Short)+"\t"+flag.Help)
		}
	}
	return words
}

// awaitsValue is the name of the flag that a word is, if its value comes next.
func awaitsValue(word string) string {
	for _, flag := range flags() {
		if !flag.IsBoolFlag() && (word == "--"+flag.Name || flag.Short != 0 && word == "-"+string(flag.Short)) {
			return flag.Name
		}
	}
	return ""
}

// valuesOf completes the value of a flag.
func valuesOf(ctx context.Context, flag string, words []string, text string, around surroundings) ([]string, int) {
	switch flag {
	case "output":
		return matching(outputs(), text), completeNoFiles
	case "sort-by":
		return matching(orders(), text), completeNoFiles
	case "context":
		return matching(contextNames(optionsOf(words), around), text), completeNoFiles
	case "namespace":
		return matching(namespaceNames(ctx, optionsOf(words), around), text), completeNoFiles
	case "kubeconfig":
		return nil, completeFiles
	}
	return nil, completeNoFiles
}

func matching(words []string, beginning string) []string {
	return slices.DeleteFunc(words, func(word string) bool { return !strings.HasPrefix(word, beginning) })
}
