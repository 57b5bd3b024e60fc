//go:build pin

// Package tools pins what the build and its tests take from other projects.
//
// Programs are pinned by the tool directives in go.mod and run with
// "go tool -modfile". The Prometheus operator is no program here: its module
// carries the definition of the ServiceMonitor resource, which the end-to-end
// tests install. "go mod tidy" keeps a module only while a package of it is
// imported, so the smallest one is, behind a build tag that nothing sets.
package tools

import _ "github.com/prometheus-operator/prometheus-operator/pkg/versionutil"
