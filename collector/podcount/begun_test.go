package podcount

import (
	"context"
	"slices"
	"testing"
)

// begunGate notes which answers are of counts that have begun. All have a place.
type begunGate struct{ begun []bool }

func (g *begunGate) Enter(_ context.Context, begun bool, _ func()) (Place, error) {
	g.begun = append(g.begun, begun)
	return yieldPlace{&yieldGate{}}, nil
}

// TestBegunCountsSaySo has counts ask for places: the first answer of each is that of a
// count that has no pages, all others are of counts under way, a suspended one too.
func TestBegunCountsSaySo(t *testing.T) {
	gate := &begunGate{}
	script := newScript(t, podPage("t", "a"), status(500, ""), podPage("", "b"), podPage("", "c"))
	c := script.counter(func(cfg *Config) { cfg.Gate, cfg.PageAttempts = gate, 1 })
	_ = script.countFails(c, Server)
	script.count(c) // goes on
	script.count(c)
	want := []bool{false, true, true, true, false, true} // nodes, two pages and the one again; nodes, pods
	if !slices.Equal(gate.begun, want) {
		t.Errorf("places were asked for with begun %v, want %v", gate.begun, want)
	}
}
