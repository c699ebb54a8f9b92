package system.log

# METADATA
# title: Decision log drop
# description: Which events leave a stub only (OPA, "Drop Decision Logs"). Health probes; never a decision of the platform.
# scope: document
# schemas:
#   - input: schema.system.log
default drop := false

drop if startswith(input.path, "system/health/")
