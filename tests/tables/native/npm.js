// Orders pairs of versions with npm's `semver` package; called by ../make.
const compare = require("semver/functions/compare");
const { version } = require("semver/package.json");
const escapes = { "\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r" };
const plain = (text) => text.replace(/\\[\\tnr]/g, (escape) => escapes[escape]);
const order = (left, right) => {
  try {
    return ["<", "=", ">"][compare(left, right) + 1];
  } catch (_) {
    return "!";
  }
};
const out = [`# npm semver ${version}, node ${process.versions.node}`];
for (const line of require("fs").readFileSync(0, "utf8").split("\n").slice(0, -1)) {
  const [left, right] = line.split("\t");
  out.push(`${left}\t${order(plain(left), plain(right))}\t${right}`);
}
process.stdout.write(out.join("\n") + "\n");
