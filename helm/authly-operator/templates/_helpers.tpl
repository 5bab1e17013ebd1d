{{/* The name of everything: the release's, with the chart's unless that is part of it already. */}}
{{- define "authly-operator.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "authly-operator.selector" -}}
app.kubernetes.io/name: authly-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "authly-operator.labels" -}}
{{ include "authly-operator.selector" . }}
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: authly
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "authly-operator.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "authly-operator.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "authly-operator.lease" -}}
{{- .Values.leaseName | default (include "authly-operator.fullname" .) -}}
{{- end -}}

{{- define "authly-operator.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "authly-operator.serverImage" -}}
{{- .Values.server.image | default (printf "docker.io/authly/server:%s" .Chart.AppVersion) -}}
{{- end -}}

{{/* What the operator does in every namespace that it watches. */}}
{{- define "authly-operator.rules" -}}
- apiGroups: [authly.dev]
  resources: [authlyservers, authlyscopes, authlyclients, authlybackups, authlyrestores]
  verbs: [get, list, watch]
- apiGroups: [authly.dev]  # runs by schedule are recorded, and forgotten with their backup
  resources: [authlybackups]
  verbs: [create, delete]
- apiGroups: [authly.dev]  # finalizers; the server's annotation while a restore is on
  resources: [authlyservers, authlyscopes, authlyclients, authlyrestores]
  verbs: [patch]
- apiGroups: [authly.dev]
  resources: [authlyservers/status, authlyscopes/status, authlyclients/status, authlybackups/status, authlyrestores/status]
  verbs: [patch]
- apiGroups: [authly.dev]  # owner references, where OwnerReferencesPermissionEnforcement is on
  resources: [authlyservers/finalizers, authlyclients/finalizers, authlybackups/finalizers, authlyrestores/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [configmaps, secrets, serviceaccounts, services]
  verbs: &children [get, list, watch, create, patch, delete]
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: *children
- apiGroups: [batch]
  resources: [cronjobs, jobs]
  verbs: *children
- apiGroups: [networking.k8s.io]
  resources: [ingresses, networkpolicies]
  verbs: *children
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: *children
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: *children
- apiGroups: [gateway.networking.k8s.io]  # optional kinds, where the cluster knows them
  resources: [httproutes]
  verbs: *children
- apiGroups: [monitoring.coreos.com]
  resources: [prometheusrules, servicemonitors]
  verbs: *children
- apiGroups: [postgresql.cnpg.io]  # never deleted by the operator: data goes with it
  resources: [clusters]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]  # that of a managed database is expanded
  resources: [persistentvolumeclaims]
  verbs: [get, patch]
- apiGroups: [""]  # why a pod does not run
  resources: [pods]
  verbs: [list]
- apiGroups: [""]  # labels, for spec.allowedClients
  resources: [namespaces]
  verbs: [get]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- if .Values.rolloutTargets.enabled }}
- apiGroups: [apps]  # restarted where an AuthlyClient names them in spec.rotation.rolloutTargets
  resources: [daemonsets, deployments, statefulsets]
  verbs: [get, patch]
{{- end }}
{{- end -}}
