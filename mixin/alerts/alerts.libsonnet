(import 'api.libsonnet') +
(import 'counts.libsonnet') +
(import 'exporter.libsonnet') +
(import 'capacity.libsonnet') +
(import 'watch.libsonnet') +
(import 'inhibition.libsonnet')
