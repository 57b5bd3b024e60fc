package kubesim

import (
	"slices"
	"testing"
)

func TestNodeLabelSelector(t *testing.T) {
	s := newServer(t, small)
	names := s.NodeNames()
	zones := map[string]int{}
	for _, zone := range []string{"eu-central-1a", "eu-central-1b", "eu-central-1c"} {
		zones[zone] = len(askList(t, s, "/api/v1/nodes", acceptPlain, "labelSelector", "topology.kubernetes.io/zone="+zone).Items)
	}
	if sum := zones["eu-central-1a"] + zones["eu-central-1b"] + zones["eu-central-1c"]; sum != len(names) || slices.Contains([]int{zones["eu-central-1a"], zones["eu-central-1b"]}, sum) {
		t.Errorf("nodes of each zone: %v, want a part of the %d in each", zones, len(names))
	}
	for _, tc := range []struct {
		name, labels, fields string
		want                 int
	}{
		{"one by its host name", "kubernetes.io/hostname=" + names[1], "", 1},
		{"a set", "kubernetes.io/hostname in (" + names[1] + "," + names[2] + ")", "", 2},
		{"none", "kubernetes.io/os=windows", "", 0},
		{"both kinds", "kubernetes.io/os=linux", "metadata.name=" + names[0], 1},
		{"kinds that exclude each other", "kubernetes.io/hostname=" + names[1], "metadata.name=" + names[0], 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := askList(t, s, "/api/v1/nodes", acceptPlain, "labelSelector", tc.labels, "fieldSelector", tc.fields, "limit", "10")
			if len(got.Items) != tc.want {
				t.Errorf("%d nodes, want %d", len(got.Items), tc.want)
			}
		})
	}
}
