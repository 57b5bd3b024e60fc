{{/* The pod's template, of the Deployment and of the StatefulSet. */}}
{{- define "pod-count-exporter.pod" -}}
metadata:
  {{- /* The ConfigMap's name stays, so that a change of it rolls out by the checksum. */}}
  {{- $annotations := dict "checksum/config" (include "pod-count-exporter.variables" . | sha256sum) }}
  {{- if or (gt (int .Values.replicas) 1) .Values.autosharding.enabled }}
  {{- /* The monitors give each replica's series its pod's name. */}}
  {{- $_ := set $annotations "pod-count-exporter/instance" "pod" }}
  {{- end }}
  annotations:
    {{- mergeOverwrite (dict) (default (dict) .Values.podAnnotations) $annotations | toYaml | nindent 4 }}
  labels:
    {{- mergeOverwrite (dict) (default (dict) .Values.podLabels) (include "pod-count-exporter.podLabels" . | fromYaml) | toYaml | nindent 4 }}
spec:
  serviceAccountName: {{ include "pod-count-exporter.serviceAccountName" . | quote }}
  automountServiceAccountToken: {{ include "pod-count-exporter.ownAccount" . | eq "true" }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ int64 .Values.terminationGracePeriodSeconds }}
  {{- with include "pod-count-exporter.imagePullSecrets" . | trim }}
  imagePullSecrets:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- with .Values.dnsPolicy }}
  dnsPolicy: {{ . }}
  {{- end }}
  {{- with .Values.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.hostAliases }}
  hostAliases:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .Values.affinity }}
  affinity:
    {{- toYaml .Values.affinity | nindent 4 }}
  {{- else if and (gt (int .Values.replicas) 1) (not .Values.autosharding.enabled) }}
  affinity:
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 100
          podAffinityTerm:
            topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels:
                {{- include "pod-count-exporter.selectorLabels" . | nindent 16 }}
  {{- end }}
  {{- with .Values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: exporter
      {{- include "pod-count-exporter.container" . | nindent 6 }}
    {{- with .Values.containers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with include "pod-count-exporter.volumes" . | trim }}
  volumes:
    {{- . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "pod-count-exporter.container" -}}
image: {{ include "pod-count-exporter.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.extraArgs }}
args:
  {{- toYaml . | nindent 2 }}
{{- end }}
envFrom:
  - configMapRef:
      name: {{ include "pod-count-exporter.fullname" . | quote }}
{{- with include "pod-count-exporter.env" . | trim }}
env:
  {{- . | nindent 2 }}
{{- end }}
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - name: http
    containerPort: 10120
    protocol: TCP
livenessProbe:
  {{- include "pod-count-exporter.probe" (list . "/-/healthy") | nindent 2 }}
  {{- with .Values.livenessProbe }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
readinessProbe:
  {{- include "pod-count-exporter.probe" (list . "/-/ready") | nindent 2 }}
  {{- with .Values.readinessProbe }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.containerSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "pod-count-exporter.volumeMounts" . | trim }}
volumeMounts:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What a probe asks. The kubelet has no password and no certificate. */}}
{{- define "pod-count-exporter.probe" -}}
{{- $root := index . 0 }}
{{- if $root.Values.webConfig.existingSecrets -}}
tcpSocket:
  port: http
{{- else -}}
httpGet:
  path: {{ index . 1 }}
  port: http
{{- end }}
{{- end }}

{{- define "pod-count-exporter.volumes" -}}
{{- with .Values.kubeconfig.existingSecret }}
- name: kubeconfigs
  secret:
    secretName: {{ . | quote }}
    defaultMode: 0440
{{- end }}
{{- with .Values.webConfig.existingSecrets }}
- name: web
  projected:
    defaultMode: 0440
    sources:
      {{- range . }}
      - secret:
          name: {{ . | quote }}
      {{- end }}
{{- end }}
{{- with .Values.volumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "pod-count-exporter.volumeMounts" -}}
{{- if .Values.kubeconfig.existingSecret }}
- name: kubeconfigs
  mountPath: /etc/pod-count-exporter/kubeconfigs
  readOnly: true
{{- end }}
{{- if .Values.webConfig.existingSecrets }}
- name: web
  mountPath: /etc/pod-count-exporter/web
  readOnly: true
{{- end }}
{{- with .Values.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}
