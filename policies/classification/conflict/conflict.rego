# METADATA
# title: Virtual network whose classification contradicts itself
# description: >-
#   A connected virtual network whose tag, name, subscription and management group disagree on its role or its
#   environment.
# related_resources:
# - https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/resource-tagging
# custom:
#   id: classification-conflict
#   severity: medium
#   subject: vnet
#   controls:
#   - {framework: nist-800-53-r5, control: CM-8, relation: supports}
#   - {framework: mcsb-v1, control: AM-1, relation: supports}
#   - {framework: pci-dss-4.0, control: 12.5.1, relation: supports}
#   - {framework: iso-27001-2022, control: A.5.9, relation: supports}
#   remediation: >-
#     Find out which is right, correct the tag (or what the name says), or decide it in vnetlint.toml under
#     classify.role and classify.environment, which win over everything else.
#   select: {connected: true, classified: false}
package policies.classification.conflict

deny contains {
	"message": sprintf(
		"The %s of %s cannot be told, because its signs disagree (%s): rules that depend on it stay undetermined.",
		[concat(" and the ", _disputed), input.name, concat("; ", _reasons)],
	),
	"path": "/tags",
} if {
	input.connected
	count(_disputed) > 0
}

_disputed contains "role" if input.role_status == "conflict"

_disputed contains "environment" if input.environment_status == "conflict"

_reasons contains input.role.reason if input.role_status == "conflict"

_reasons contains input.environment.reason if input.environment_status == "conflict"
