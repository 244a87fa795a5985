# METADATA
# title: Virtual network without role or environment
# description: A connected virtual network for which no role or no environment could be found.
# related_resources:
# - https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/resource-tagging
# custom:
#   id: classification-missing
#   severity: medium
#   subject: vnet
#   controls:
#   - {framework: nist-800-53-r5, control: CM-8, relation: supports}
#   - {framework: mcsb-v1, control: AM-1, relation: supports}
#   - {framework: pci-dss-4.0, control: 12.5.1, relation: supports}
#   - {framework: iso-27001-2022, control: A.5.9, relation: supports}
#   remediation: >-
#     Tag the virtual network with its role (hub, spoke or shared) and its environment, or classify it in
#     vnetlint.toml under classify.role and classify.environment.
#   select: {connected: true, classified: false}
package policies.classification.missing

deny contains {
	"message": sprintf(
		"No %s could be found for %s (%s): rules about the topology cannot judge its links.",
		[concat(" and no ", _missing), input.name, concat("; ", _reasons)],
	),
	"path": "/tags",
} if {
	input.connected
	count(_missing) > 0
}

_missing contains "role" if input.role_status == "missing"

_missing contains "environment" if input.environment_status == "missing"

_reasons contains input.role.reason if input.role_status == "missing"

_reasons contains input.environment.reason if input.environment_status == "missing"
