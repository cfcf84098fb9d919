// Orders pairs of versions with `compareBuild` of npm's `semver` package, for which build metadata is part of the order; called by ../make.
const compare = require("semver/functions/compare-build");
const { version } = require("semver/package.json");
const escapes = { "\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r" };
const plain = (text) => text.replace(/\\[\\tnr]/g, (escape) => escapes[escape]);
// Dart takes these for numbers.
const other = /[.+-](-\d+|-?0x[0-9a-f]+|0\d+)(?![0-9A-Za-z-])/i;
const out = [`# npm semver ${version} (compareBuild), node ${process.versions.node}`];
for (const line of require("fs").readFileSync(0, "utf8").split("\n").slice(0, -1)) {
  const [left, right] = line.split("\t");
  // What npm reads and Dart does not.
  if (other.test(left) || other.test(right) || /^[\sv]|\s$/.test(plain(left)) || /^[\sv]|\s$/.test(plain(right))) continue;
  try {
    out.push(`${left}\t${["<", "=", ">"][compare(plain(left), plain(right)) + 1]}\t${right}`);
  } catch (_) {
    // npm refuses leading zeros, which Dart reads.
  }
}
process.stdout.write(out.join("\n") + "\n");
