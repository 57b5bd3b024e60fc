{{/*
The name of the objects. A release's name may have dots, a Service's may not. Names have 50 characters at most, so that the longest suffix
and the hash and ordinal that Kubernetes adds to pods have room. What is cut off may be all in which two names differ: a hash stands for it.
*/}}
{{- define "pod-count-exporter.fullname" -}}
{{- $chart := default .Chart.Name .Values.nameOverride }}
{{- $name := .Release.Name | replace "." "-" }}
{{- if .Values.fullnameOverride }}
{{- $name = .Values.fullnameOverride }}
{{- else if not (contains $chart .Release.Name) }}
{{- $name = printf "%s-%s" $name $chart }}
{{- end }}
{{- if gt (len $name) 50 }}
{{- $name = printf "%s-%s" ($name | trunc 41) ($name | sha256sum | trunc 8) }}
{{- end }}
{{- $name }}
{{- end }}

{{/*
The name of the objects in a namespace, or in none. Outside of the release's own, a release
of the same name may have its objects too, if the namespace is not in the name already.
*/}}
{{- define "pod-count-exporter.nameIn" -}}
{{- $own := include "pod-count-exporter.namespace" (index . 0) }}
{{- $name := include "pod-count-exporter.fullname" (index . 0) }}
{{- if has $own (list $name (index . 1)) }}
{{- $name }}
{{- else }}
{{- printf "%s.%s" $name $own }}
{{- end }}
{{- end }}

{{- define "pod-count-exporter.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{/*
The instance is the objects' name, not the release's: one release may hold the
chart twice, and a PodMonitor's series are named after it as a ServiceMonitor's
are after the Service. The name does not follow nameOverride: it becomes the job.
*/}}
{{- define "pod-count-exporter.selectorLabels" -}}
app.kubernetes.io/name: pod-count-exporter
app.kubernetes.io/instance: {{ include "pod-count-exporter.fullname" . | quote }}
{{- end }}

{{- define "pod-count-exporter.podLabels" -}}
{{- $labels := dict
  "app.kubernetes.io/component" "exporter"
  "app.kubernetes.io/part-of" "monitoring"
  "app.kubernetes.io/managed-by" .Release.Service
  "app.kubernetes.io/version" (.Chart.AppVersion | replace "+" "_") }}
{{- $selector := include "pod-count-exporter.selectorLabels" . | fromYaml }}
{{- mergeOverwrite (dict) (default (dict) .Values.customLabels) $labels $selector | toYaml }}
{{- end }}

{{/* The labels of every object. The pods' are without the chart's version, or each version of it would restart them. */}}
{{- define "pod-count-exporter.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "pod-count-exporter.podLabels" . }}
{{- end }}

{{- define "pod-count-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "pod-count-exporter.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "pod-count-exporter.image" -}}
{{- $registry := default .Values.image.registry .Values.global.imageRegistry }}
{{- with $registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end }}
{{- end }}

{{/* Secrets for pulling, which charts name in two ways. */}}
{{- define "pod-count-exporter.imagePullSecrets" -}}
{{- range concat .Values.global.imagePullSecrets .Values.imagePullSecrets }}
- name: {{ ternary (print .) (get (ternary . (dict) (kindIs "map" .)) "name") (kindIs "string" .) | quote }}
{{- end }}
{{- end }}

{{/* Whether the exporter counts the cluster that it runs in, with its own account. */}}
{{- define "pod-count-exporter.ownAccount" -}}
{{- if not .Values.kubeconfig.existingSecret }}true{{ end }}
{{- end }}

{{/* What the account may do with pods and nodes, as a list in JSON. */}}
{{- define "pod-count-exporter.verbs" -}}
{{- ternary (list "list" "watch") (list "list") (eq .Values.mode "watch") | toJson }}
{{- end }}

{{/* The mixin's groups of alerts, as a list in JSON. */}}
{{- define "pod-count-exporter.alertGroups" -}}
{{- $groups := (.Files.Get "files/alerts.yaml" | fromYaml).groups }}
{{- if eq .Values.mode "watch" }}
{{- $groups = concat $groups (.Files.Get "files/watch_alerts.yaml" | fromYaml).groups }}
{{- end }}
{{- $groups | toJson }}
{{- end }}

{{/* The namespaces of the Roles, as a list in JSON. */}}
{{- define "pod-count-exporter.roleNamespaces" -}}
{{- default (list (include "pod-count-exporter.namespace" .)) .Values.config.collector.namespace | toJson }}
{{- end }}

{{- define "pod-count-exporter.scheme" -}}
{{- default (ternary "https" "http" (not (empty .Values.webConfig.existingSecrets))) .Values.prometheus.monitor.http.scheme }}
{{- end }}

{{/* A value, as JSON, in which each text was a template. */}}
{{- define "pod-count-exporter.filled" -}}
{{- $root := index . 0 }}
{{- $value := index . 1 }}
{{- $parts := list }}
{{- if kindIs "map" $value }}
{{- range $key, $item := $value }}
{{- $parts = append $parts (printf "%s: %s" (tpl $key $root | toJson) (include "pod-count-exporter.filled" (list $root $item))) }}
{{- end }}
{{- printf "{%s}" (join ", " $parts) }}
{{- else if kindIs "slice" $value }}
{{- range $value }}
{{- $parts = append $parts (include "pod-count-exporter.filled" (list $root .)) }}
{{- end }}
{{- printf "[%s]" (join ", " $parts) }}
{{- else if kindIs "string" $value }}
{{- tpl $value $root | toJson }}
{{- else }}
{{- toJson $value }}
{{- end }}
{{- end }}
