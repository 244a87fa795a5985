package policies.lib.text

# The first n items, joined, and how many more there are.
shorten(items, n) := concat(", ", items) if count(items) <= n

shorten(items, n) := sprintf("%s and %d more", [concat(", ", array.slice(items, 0, n)), count(items) - n]) if count(items) > n
