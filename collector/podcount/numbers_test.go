package podcount

import "testing"

// TestWellFormed has resourceVersions that are 64-bit numbers, and some that are not.
func TestWellFormed(t *testing.T) {
	for version, want := range map[string]bool{
		"1": true, "18446744073709551615": true,
		"": false, "abc": false, "-1": false, "01": false, "100000000000000000000": false,
	} {
		if got := wellFormed(version); got != want {
			t.Errorf("%q: %t, want %t", version, got, want)
		}
	}
}

// TestDrift has an audit differ on some nodes: all that is wrong counts, in whichever way.
func TestDrift(t *testing.T) {
	for _, tt := range []struct {
		differences []Difference
		want        int
	}{
		{nil, 0},
		{[]Difference{{Watched: 5, Listed: 3}}, 2},
		{[]Difference{{Watched: 5, Listed: 3}, {Watched: 1, Listed: 4}}, 5},
	} {
		if got := (&Audit{Differences: tt.differences}).Drift(); got != tt.want {
			t.Errorf("%+v: %d, want %d", tt.differences, got, tt.want)
		}
	}
}
