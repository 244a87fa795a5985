package policies.approval.expired_test

import data.policies.approval.expired

_approval(in_force, violations, undetermined) := {
	"id": "NET-1",
	"rule": "peering-cross-region",
	"expires": "2026-06-29",
	"as_of": "2026-06-30",
	"in_force": in_force,
	"covered_violations": violations,
	"covered_undetermined": undetermined,
	"incomplete": true,
}

_says(approval, text) if {
	some finding in expired.deny with input as approval
	contains(finding.message, text)
	count(expired.deny) == 1 with input as approval
}

test_an_expired_approval_says_since_when_and_what_comes_back if {
	_says(_approval(false, 2, 0), concat(" ", [
		"Approval NET-1 for peering-cross-region has expired: its last day was 2026-06-29, and the scan judges by",
		"2026-06-30. It no longer covers 2 violations.",
	]))
}

test_one_result_is_counted_in_the_singular if {
	_says(_approval(false, 1, 1), "It no longer covers 1 undetermined result and 1 violation.")
}

test_an_expired_approval_that_covered_undetermined_results_is_reported if {
	_says(_approval(false, 0, 3), "It no longer covers 3 undetermined results.")
}

test_an_expired_approval_that_covers_nothing_can_be_deleted if {
	_says(_approval(false, 0, 0), "Nothing that was read needs it any more, so it can be deleted.")
}

test_an_approval_in_force_passes if {
	count(expired.deny) == 0 with input as _approval(true, 2, 0)
}

test_an_approval_in_force_that_covers_nothing_is_not_expired if {
	count(expired.deny) == 0 with input as _approval(true, 0, 0)
}
