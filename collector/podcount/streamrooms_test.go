package podcount

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestMemoryOfManyStreams has many streams at a time that stop within an event, or after
// one. Beside them, others get their events, long ones too.
func TestMemoryOfManyStreams(t *testing.T) {
	const streams = 300
	long := func(bytes int) string {
		return rowEvent(5, fmt.Sprintf(`"columnDefinitions":[{"name":"Node"}],"rows":[{"cells":["a"],"x":"%s"}]`, strings.Repeat("x", bytes)))
	}
	for name, test := range map[string]struct {
		text string
		most int64 // bytes
	}{
		"within a usual event":      {long(2 * usualValueBytes)[:usualValueBytes-200], 16 << 20},
		"within a large event":      {long(2 * usualValueBytes)[:usualValueBytes+200], 16 << 20},
		"within a very large event": {long(2 * largeValueBytes)[:largeValueBytes+200], 16 << 20},
		"after an event":            {long(31_000) + "\n", 8 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				budget, before := NewBudget(128<<20), heldBytes()
				ctx, cancel := context.WithCancel(t.Context())
				var ended sync.WaitGroup
				defer ended.Wait()
				defer cancel()
				stalls := func(account *account) error {
					x := newExchange(ctx, longestStream, make(chan struct{}, 1), forOthers)
					defer x.close()
					reader, err := newEventReader(io.MultiReader(strings.NewReader(test.text), until(x.ctx.Done())), Pods, account, x), error(nil)
					for err == nil {
						_, err = reader.next()
					}
					return err
				}
				for range streams {
					account := newAccount(budget)
					ended.Go(func() {
						for failures := 1; ctx.Err() == nil; failures++ {
							_ = stalls(account)
							_ = sleep(ctx, backoff(failures, 0, 0.5))
						}
					})
				}
				for _, bytes := range []int{100, eventValueBytes, 3 * eventValueBytes} {
					synctest.Wait()
					if held := heldBytes() - before; held > test.most {
						t.Errorf("%d streams hold %d bytes", streams, held)
					}
					began := time.Now()
					changes, err := newEventReader(strings.NewReader(long(bytes)), Pods, newAccount(budget), openExchange(t)).next()
					if took := time.Since(began); len(changes) != 1 || err != nil || took > 5*time.Second {
						t.Errorf("an event of %d bytes beside them took %s: %v", bytes, took, err)
					}
					time.Sleep(time.Minute)
				}
			})
		})
	}
}
