package main

// Modules that are pinned for the Rego they carry; each is named by a package of it that needs nothing else.
import (
	_ "github.com/aquasecurity/trivy-checks"
	_ "github.com/open-policy-agent/conftest/parser/json"
)
