// Pins the modules whose CRDs the tests let a real API server judge by. No Go is compiled:
// dev/throwaway/optional_crds.py reads the YAML in the modules' archives.
module authly.dev/dev/optional-crds

go 1.26

require (
	github.com/cloudnative-pg/cloudnative-pg v1.27.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	sigs.k8s.io/gateway-api v1.6.3
)
