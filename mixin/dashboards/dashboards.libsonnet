(import 'overview.libsonnet') +
(import 'exporter.libsonnet') +
(import 'comparison.libsonnet')
