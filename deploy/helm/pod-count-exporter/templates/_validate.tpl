{{/* What the schema cannot say: values that exclude each other, and names that are in files. */}}
{{- define "pod-count-exporter.validate" -}}
{{- if and .Values.autosharding.enabled (not .Values.kubeconfig.existingSecret) }}
{{- fail "autosharding.enabled: replicas share the clusters of kubeconfig.existingSecret, which is empty" }}
{{- end }}
{{- if and .Values.autosharding.enabled (lt (int .Values.replicas) 2) }}
{{- fail (printf "replicas: autosharding.enabled takes 2 or more, not %d" (int .Values.replicas)) }}
{{- end }}
{{- $foreign := ternary "OnDelete" "Recreate" (empty .Values.autosharding.enabled) }}
{{- if eq (default "" (.Values.updateStrategy).type) $foreign }}
{{- fail (printf "updateStrategy.type: a %s has no %s" (ternary "Deployment" "StatefulSet" (empty .Values.autosharding.enabled)) $foreign) }}
{{- end }}
{{- with .Values.podDisruptionBudget }}
{{- $replicas := int $.Values.replicas }}
{{- if hasKey . "maxUnavailable" }}
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
{{- if and .Values.config.kubernetes.allContexts .Values.config.kubernetes.context }}
{{- fail "config.kubernetes: allContexts and context cannot be given together" }}
{{- end }}
{{- $first := int (default 500 .Values.config.collector.pageSize) }}
{{- $top := int (default 10000 .Values.config.collector.maxPageSize) }}
{{- if gt $first $top }}
{{- fail (printf "config.collector.maxPageSize: %d is less than pageSize, which is %d" $top $first) }}
{{- end }}
{{- $path := .Values.config.web.telemetryPath }}
{{- if or (eq $path "/") (hasPrefix "/-/" $path) (hasPrefix "/api/" $path) }}
{{- fail (printf "config.web.telemetryPath: %s is taken by another page of the exporter" $path) }}
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
