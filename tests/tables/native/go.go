// Orders pairs of versions with golang.org/x/mod/semver, or versions of Go itself with go/version; called by
// ../make with the table's name.
package main

import (
	"bufio"
	"fmt"
	"go/version"
	"os"
	"runtime"
	"strings"

	"golang.org/x/mod/semver"
)

var plain = strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\r`, "\r")

// A `v` in front is optional in lockkeeper.
func module(text string) string {
	if strings.HasPrefix(text, "v") {
		return text
	}
	return "v" + text
}

func order(valid func(string) bool, compare func(string, string) int, left, right string) string {
	if !valid(left) || !valid(right) {
		return "!"
	}
	return []string{"<", "=", ">"}[compare(left, right)+1]
}

func main() {
	in, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	tool := "golang.org/x/mod/semver v0.42.0"
	if os.Args[1] == "toolchain" {
		tool = "go/version"
	}
	fmt.Fprintf(out, "# %s, %s\n", tool, runtime.Version())
	for in.Scan() {
		left, right, _ := strings.Cut(in.Text(), "\t")
		a, b := plain.Replace(left), plain.Replace(right)
		var answer string
		if os.Args[1] == "toolchain" {
			answer = order(version.IsValid, version.Compare, a, b)
		} else {
			answer = order(semver.IsValid, semver.Compare, module(a), module(b))
		}
		fmt.Fprintf(out, "%s\t%s\t%s\n", left, answer, right)
	}
}
