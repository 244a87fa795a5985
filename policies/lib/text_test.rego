package policies.lib.text_test

import data.policies.lib.text

test_a_short_list_is_given_whole if {
	text.shorten(["a", "b"], 3) == "a, b"
}

test_a_list_of_just_n_items_is_given_whole if {
	text.shorten(["a", "b", "c"], 3) == "a, b, c"
}

test_a_long_list_is_cut_and_counted if {
	text.shorten(["a", "b", "c", "d", "e"], 3) == "a, b, c and 2 more"
}

test_an_empty_list_is_nothing if {
	text.shorten([], 3) == ""
}
