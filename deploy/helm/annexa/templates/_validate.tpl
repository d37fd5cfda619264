{{/* What a schema can't say, or says without the reason. */}}
{{- define "annexa.validate" -}}
{{- with .Values -}}
{{- if gt (int .replicas) 1 -}}
{{- fail (printf "replicas: %d is refused: the evidence is on a volume and has one writer; expected 1, or 0 while the volume is worked on" (int .replicas)) -}}
{{- end -}}
{{- if not .image.repository -}}
{{- fail "image.repository: required: where you keep the image that you built (docs/image.md)" -}}
{{- end -}}
{{- if and .agent.organisation (not .agent.domain) -}}
{{- fail "agent.domain: required: a bare hostname of yours, such as acme.example; part of the log's origin" -}}
{{- end -}}
{{- if and .agent.domain (not .agent.organisation) -}}
{{- fail "agent.organisation: required: the organisation's name, shown in reports" -}}
{{- end -}}
{{- if not (or .agent.organisation .config.existingConfigMaps) -}}
{{- fail "agent.organisation: required: the organisation's name, shown in reports; or name a ConfigMap that holds the Agent manifest in config.existingConfigMaps" -}}
{{- end -}}
{{- $access := .agent.access | default dict -}}
{{- if and .agent.organisation (not (or $access.tokens $access.oidc (kindIs "map" $access.kubernetes))) -}}
{{- fail "agent.access: required: the service can be reached from other pods; expected tokens, kubernetes or oidc" -}}
{{- end -}}
{{- if and .keys.previousSecret (not (or .keys.existingSecret .agent.keys)) -}}
{{- fail "keys.existingSecret: required beside keys.previousSecret: the keys that take over" -}}
{{- end -}}
{{- if ne (empty .config.approval.by) (empty .config.approval.at) -}}
{{- fail "config.approval: expected both by and at, or neither" -}}
{{- end -}}
{{- range .secrets.files -}}
{{- if has .directory (list "keys" "previous-keys" "tls") -}}
{{- fail (printf "secrets.files: the directory %s is the chart's own: expected another name" .directory) -}}
{{- end -}}
{{- end -}}
{{- range $name, $_ := .config.manifests -}}
{{- if not (regexMatch "^[-_a-zA-Z0-9][-._a-zA-Z0-9]*\\.ya?ml$" $name) -}}
{{- fail (printf "config.manifests.%s: expected the name of a file, such as collectors.yaml" $name) -}}
{{- end -}}
{{- if has $name (list "agent.yaml" "collector-kubernetes.yaml") -}}
{{- fail (printf "config.manifests.%s: the chart writes a file of that name" $name) -}}
{{- end -}}
{{- end -}}
{{- with .sources.kubernetes -}}
{{- if and .enabled .manifest (not .cluster) -}}
{{- fail "sources.kubernetes.cluster: required: what the organisation calls this cluster, such as prod; or set sources.kubernetes.enabled to false" -}}
{{- end -}}
{{- if and .enabled .manifest (has "backup-cronjobs" .datasets) (not .settings.backups) -}}
{{- fail "sources.kubernetes.settings.backups: required by the dataset backup-cronjobs: a cronJobSelector" -}}
{{- end -}}
{{- end -}}
{{- with .ingress -}}
{{- if and .enabled (not .host) -}}
{{- fail "ingress.host: required when the ingress is enabled" -}}
{{- end -}}
{{- if and .enabled (not .tlsSecret) -}}
{{- fail "ingress.tlsSecret: required when the ingress is enabled: tokens don't travel in the clear" -}}
{{- end -}}
{{- end -}}
{{- if and (not .rbac.roles) .monitoring.prometheus.serviceAccount -}}
{{- fail "rbac.roles: expected true beside monitoring.prometheus.serviceAccount, which gets one of them" -}}
{{- end -}}
{{- end -}}
{{- end -}}
