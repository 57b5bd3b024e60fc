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
{{- $least := (.Values.podDisruptionBudget).minAvailable }}
{{- if and (not (kindIs "string" $least)) (ge (int $least) 1) (ge (int $least) (int .Values.replicas)) }}
{{- fail (printf "podDisruptionBudget.minAvailable: %d of %d replicas would hold up every drain" (int $least) (int .Values.replicas)) }}
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
