// Orders pairs of tags with npm's `semver` package, numbers that are left out filled in; called by ../make.
const compare = require("semver/functions/compare");
const { version } = require("semver/package.json");
const escapes = { "\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r" };
const plain = (text) => text.replace(/\\[\\tnr]/g, (escape) => escapes[escape]);
// Spaces around a version and a second `v` are npm's own leniency.
const filled = (text) => {
  const [, numbers, rest] = /^[vV]?([0-9.]*)(.*)$/su.exec(text);
  if (/\s|^v|^=/iu.test(numbers + rest)) throw new TypeError(text);
  const parts = numbers.split(".");
  while (parts.length < 3) parts.push("0");
  return parts.join(".") + rest;
};
const order = (left, right) => {
  try {
    return ["<", "=", ">"][compare(filled(left), filled(right)) + 1];
  } catch (_) {
    return "!";
  }
};
const out = [`# npm semver ${version}`];
for (const line of require("fs").readFileSync(0, "utf8").split("\n").slice(0, -1)) {
  const [left, right] = line.split("\t");
  out.push(`${left}\t${order(plain(left), plain(right))}\t${right}`);
}
process.stdout.write(out.join("\n") + "\n");
