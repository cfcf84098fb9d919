// What `check` asks of each page. Every complaint is a line; one of them and the program ends with 1.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const pictures = process.env.PICTURES;
if (pictures) fs.mkdirSync(pictures, { recursive: true });
const browser = await puppeteer.launch({
  executablePath: process.env.BROWSER,
  args: ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"],
});
let complaints = 0;
const complain = (name, what) => {
  complaints += 1;
  console.log(`${name}: ${what}`);
};

async function open(file, { width = 1280, scheme = "light", script = true, fragment = "" } = {}) {
  const page = await browser.newPage();
  page.asked = [];
  page.on("request", (request) => page.asked.push(request.url()));
  page.on("console", (message) => page.asked.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => page.asked.push(`error: ${error.message}`));
  await page.setJavaScriptEnabled(script);
  await page.setViewport({ width, height: 900 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.goto(pathToFileURL(file).href + fragment, { waitUntil: "load" });
  return page;
}

/** Rules that a reader with a screen reader, or with weak eyes, depends on. */
async function accessible(name, file, width, scheme) {
  const page = await open(file, { width, scheme });
  // Closed entries are read too.
  const opened = await page.$$eval("details", (all) => {
    for (const one of all.slice(0, 40)) one.open = true;
    return all.length;
  });
  await page.evaluate(axe);
  const { violations } = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })");
  for (const { id, impact, help, nodes } of violations) {
    const line = `${id} (${impact}): ${help}, ${nodes.length} times, first ${nodes[0].html.slice(0, 160)}`;
    if (impact === "serious" || impact === "critical") complain(`${name} ${width} ${scheme}`, line);
    else console.log(`  ${name} ${width} ${scheme}: ${line}`);
  }
  const wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth");
  if (wide) complain(`${name} ${width}`, "the page scrolls sideways");
  for (const asked of page.asked.filter((asked) => !asked.startsWith("file:"))) complain(name, asked);
  if (pictures) {
    await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = false; })");
    await page.screenshot({ path: path.join(pictures, `${name}-${width}-${scheme}.png`) });
    const entry = await page.$(".list details summary");
    if (entry) {
      await entry.click();
      await entry.evaluate((one) => one.scrollIntoView());
      await page.screenshot({ path: path.join(pictures, `${name}-${width}-${scheme}-entry.png`) });
    }
  }
  await page.close();
  return opened;
}

/** Tab reaches everything in the order of the page and shows where it is; keys do what they promise. */
async function keyboard(name, file) {
  const page = await open(file);
  const focused = () =>
    page.evaluate(() => {
      const one = document.activeElement;
      const before = window.before;
      window.before = one;
      const box = one.getBoundingClientRect();
      const style = getComputedStyle(one);
      return {
        what: `${one.tagName.toLowerCase()}.${one.className || one.name || one.id} ${one.textContent.trim().slice(0, 40)}`,
        after: !before || Boolean(before.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING),
        seen: box.bottom > 0 && box.top < innerHeight && box.right > 0,
        marked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
        search: one.name === "q",
        skip: one.className === "skip",
        body: one === document.body,
      };
    });
  await page.keyboard.press("Tab");
  const first = await focused();
  if (!first.skip || !first.seen) complain(name, `Tab goes first to ${first.what}`);
  for (let number = 0; number < 60; number += 1) {
    await page.keyboard.press("Tab");
    const now = await focused();
    if (now.body) break;
    if (!now.seen) complain(name, `out of sight with the focus: ${now.what}`);
    if (!now.marked) complain(name, `nothing marks the focus: ${now.what}`);
    if (!now.after) complain(name, `Tab goes back to ${now.what}`);
  }
  if (!(await page.$("form.filter"))) {
    await page.close();
    return;
  }
  await page.evaluate("document.activeElement.blur(); scrollTo(0, 0)");
  await page.keyboard.press("/");
  if (!(await focused()).search) complain(name, "/ does not go to the search");
  const shown = () => page.$$eval("#list > li", (all) => all.filter((one) => !one.hidden).length);
  const all = await shown();
  await page.keyboard.type("nothing-of-the-kind");
  await new Promise((done) => setTimeout(done, 500));
  if ((await shown()) !== 0) complain(name, "the search finds what is not there");
  await page.keyboard.press("Escape");
  if ((await shown()) !== all) complain(name, "Escape does not empty the search");
  await page.keyboard.press("Escape");
  if ((await focused()).search) complain(name, "Escape does not leave the search");
  const summary = await page.$("#list > li summary");
  await summary.focus();
  await page.keyboard.press("Enter");
  if (!(await page.$("#list > li details[open]"))) complain(name, "Enter does not open an entry");
  await page.close();
}

/** Without the script everything is there, and nothing that does not work. */
async function plain(name, file) {
  const page = await open(file, { script: false });
  const form = await page.$("form.filter");
  if (form && (await form.isVisible())) complain(name, "the filter is there without its script");
  const summary = await page.$("#list > li summary");
  if (summary) {
    // What comes into sight is laid out first, and a click goes where the entry was.
    await summary.scrollIntoView();
    await new Promise((done) => setTimeout(done, 300));
    await summary.click();
    if (!(await page.$("#list > li details[open]"))) complain(name, "an entry does not open without the script");
  }
  await page.close();
}

/** Entries are open on paper. */
async function paper(name, file) {
  const page = await open(file, { scheme: "dark" });
  const bytes = await page.pdf({ format: "a4", preferCSSPageSize: true, printBackground: true });
  if (bytes.length < 10_000) complain(name, `${bytes.length} bytes on paper`);
  if (pictures) fs.writeFileSync(path.join(pictures, `${name}.pdf`), bytes);
  // As wide as A4 between its margins of 12 mm.
  await page.setViewport({ width: 703, height: 900 });
  await page.emulateMediaType("print");
  const sheet = await page.evaluate(() => {
    const heads = Array.from(document.querySelectorAll(".grid thead th[data-ref]"));
    const boxes = heads.filter((head) => head.checkVisibility()).map((head) => head.getBoundingClientRect());
    return {
      isWide: document.documentElement.scrollWidth > innerWidth,
      heads: heads.length,
      shown: boxes.filter((box) => box.width >= 6 && box.right <= innerWidth).length,
      note: Boolean(document.querySelector(".on-paper")?.checkVisibility()),
    };
  });
  if (sheet.isWide) complain(name, "the page is wider than the paper");
  if (sheet.shown !== (sheet.note ? 0 : sheet.heads)) complain(name, `${sheet.shown} of ${sheet.heads} columns are on the paper`);
  await page.close();
}

for (const file of process.argv.slice(2)) {
  const name = path.basename(file, ".html");
  for (const width of [1280, 400]) {
    for (const scheme of ["light", "dark"]) await accessible(name, file, width, scheme);
  }
  await keyboard(name, file);
  await plain(name, file);
  await paper(name, file);
  console.log(`${name}: looked at`);
}
await browser.close();
process.exit(complaints > 0 ? 1 : 0);
