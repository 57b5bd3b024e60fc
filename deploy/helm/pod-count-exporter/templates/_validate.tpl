{{/*
What the schema cannot say: values that exclude each other, that are too much or too
little for another one, and names that are in files.
*/}}
{{- define "pod-count-exporter.validate" -}}
{{- include "pod-count-exporter.validateWorkload" . }}
{{- include "pod-count-exporter.validateResources" . }}
{{- include "pod-count-exporter.validateSettings" . }}
{{- include "pod-count-exporter.validateMonitor" . }}
{{- if and .Values.flowSchema.enabled .Values.kubeconfig.existingSecret }}
{{- fail "flowSchema.enabled: the schema is for the account of the pods, and the clusters of kubeconfig.existingSecret are asked by those of its files" }}
{{- end }}
{{- $known := list }}
{{- range include "pod-count-exporter.alertGroups" . | fromJsonArray }}
{{- range .rules }}
{{- $known = append $known .alert }}
{{- end }}
{{- end }}
{{- range $name, $_ := .Values.prometheus.rules.alerts }}
{{- if not (has $name $known) }}
{{- fail (printf "prometheus.rules.alerts.%s: there is no such alert; there are %s" $name (join ", " $known)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "pod-count-exporter.validateWorkload" -}}
{{- if and .Values.autosharding.enabled (not .Values.kubeconfig.existingSecret) }}
{{- fail "autosharding.enabled: replicas share the clusters of kubeconfig.existingSecret, which is empty" }}
{{- end }}
{{- if and .Values.autosharding.enabled (lt (int .Values.replicas) 2) }}
{{- fail (printf "replicas: autosharding.enabled takes 2 or more, not %d" (int .Values.replicas)) }}
{{- end }}
{{- if and .Values.autosharding.enabled (gt (int .Values.replicas) 1000) }}
{{- fail (printf "replicas: autosharding.enabled takes 1000 at most, not %d" (int .Values.replicas)) }}
{{- end }}
{{- $foreign := ternary "OnDelete" "Recreate" (empty .Values.autosharding.enabled) }}
{{- if eq (default "" (.Values.updateStrategy).type) $foreign }}
{{- fail (printf "updateStrategy.type: a %s has no %s" (ternary "Deployment" "StatefulSet" (empty .Values.autosharding.enabled)) $foreign) }}
{{- end }}
{{- $foreign = ternary "partition" "maxSurge" (empty .Values.autosharding.enabled) }}
{{- if hasKey (default (dict) (.Values.updateStrategy).rollingUpdate) $foreign }}
{{- fail (printf "updateStrategy.rollingUpdate.%s: a %s has none" $foreign (ternary "Deployment" "StatefulSet" (empty .Values.autosharding.enabled))) }}
{{- end }}
{{- with .Values.podDisruptionBudget }}
{{- $replicas := int $.Values.replicas }}
{{- if and (hasKey . "minAvailable") (hasKey . "maxUnavailable") }}
{{- fail "podDisruptionBudget: minAvailable and maxUnavailable cannot be given together" }}
{{- else if hasKey . "maxUnavailable" }}
{{- if eq (.maxUnavailable | toString | trimSuffix "%" | int) 0 }}
{{- fail (printf "podDisruptionBudget.maxUnavailable: %v would hold up every drain" .maxUnavailable) }}
{{- end }}
{{- else if not (hasKey . "minAvailable") }}
{{- fail "podDisruptionBudget: without minAvailable and maxUnavailable it would hold up every drain" }}
{{- else }}
{{- $least := .minAvailable | toString | trimSuffix "%" | int }}
{{- if hasSuffix "%" (.minAvailable | toString) }}
{{- $least = divf (mul $least $replicas) 100 | ceil | int }}
{{- end }}
{{- if and (ge $least 1) (ge $least $replicas) }}
{{- fail (printf "podDisruptionBudget.minAvailable: %v of %d replicas would hold up every drain" .minAvailable $replicas) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What a node, or the exporter, would refuse or die of. */}}
{{- define "pod-count-exporter.validateResources" -}}
{{- $limits := default (dict) (.Values.resources).limits }}
{{- range $name, $request := (.Values.resources).requests }}
{{- $limit := default $request (get $limits $name) }}
{{- if gt (include "pod-count-exporter.number" $request | float64) (include "pod-count-exporter.number" $limit | float64) }}
{{- fail (printf "resources.requests.%s: %v is more than the limit, which is %v" $name $request $limit) }}
{{- end }}
{{- end }}
{{- with $limits.memory }}
{{- if eq (include "pod-count-exporter.goMemoryLimit" .) "0MiB" }}
{{- fail (printf "resources.limits.memory: %v leaves less than 1Mi; is its unit missing?" .) }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the exporter refuses when it starts. */}}
{{- define "pod-count-exporter.validateSettings" -}}
{{- if and .Values.config.kubernetes.allContexts .Values.config.kubernetes.context }}
{{- fail "config.kubernetes: allContexts and context cannot be given together" }}
{{- end }}
{{- if not (or .Values.volumeMounts (include "pod-count-exporter.kubeconfigGiven" .)) }}
{{- range $key := list "context" "allContexts" }}
{{- if get $.Values.config.kubernetes $key }}
{{- fail (printf "config.kubernetes.%s: contexts are those of a kubeconfig, and neither kubeconfig.existingSecret nor extraArgs, env or volumeMounts bring one" $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- $first := int (default 500 .Values.config.collector.pageSize) }}
{{- $top := int (default 10000 .Values.config.collector.maxPageSize) }}
{{- if gt $first $top }}
{{- fail (printf "config.collector.maxPageSize: %d is less than pageSize, which is %d" $top $first) }}
{{- end }}
{{- $ttl := default "5m" .Values.config.collector.cacheTTL }}
{{- $staleness := default "30m" .Values.config.collector.maxStaleness }}
{{- if lt (include "pod-count-exporter.seconds" $staleness | float64) (include "pod-count-exporter.seconds" $ttl | float64) }}
{{- fail (printf "config.collector.maxStaleness: %s is less than cacheTTL, which is %s" $staleness $ttl) }}
{{- end }}
{{- with .Values.config.web.timeoutOffset }}
{{- if ge (include "pod-count-exporter.seconds" . | float64) 60.0 }}
{{- fail (printf "config.web.timeoutOffset: %s leaves no time for scrapes, must be less than 1m" .) }}
{{- end }}
{{- end }}
{{- $path := .Values.config.web.telemetryPath }}
{{- if ne (clean $path) $path }}
{{- fail (printf "config.web.telemetryPath: %s has empty or dotted elements, or ends with a slash" $path) }}
{{- end }}
{{- if or (has $path (list "/" "/cluster" "/sd")) (regexMatch "^/(-|api|assets|debug/pprof)/" (print $path "/")) }}
{{- fail (printf "config.web.telemetryPath: %s is taken by another page of the exporter" $path) }}
{{- end }}
{{- end }}

{{/* What the Prometheus operator refuses, or the API server of a monitor. */}}
{{- define "pod-count-exporter.validateMonitor" -}}
{{- with .Values.prometheus.monitor }}
{{- if gt (include "pod-count-exporter.seconds" .http.scrapeTimeout | float64) (include "pod-count-exporter.seconds" .http.interval | float64) }}
{{- fail (printf "prometheus.monitor.http.scrapeTimeout: %s is longer than the interval, which is %s" .http.scrapeTimeout .http.interval) }}
{{- end }}
{{- range $file := list "caFile" "certFile" "keyFile" }}
{{- if and (eq $.Values.prometheus.monitor.kind "PodMonitor") (hasKey (default (dict) $.Values.prometheus.monitor.http.tlsConfig) $file) }}
{{- fail (printf "prometheus.monitor.http.tlsConfig.%s: a PodMonitor has none" $file) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
