//go:build tools

// The store behind the API server.
package tools

import _ "go.etcd.io/etcd/server/v3"
