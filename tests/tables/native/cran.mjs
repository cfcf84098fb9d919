// Runs cran.R in the R of webR (WebAssembly); called by ../make.
import { readFileSync } from "node:fs";
import { WebR } from "webr";

const webR = new WebR({ interactive: false });
await webR.init();
const lines = readFileSync(0, "utf-8").split("\n").slice(0, -1);
const shelter = await new webR.Shelter();
await webR.objs.globalEnv.bind("lines", lines);
await shelter.evalR(readFileSync(new URL("cran.R", import.meta.url), "utf-8"));
const answers = await (await shelter.evalR("enc2utf8(answers)")).toArray();
process.stdout.write(answers.map((line) => `${line}\n`).join(""), () => process.exit(0));
