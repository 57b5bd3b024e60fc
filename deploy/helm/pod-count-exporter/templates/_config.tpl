{{/*
The exporter's settings as variables. A key's name is its flag's: cacheTTL of
collector is POD_COUNT_EXPORTER_COLLECTOR_CACHE_TTL. A list has a line for each
value, which is how the exporter reads flags that may be repeated.
*/}}
{{- define "pod-count-exporter.variables" -}}
{{- $config := deepCopy .Values.config }}
{{- $variables := dict "POD_COUNT_EXPORTER_COLLECTOR_MODE" .Values.mode }}
{{- if .Values.kubeconfig.existingSecret }}
{{- $_ := set $variables "POD_COUNT_EXPORTER_KUBECONFIG" "/etc/pod-count-exporter/kubeconfigs" }}
{{- if and (kindIs "invalid" $config.kubernetes.allContexts) (not $config.kubernetes.context) }}
{{- $_ := set $config.kubernetes "allContexts" true }}
{{- end }}
{{- end }}
{{- if and (kindIs "invalid" $config.kubernetes.clusterName) (not (include "pod-count-exporter.kubeconfigGiven" .)) }}
{{- $_ := set $config.kubernetes "clusterName" "kubernetes" }}
{{- end }}
{{- if or $config.kubernetes.allContexts .Values.autosharding.enabled (gt (len (default list $config.kubernetes.context)) 1) }}
{{- $_ := unset $config.kubernetes "clusterName" }}
{{- end }}
{{- if eq $config.web.telemetryPath "/metrics" }}
{{- $_ := unset $config.web "telemetryPath" }}
{{- end }}
{{- range $group, $settings := $config }}
{{- range $key, $value := $settings }}
{{- $name := printf "POD_COUNT_EXPORTER_%s_%s" $group (regexReplaceAll "([a-z])([A-Z])" $key "${1}_${2}") | upper }}
{{- if kindIs "slice" $value }}
{{- $value = join "\n" $value }}
{{- else if and (not (kindIs "string" $value)) (not (kindIs "invalid" $value)) }}
{{- $value = toJson $value }}
{{- end }}
{{- with $value }}
{{- $_ := set $variables $name . }}
{{- end }}
{{- end }}
{{- end }}
{{- toYaml $variables }}
{{- end }}

{{/* Whether a Secret, a flag or a variable gives kubeconfigs. */}}
{{- define "pod-count-exporter.kubeconfigGiven" -}}
{{- $given := not (empty .Values.kubeconfig.existingSecret) }}
{{- range .Values.extraArgs }}
{{- $given = or $given (regexMatch "^--kubeconfig(=|$)" .) }}
{{- end }}
{{- range .Values.env }}
{{- $given = or $given (has .name (list "KUBECONFIG" "POD_COUNT_EXPORTER_KUBECONFIG")) }}
{{- end }}
{{- if $given }}true{{ end }}
{{- end }}

{{/* A quantity as a number: bytes of memory, or cores. */}}
{{- define "pod-count-exporter.number" -}}
{{- $units := dict "" 1 "m" 0.001 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 }}
{{- $quantity := . | toString }}
{{- $unit := regexFind "[A-Za-z]*$" $quantity }}
{{- mulf (trimSuffix $unit $quantity | float64) (get $units $unit) }}
{{- end }}

{{/* A duration in seconds, of Go or of Prometheus. */}}
{{- define "pod-count-exporter.seconds" -}}
{{- $units := dict "ns" 1e-9 "us" 1e-6 "µs" 1e-6 "ms" 1e-3 "s" 1 "m" 60 "h" 3600 "d" 86400 "w" 604800 "y" 31536000 }}
{{- $seconds := 0.0 }}
{{- range regexFindAll "[0-9.]+[a-zµ]+" . -1 }}
{{- $unit := regexFind "[a-zµ]+$" . }}
{{- $seconds = addf $seconds (mulf (trimSuffix $unit . | float64) (get $units $unit)) }}
{{- end }}
{{- $seconds }}
{{- end }}

{{/*
GOMEMLIMIT, a tenth below a quantity of memory: the garbage collector works harder
before the kernel ends the process.
*/}}
{{- define "pod-count-exporter.goMemoryLimit" -}}
{{- printf "%dMiB" (divf (mulf (include "pod-count-exporter.number" . | float64) 0.9) 1048576 | floor | int64) }}
{{- end }}

{{/* The container's variables, the user's in place of the chart's of the same name. */}}
{{- define "pod-count-exporter.env" -}}
{{- $env := list }}
{{- if and (include "pod-count-exporter.ownAccount" .) (not .Values.rbac.useClusterRole) (not .Values.config.collector.namespace) }}
{{- $env = append $env (dict "name" "POD_COUNT_EXPORTER_COLLECTOR_NAMESPACE" "valueFrom" (dict "fieldRef" (dict "fieldPath" "metadata.namespace"))) }}
{{- end }}
{{- if .Values.webConfig.existingSecrets }}
{{- $env = append $env (dict "name" "POD_COUNT_EXPORTER_WEB_CONFIG_FILE" "value" "/etc/pod-count-exporter/web/web.yml") }}
{{- end }}
{{- if .Values.autosharding.enabled }}
{{- $env = append $env (dict "name" "POD_COUNT_EXPORTER_SHARD" "value" (printf "auto/%d" (int .Values.replicas))) }}
{{- $env = append $env (dict "name" "POD_NAME" "valueFrom" (dict "fieldRef" (dict "fieldPath" "metadata.name"))) }}
{{- end }}
{{- with ((.Values.resources).limits).memory }}
{{- $env = append $env (dict "name" "GOMEMLIMIT" "value" (include "pod-count-exporter.goMemoryLimit" .)) }}
{{- end }}
{{- $own := list }}
{{- range .Values.env }}
{{- $own = append $own .name }}
{{- end }}
{{- range $env }}
{{- if not (has .name $own) }}
- {{ toYaml . | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- range .Values.env }}
- {{ toYaml . | nindent 2 | trim }}
{{- end }}
{{- end }}
