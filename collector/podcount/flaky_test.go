package podcount

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// TestPagesAfterAFlakyTime has half of all requests fail for ten minutes, and none after it:
// within seven hours pages have the first size again, though some sizes failed more than once.
func TestPagesAfterAFlakyTime(t *testing.T) {
	for _, pods := range []int{600, 2000, 10_000} {
		for seed := range uint64(20) {
			t.Run(fmt.Sprint(pods, " pods, ", seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					random := rand.New(rand.NewPCG(seed, 3))
					h := &hiding{limited: limited{pods: pods, most: 10_000, fail: hang}}
					c := h.counter(t)
					h.counts(t, c, 3)
					flaky := true
					h.beside(c, func(string) step {
						if flaky && random.IntN(2) == 0 {
							return statusOf(503)
						}
						return nil
					})
					for range 20 {
						_, _ = countOnce(t.Context(), c, &recorder{}) // many fail
						time.Sleep(30 * time.Second)
					}
					flaky = false
					h.counts(t, c, 7*12)
					if c.pods.known < DefaultPageSize {
						t.Errorf("seven hours after it, pages have %d rows", c.pods.known)
					}
				})
			})
		}
	}
}
