package v1alpha1

import (
	"slices"
	"strings"
)

// nearest is the remedy for an unknown word: the known one that was meant, or else all of them.
func nearest(word string, known []string) string {
	if best := meant(word, known); best != "" {
		return "did you mean " + best + "?"
	}
	if len(known) == 0 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(known))
	return "known: " + strings.Join(sorted, ", ")
}

// meant gives the known word that is a slip of the fingers away from the word, "" if none is.
func meant(word string, known []string) string {
	best, distance := "", 1+len(word)/3
	for _, k := range known {
		if n := editDistance(strings.ToLower(word), strings.ToLower(k)); n <= distance {
			best, distance = k, n-1
		}
	}
	return best
}

// editDistance counts the insertions, deletions and replacements from a to b (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
