package podcount

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// limited is a server whose pages with more than a number of rows fail.
type limited struct {
	pods, most int
	fail       step
	failed     int // requests that failed
	away       int // requests that fail from the second page on, whatever their size
}

// RoundTrip answers with rows of the node n1, and takes the same time for each.
func (l *limited) RoundTrip(r *http.Request) (*http.Response, error) {
	getConn(r.Context())
	if !strings.HasSuffix(r.URL.Path, Pods) {
		return answerOf(`{"kind":"NodeList","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"n1"}}]}`), nil
	}
	query := r.URL.Query()
	limit, _ := strconv.Atoi(query.Get("limit"))
	start, _ := strconv.Atoi(query.Get("continue"))
	time.Sleep(10*time.Millisecond + time.Duration(limit)*10*time.Microsecond)
	if away := start > 0 && l.away > 0; limit > l.most || away {
		l.failed++
		if away {
			l.away--
		}
		return l.fail(r)
	}
	rows, next := min(limit, l.pods-start), ""
	if start+rows < l.pods {
		next = fmt.Sprintf(`,"continue":"%d"`, start+rows)
	}
	return answerOf(`{"kind":"Table","metadata":{"resourceVersion":"1"` + next + `},"columnDefinitions":[{"name":"Node"}],"rows":[` +
		strings.TrimSuffix(strings.Repeat(`{"cells":["n1"]},`, rows), ",") + `]}`), nil
}

// CloseIdleConnections is called after a count.
func (*limited) CloseIdleConnections() {}

func answerOf(body string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)),
	}
}

func statusOf(code int) step {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("no"))}, nil
	}
}

// cutBody loses the connection within a body.
func cutBody(*http.Request) (*http.Response, error) {
	response := answerOf("")
	response.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"kind":"Table",`), resetBody{}))
	return response, nil
}

type resetBody struct{}

func (resetBody) Read([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

// TestPageThatGrewTooLarge has a proxy fail answers above a size. Each count is
// complete, and the counts that follow do not ask for that size again.
func TestPageThatGrewTooLarge(t *testing.T) {
	faults := map[string]step{
		"502": statusOf(http.StatusBadGateway), "500": statusOf(http.StatusInternalServerError), "400": statusOf(http.StatusBadRequest),
		"413": statusOf(http.StatusRequestEntityTooLarge), "cut": cutBody,
		"truncated": func(*http.Request) (*http.Response, error) { return answerOf(`{"kind":"Table","rows":[`), nil },
		"refused":   broken(errors.New("connection refused")),
		"hang":      hang,
	}
	for name, fail := range faults {
		for _, most := range []int{500, 700, 1500, 3000, 9000} {
			t.Run(fmt.Sprint(name, " above ", most), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := &limited{pods: 20_000, most: most, fail: fail}
					counter, err := New(DefaultConfig(), &http.Client{Transport: server}, &url.URL{Scheme: "http", Host: "host"})
					if err != nil {
						t.Fatal(err)
					}
					for count := range 10 {
						snapshot, err := countOnce(t.Context(), counter, &recorder{})
						if err != nil {
							t.Fatalf("count %d: %v", count, err)
						}
						if snapshot.ActivePods() != server.pods || snapshot.Source != SourceTable {
							t.Errorf("count %d: %d pods from %s, want %d from %s", count, snapshot.ActivePods(), snapshot.Source, server.pods, SourceTable)
						}
						time.Sleep(5 * time.Minute)
					}
					if server.failed > 2 {
						t.Errorf("%d requests failed in ten counts, want 2 at most", server.failed)
					}
				})
			})
		}
	}
}

// TestFirstPageTooLarge has a size fail that never worked, or has ceased to work,
// with different numbers of attempts: some counts fail, and then all are complete.
func TestFirstPageTooLarge(t *testing.T) {
	faults := map[string]step{
		"502": statusOf(http.StatusBadGateway), "500": statusOf(http.StatusInternalServerError), "cut": cutBody, "hang": hang,
		"413": statusOf(http.StatusRequestEntityTooLarge), "reset": broken(io.EOF),
		"401": statusOf(http.StatusUnauthorized), "403": statusOf(http.StatusForbidden), "410": statusOf(http.StatusGone), "429": statusOf(http.StatusTooManyRequests),
	}
	for name, fail := range faults {
		for _, attempts := range []int{1, 2, 3, 5} {
			for _, size := range []int{500, 10_000} {
				t.Run(fmt.Sprint(name, " above 130, from ", size, ", attempts: ", attempts), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						server := &limited{pods: 2000, most: 130, fail: fail}
						cfg := DefaultConfig()
						cfg.PageSize, cfg.PageAttempts = size, attempts
						counter, err := New(cfg, &http.Client{Transport: server}, &url.URL{Scheme: "http", Host: "host"})
						if err != nil {
							t.Fatal(err)
						}
						complete := 0 // in a row
						for range 14 {
							snapshot, err := countOnce(t.Context(), counter, &recorder{})
							if complete++; err != nil || snapshot.ActivePods() != server.pods {
								complete = 0
							}
							time.Sleep(time.Minute)
						}
						if complete < 3 {
							t.Errorf("the last %d counts of 14 are complete, after %d failures", complete, server.failed)
						}
					})
				})
			}
		}
	}
}

// TestOutageDuringGrowth has the server away while a larger page is tried: the size
// was not the cause, and is soon tried again.
func TestOutageDuringGrowth(t *testing.T) {
	for name, fail := range map[string]step{"503": statusOf(http.StatusServiceUnavailable), "refused": broken(errors.New("connection refused")), "hang": hang} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &limited{pods: 100_000, most: 10_000, fail: fail, away: 3}
				counter, err := New(DefaultConfig(), &http.Client{Transport: server}, &url.URL{Scheme: "http", Host: "host"})
				if err != nil {
					t.Fatal(err)
				}
				snapshot, err := countOnce(t.Context(), counter, &recorder{})
				if err != nil {
					t.Fatal(err)
				}
				if server.away > 0 || snapshot.Pages > 16 {
					t.Errorf("%d pages after %d failures, want no more than 16 after 3", snapshot.Pages, server.failed)
				}
			})
		})
	}
}

// TestFailuresAmidGrowth has failures in one count whose cause is not the size, as it says, or
// is seen soon: the pages of later counts are as large as ever.
func TestFailuresAmidGrowth(t *testing.T) {
	for _, tt := range []struct{ code, times int }{{401, 2}, {403, 2}, {429, 5}, {503, 5}, {503, 6}, {503, 10}} {
		t.Run(fmt.Sprint(tt.code, " ", tt.times, " times"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &limited{pods: 100_000, most: 10_000, fail: statusOf(tt.code), away: tt.times}
				counter, err := New(DefaultConfig(), &http.Client{Transport: server}, &url.URL{Scheme: "http", Host: "host"})
				if err != nil {
					t.Fatal(err)
				}
				var pages []int
				for range 5 {
					if s, err := countOnce(t.Context(), counter, &recorder{}); err == nil {
						pages = append(pages, s.Pages)
					}
					time.Sleep(5 * time.Minute)
				}
				if len(pages) < 3 || pages[0] > 20 || pages[2] > 12 {
					t.Errorf("complete counts had %v pages", pages)
				}
			})
		})
	}
}

// TestCeilingIsForgotten tries a size that failed again, much later.
func TestCeilingIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &limited{pods: 20_000, most: 1500, fail: statusOf(http.StatusBadGateway)}
		counter, err := New(DefaultConfig(), &http.Client{Transport: server}, &url.URL{Scheme: "http", Host: "host"})
		if err != nil {
			t.Fatal(err)
		}
		pages := func() int {
			snapshot, err := countOnce(t.Context(), counter, &recorder{})
			if err != nil {
				t.Fatal(err)
			}
			return snapshot.Pages
		}
		pages()
		small := pages()
		server.most = 10_000
		for range 300 {
			if pages() < small {
				return
			}
		}
		t.Errorf("%d pages a count, still, though all sizes work again", small)
	})
}
