{{- define "annexa.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of every object: short enough for what is added to it. */}}
{{- define "annexa.fullname" -}}
{{- $name := include "annexa.name" . -}}
{{- $default := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $default .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- end -}}

{{- define "annexa.selector" -}}
app.kubernetes.io/name: {{ include "annexa.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "annexa.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "annexa.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: annexa
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "annexa.serviceAccount" -}}
{{- $default := ternary (include "annexa.fullname" .) "default" .Values.serviceAccount.create -}}
{{- default $default .Values.serviceAccount.name -}}
{{- end -}}

{{- define "annexa.claim" -}}
{{- default (include "annexa.fullname" .) .Values.persistence.existingClaim -}}
{{- end -}}

{{- define "annexa.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Callers of the cluster are looked up at the API server. */}}
{{- define "annexa.asksWhoCalls" -}}
{{- if kindIs "map" (dig "access" "kubernetes" nil .Values.agent) }}true{{ end -}}
{{- end -}}

{{/* Without a reason for it the pod gets no token. */}}
{{- define "annexa.needsToken" -}}
{{- if or .Values.sources.kubernetes.enabled (include "annexa.asksWhoCalls" .) }}true{{ end -}}
{{- end -}}

{{- define "annexa.scheme" -}}
{{- ternary "https" "http" (ne .Values.tls.existingSecret "") -}}
{{- end -}}

{{/* Seconds: what the agent takes to stop, and some for the container to end. */}}
{{- define "annexa.grace" -}}
{{- $grace := .Values.agent.shutdownGrace | default "30s" -}}
{{- $unit := get (dict "s" 1 "m" 60 "h" 3600 "d" 86400 "w" 604800) (regexFind "[smhdw]$" $grace) -}}
{{- $computed := add (mul (regexFind "^[0-9]+" $grace | int64) $unit) 15 -}}
{{- .Values.pod.terminationGracePeriodSeconds | default $computed -}}
{{- end -}}

{{/* What a container may: nothing but run. */}}
{{- define "annexa.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
privileged: false
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "annexa.podSecurity" -}}
runAsNonRoot: true
{{- with .Values.security }}
{{- range $field := list "runAsUser" "runAsGroup" "fsGroup" }}
{{- with get $.Values.security $field }}
{{ $field }}: {{ int64 . }}
{{- end }}
{{- end }}
{{- end }}
# Always would make the keys on the volume readable for the group at every start, and the agent refuse them.
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}
