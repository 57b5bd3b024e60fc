package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// unknown stands where something is not known: never 0.
const unknown = "–"

// number formats n with separated thousands.
func number[T int | int64](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return sign + digits
}

// plural is a number with its noun.
func plural[T int | int64](n T, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// span formats a duration with at most two units, so that it does not change more
// often than anybody cares.
func span(d time.Duration) string {
	day := 24 * time.Hour
	switch {
	case d < time.Minute:
		return strconv.Itoa(int(max(0, d).Seconds())) + " s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min"
	case d < day:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
}

// took is the duration of a count.
func took(d time.Duration) string {
	switch {
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	return span(d)
}

// size is a number of bytes.
func size(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " B"
	case n < 1000*1000:
		return strconv.FormatInt(n/1000, 10) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
}

// moment is a time of the day, with the date if that is not today's.
type moment struct{ Machine, Text string }

func (p *Page) moment(t time.Time) moment {
	t, now := t.UTC(), p.now().UTC()
	layout := "15:04:05 UTC"
	if t.YearDay() != now.YearDay() || t.Year() != now.Year() {
		layout = "2 Jan 2006 15:04 UTC"
	}
	return moment{Machine: t.Format(time.RFC3339), Text: t.Format(layout)}
}

// ago formats the time since t.
func (p *Page) ago(t time.Time) string { return span(p.now().Sub(t)) + " ago" }

// percent rounds down: only what is full is called so.
func percent(part, whole int64) string {
	if whole <= 0 {
		return unknown
	}
	share := math.Floor(float64(part) / float64(whole) * 100)
	if share > 999 {
		return "> 999 %"
	}
	return strconv.Itoa(int(share)) + " %"
}

// quoted is a name in quotation marks.
func quoted(name string) string {
	if text := printable(name); strings.TrimSpace(name) != "" {
		return `"` + text + `"`
	}
	return strconv.Quote(name)
}

// printable escapes everything in a name that is invisible or changes how the text
// around it looks.
func printable(name string) string {
	if strings.TrimSpace(name) == "" {
		return strconv.Quote(name)
	}
	if utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return name
	}
	quoted := strconv.QuoteToGraphic(name)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
