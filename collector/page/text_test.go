package page

import (
	"math"
	"testing"
	"time"
)

func TestTexts(t *testing.T) {
	for _, tt := range []struct{ name, got, want string }{
		{"small number", number(999), "999"},
		{"thousand", number(1000), "1,000"},
		{"million", number(1234567), "1,234,567"},
		{"negative", number(-1234), "-1,234"},
		{"greatest", number(int64(math.MaxInt64)), "9,223,372,036,854,775,807"},
		{"one", plural(1, "node"), "1 node"},
		{"several", plural(1000, "node"), "1,000 nodes"},
		{"none", plural(0, "node"), "0 nodes"},
		{"negative span", span(-time.Second), "0 s"},
		{"seconds", span(59 * time.Second), "59 s"},
		{"minutes", span(59*time.Minute + 59*time.Second), "59 min"},
		{"hours", span(3*time.Hour + 12*time.Minute), "3 h 12 min"},
		{"days", span(50 * time.Hour), "2 d 2 h"},
		{"short count", took(34 * time.Millisecond), "34 ms"},
		{"count", took(3240 * time.Millisecond), "3.2 s"},
		{"long count", took(75 * time.Second), "1 min"},
		{"bytes", size(999), "999 B"},
		{"kilobytes", size(541_900), "541 kB"},
		{"megabytes", size(1_737_092), "1.7 MB"},
		{"percent rounds down", percent(109, 110), "99 %"},
		{"percent of nothing", percent(1, 0), "–"},
		{"percent of little", percent(1000, 1), "> 999 %"},
		{"name", printable("ip-10-0-0-1.ec2.internal"), "ip-10-0-0-1.ec2.internal"},
		{"name in another script", printable(`日本 "語" \ é`), `日本 "語" \ é`},
		{"name with what turns it around", printable("a\u202eb\""), `a\u202eb"`},
		{"name with a line's end", printable("a\nb"), `a\nb`},
		{"name that is no text", printable("a\xff"), `a\xff`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %q, want %q", tt.got, tt.want)
			}
		})
	}
}
