// Orders pairs of versions with `compareBuild` of npm's `semver` package for julia.py; called by ../make. `!` is what it refuses or reads otherwise.
const compare = require("semver/functions/compare-build");
const { version } = require("semver/package.json");
const escapes = { "\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r" };
const plain = (text) => text.replace(/\\[\\tnr]/g, (escape) => escapes[escape]);
// White space, and numbers that only one of the two holds exactly or takes for words.
const other = /\s|\d{16}|[.+-]0\d+(?![0-9A-Za-z-])/;
const order = (left, right) => {
  if (other.test(left) || other.test(right)) return "!";
  try {
    return ["<", "=", ">"][compare(left, right) + 1];
  } catch (_) {
    return "!";
  }
};
const out = [`# npm semver ${version} (compareBuild), node ${process.versions.node}`];
for (const line of require("fs").readFileSync(0, "utf8").split("\n").slice(0, -1)) {
  const [left, right] = line.split("\t");
  out.push(`${left}\t${order(plain(left), plain(right))}\t${right}`);
}
process.stdout.write(out.join("\n") + "\n");
