module github.com/kube-node-manager/pod_count_exporter/testdata/mutants

go 1.26.0
