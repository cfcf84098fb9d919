// Runs rubygems.rb in a Ruby that is WebAssembly; called by ../make.
import { readFileSync } from "node:fs";
import { DefaultRubyVM } from "@ruby/wasm-wasi/dist/node";

const ruby = readFileSync("node_modules/@ruby/4.0-wasm-wasi/dist/ruby+stdlib.wasm");
const { vm } = await DefaultRubyVM(await WebAssembly.compile(ruby));
vm.eval(readFileSync("rubygems.rb", "utf8"));
const pairs = readFileSync(0);
const table = vm.eval(`table(["${pairs.toString("hex")}"].pack("H*"))`).toString();
process.stdout.write(table);
