package podcount

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/kube-node-manager/pod_count_exporter/collector/redact"
)

// longText is as long as a text can be that a server sends.
const longText = 2_900_000

// TestFailuresKeepLittle has servers that answer with texts of some MB. What is kept of a
// failure is what is shown of it.
func TestFailuresKeepLittle(t *testing.T) {
	long := strings.Repeat("m", longText)
	answer := func(format string) step { return body(http.StatusOK, fmt.Sprintf(format, long)) }
	for _, tt := range []struct {
		name string
		step step
	}{
		{"message of a Status", answer(`{"kind":"Status","metadata":{},"status":"Failure","code":500,"message":"%s"}`)},
		{"message of a Status that is no failure", answer(`{"kind":"Status","metadata":{},"message":"%s"}`)},
		{"message after invisible characters", answer(`{"kind":"Status","code":500,"message":"` + strings.Repeat("\u200b", 1000) + `%s"}`)},
		{"escaped message", answer(`{"kind":"Status","code":500,"message":"\u006d%s"}`)},
		{"token of a 410", answer(`{"kind":"Status","metadata":{"continue":"%s"},"code":410}`)},
		{"message of a 410", answer(`{"kind":"Status","metadata":{"continue":"t"},"code":410,"message":"%s"}`)},
		{"kind", answer(`{"kind":"%s","metadata":{},"items":[]}`)},
		{"resourceVersion", answer(`{"kind":"NodeList","metadata":{"resourceVersion":"%s"},"items":[]}`)},
		{"seconds to wait", answer(`{"kind":"Status","details":{"retryAfterSeconds":"%s"},"code":429}`)},
		{"number", answer(`{"kind":"Status","details":{"retryAfterSeconds":1` + strings.Repeat("0", longText) + `},"code":429,"message":"%.1s"}`)},
		{"name of a node", answer(`{"kind":"NodeList","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"%s"}}]}`)},
		{"content type", func(r *http.Request) (*http.Response, error) {
			response, err := body(http.StatusOK, "{}")(r)
			response.Header.Set("Content-Type", "text/html; x="+strings.Clone(long[:60<<10]))
			return response, err
		}},
		{"page of a proxy", body(http.StatusBadGateway, "<html>"+long)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const failures = 10
			var kept []error
			runtime.GC() // twice empties pools
			before := heldBytes()
			for range failures {
				synctest.Test(t, func(t *testing.T) {
					script := newScript(t)
					script.nodes = repeat(30, tt.step)
					_, err := countOnce(t.Context(), script.counter(func(cfg *Config) { cfg.PageAttempts = 1 }), &recorder{})
					kept = append(kept, err)
				})
			}
			runtime.GC()
			if held := (heldBytes() - before) / failures; held > 4<<10 || kept[0] == nil {
				t.Errorf("a failure holds %d bytes, for a text of %d: %v", held, len(fmt.Sprint(kept[0])), kept[0])
			}
			runtime.KeepAlive(kept)
			runtime.KeepAlive(tt.step)
		})
	}
}

// TestStreamsKeepLittle has streams with one event that has a text of some MB, and then
// silence. What is kept of it is a name at most.
func TestStreamsKeepLittle(t *testing.T) {
	long := strings.Repeat("m", longText)
	const table = `{"type":"MODIFIED","object":{"kind":"Table","metadata":{"resourceVersion":"105"},"columnDefinitions":[{"name":"Name"},{"name":"Node"}],"rows":[{"cells":["%s","%s"]}]}}`
	for name, event := range map[string]string{
		"cell of the name":       fmt.Sprintf(table, long, "n"),
		"cell of the node":       fmt.Sprintf(table, "p", long),
		"cell with an escape":    fmt.Sprintf(table, `\u006d`+long, "n"),
		"name of an object":      `{"type":"MODIFIED","object":{"kind":"Pod","metadata":{"resourceVersion":"105","name":"` + long + `"},"spec":{"nodeName":"n"}}}`,
		"node of an object":      `{"type":"MODIFIED","object":{"kind":"Pod","metadata":{"resourceVersion":"105"},"spec":{"nodeName":"` + long + `"}}}`,
		"name of a row's object": strings.Replace(fmt.Sprintf(table, "p", "n"), `"]}]`, `"],"object":{"metadata":{"name":"`+long+`"}}}]`, 1),
		"name of a column":       strings.Replace(fmt.Sprintf(table, "p", "n"), `{"name":"Name"}`, `{"name":"`+long+`"}`, 1),
		"kind":                   `{"type":"BOOKMARK","object":{"kind":"` + long + `","metadata":{"resourceVersion":"105"}}}`,
		"resourceVersion":        `{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"` + long + `"}}}`,
		"message":                `{"type":"ERROR","object":{"kind":"Status","code":500,"message":"` + long + `"}}`,
		"token":                  `{"type":"ERROR","object":{"kind":"Status","metadata":{"continue":"` + long + `"},"code":410}}`,
	} {
		t.Run(name, func(t *testing.T) {
			const streams = 20
			var kept []any
			runtime.GC() // twice empties pools
			before := heldBytes()
			for range streams {
				reader := newEventReader(strings.NewReader(event), Pods, nil, nil)
				l, s := streamAt("100", true)
				changes, err := reader.next()
				for _, c := range changes {
					_, _ = l.apply(s, c, nil) // whether it is refused is another test's
				}
				if kept = append(kept, l, s, err); err == nil {
					kept = append(kept, reader) // it waits for the next event
				}
			}
			runtime.GC()
			if held := (heldBytes() - before) / streams; held > 64<<10 {
				t.Errorf("a stream holds %d bytes", held)
			}
			runtime.KeepAlive(kept)
			runtime.KeepAlive(event)
		})
	}
}

// TestTextsThatAreCut has every kind of character where a text ends that is looked at no
// further, which a mark shows.
func TestTextsThatAreCut(t *testing.T) {
	const most = 40
	for _, unit := range []string{"m", `\n`, `\u006d`, `é`, `\u00e9`, "日", "😀", `\ud83d\ude00`} {
		for before := range 30 {
			whole := strings.Repeat("m", before) + strings.Repeat(unit, 100)
			var want string
			must(t, json.Unmarshal([]byte(`"`+whole+`"`), &want))
			d := newDecoder(strings.NewReader(`["` + whole + `",1]`))
			_, err := d.json.ReadToken()
			must(t, err)
			if got, err := d.text(most); string(got) != want[:most]+redact.Mark || err != nil {
				t.Errorf("%d and %s: %q, %v, want %q and a mark", before, unit, got, err, want[:most])
			}
			if got, err := d.scalar(); string(got) != "1" || err != nil {
				t.Errorf("after it: %q, %v", got, err)
			}
		}
	}
}

// TestNamesAreRefusedWhereTheyAreRead has names that are too long by one byte, also of pods
// that have finished.
func TestNamesAreRefusedWhereTheyAreRead(t *testing.T) {
	for _, length := range []int{maxNodeName, maxNodeName + 1} {
		long := strings.Repeat("n", length)
		errs := map[string]error{}
		_, _, errs["row"] = decodePods(strings.NewReader(page(`[{"cells":["p","` + long + `",""],"conditions":[{"type":"Completed","status":"True"}]}]`)))
		_, _, errs["object"] = decodePods(strings.NewReader(pods(`[{"spec":{"nodeName":"` + long + `"},"status":{"phase":"Failed"}}]`)))
		for name, event := range map[string]string{
			"name in an event":   rowEvent(5, `"columnDefinitions":[{"name":"Name"},{"name":"Node"}],"rows":[{"cells":["`+long+`","n"]}]`),
			"node in an event":   rowEvent(5, `"columnDefinitions":[{"name":"Name"},{"name":"Node"}],"rows":[{"cells":["p","`+long+`"]}]`),
			"object of an event": `{"type":"ADDED","object":{"kind":"Pod","metadata":{"resourceVersion":"5"},"spec":{"nodeName":"` + long + `"}}}`,
			"name of an object":  `{"type":"ADDED","object":{"kind":"Pod","metadata":{"resourceVersion":"5","name":"` + long + `"}}}`,
		} {
			_, errs[name] = newEventReader(strings.NewReader(event), Pods, nil, nil).next()
		}
		for name, err := range errs {
			if refused := errors.Is(err, errLongName); refused != (length > maxNodeName) || err != nil && !refused {
				t.Errorf("%s of %d bytes: %v", name, length, err)
			}
		}
	}
}
