//go:build tools

// The API server of Kubernetes, built from its own module: its staging modules are required by their published versions.
package tools

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
