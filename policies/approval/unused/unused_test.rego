package policies.approval.unused_test

import data.policies.approval.unused

_approval(in_force, violations, undetermined) := {
	"id": "NET-1",
	"rule": "peering-cross-region",
	"local": "vnet-a",
	"remote": "vnet-b",
	"in_force": in_force,
	"covered_violations": violations,
	"covered_undetermined": undetermined,
	"incomplete": false,
}

_passes(approval) if count(unused.deny | unused.undetermined) == 0 with input as approval

test_an_approval_that_covers_nothing_is_reported if {
	some finding in unused.deny with input as _approval(true, 0, 0)
	startswith(finding.message, "Approval NET-1 covers nothing: ")
	contains(finding.message, "no result of peering-cross-region is about vnet-a and vnet-b")
	count(unused.undetermined) == 0 with input as _approval(true, 0, 0)
}

test_an_approval_without_remote_is_named_by_its_local if {
	some finding in unused.deny with input as object.union(_approval(true, 0, 0), {"remote": null})
	contains(finding.message, "no result of peering-cross-region is about vnet-a.")
}

test_an_approval_that_covers_a_violation_passes if _passes(_approval(true, 1, 0))

test_an_approval_that_covers_an_undetermined_result_passes if _passes(_approval(true, 0, 1))

test_an_expired_approval_is_another_rule if _passes(_approval(false, 0, 0))

test_an_approval_of_a_part_that_was_not_read_is_undetermined if {
	unread := object.union(_approval(true, 0, 0), {"incomplete": true})
	count(unused.deny) == 0 with input as unread
	some finding in unused.undetermined with input as unread
	contains(finding.message, "a part of the estate that could hold vnet-a and vnet-b was not read")
}

test_an_approval_that_covers_something_passes_although_a_part_was_not_read if {
	_passes(object.union(_approval(true, 1, 0), {"incomplete": true}))
}
