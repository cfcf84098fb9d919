// Whether versions are in ranges, as npm's Arborist decides it of locked packages; called by ../make with npm's folder.
const path = require("path");
const npm = process.argv[2];
const arborist = path.join(npm, "node_modules/@npmcli/arborist");
const depValid = require(path.join(arborist, "lib/dep-valid.js"));
const semver = require(path.join(npm, "node_modules/semver"));
const npa = require(path.join(npm, "node_modules/npm-package-arg"));
const escapes = { "\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r" };
const plain = (text) => text.replace(/\\[\\tnr]/g, (escape) => escapes[escape]);
const answer = (range, version) => {
  const requestor = { errors: [], edgesOut: new Map(), realpath: "/work", resolved: null };
  let type;
  try {
    type = npa.resolve("it", range || "*", "/work").type;
  } catch (_) {
    return "!";
  }
  if (type === "tag") return "t";
  if (type !== "range" && type !== "version") return "!";
  if (!semver.valid(version, true) && range && range.trim() !== "*") return "!";
  return depValid({ name: "it", version }, range, null, requestor) ? "1" : "0";
};
const version = (name) => require(path.join(npm, name)).version;
const out = [`# npm ${version("package.json")}, semver ${version("node_modules/semver/package.json")}`];
for (const line of require("fs").readFileSync(0, "utf8").split("\n").slice(0, -1)) {
  const [range, version] = line.split("\t");
  out.push(`${range}\t${version}\t${answer(plain(range), plain(version))}`);
}
process.stdout.write(out.join("\n") + "\n");
