// Orders pairs of tags with golang.org/x/mod/semver, for which numbers that are left out are zero; called by ../make.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/semver"
)

var plain = strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\r`, "\r")

// Tags may have a `v` in front, of either case. What follows numbers that are left out is the same as behind all three.
func filled(text string) string {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "v"), "V")
	end := strings.IndexAny(text, "-+")
	if end < 0 {
		end = len(text)
	}
	dots := strings.Count(text[:end], ".")
	return "v" + text[:end] + strings.Repeat(".0", max(0, 2-dots)) + text[end:]
}

func main() {
	in, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	fmt.Fprintln(out, "# golang.org/x/mod/semver v0.42.0")
	for in.Scan() {
		left, right, _ := strings.Cut(in.Text(), "\t")
		a, b := filled(plain.Replace(left)), filled(plain.Replace(right))
		answer := "!"
		if semver.IsValid(a) && semver.IsValid(b) {
			answer = []string{"<", "=", ">"}[semver.Compare(a, b)+1]
		}
		fmt.Fprintf(out, "%s\t%s\t%s\n", left, answer, right)
	}
}
