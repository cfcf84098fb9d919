"use strict";
// Everything can be read without this. It filters, and keeps the filter in the address so that it can be shared.
(() => {
  const form = document.querySelector("form.filter");
  if (!form) return;
  const list = document.getElementById(form.dataset.list);
  const count = document.getElementById("count");
  const none = document.getElementById("none");
  const all = count.textContent;
  const rows = Array.from(list.children, (item) => ({
    item,
    twin: document.getElementById("r" + item.dataset.row),
    parts: Array.from(item.querySelectorAll("[data-findings]")),
    text: null,
  }));
  const total = rows.reduce((sum, row) => sum + weight(row.parts), 0);
  // An entry of findings counts them; a row of the grid is one.
  function weight(parts) {
    return parts.length === 0 ? 1 : parts.reduce((sum, part) => sum + Number(part.dataset.findings), 0);
  }
  const fields = Array.from(form.querySelectorAll("input[name], select[name]"));
  const heads = Array.from(document.querySelectorAll(".grid thead th[data-ref]"));
  const words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
  const holds = (text, wanted) => wanted.every((word) => text.includes(word));

  // Columns are hidden by one rule of the page's own style sheet.
  const sheet = document.styleSheets[0];
  let rule = -1;
  function hideColumns(shown) {
    if (rule >= 0) sheet.deleteRule(rule);
    rule = -1;
    const hidden = heads.map((_, index) => index).filter((index) => !shown.has(index));
    if (hidden.length === 0) return;
    const selectors = hidden.map((index) => `.grid tr > :nth-child(${index + 2})`);
    rule = sheet.insertRule(`${selectors.join(",")} { display: none; }`, sheet.cssRules.length);
  }

  function apply() {
    const chosen = Object.fromEntries(fields.map((field) => [field.name, field.value.trim()]));
    const wanted = words(chosen.q || "");
    const refs = words(chosen.ref || "");
    const shown = new Set();
    heads.forEach((head, index) => {
      if (holds(head.dataset.ref.toLowerCase(), refs)) shown.add(index);
    });
    if (heads.length > 0) hideColumns(shown);
    const selects = fields.filter((field) => field.tagName === "SELECT" && field.value !== "");
    let visible = 0;
    for (const row of rows) {
      let ok = true;
      for (const field of selects) {
        if (field.name === "state" && row.item.dataset.cells !== undefined) {
          const letters = field.selectedOptions[0].dataset.letters;
          ok = ok && Array.from(shown).some((index) => letters.includes(row.item.dataset.cells[index]));
        } else if (field.name in row.item.dataset) {
          ok = ok && row.item.dataset[field.name] === field.value;
        }
      }
      // What is not the same for all findings of an entry is said of each part.
      const fits = (part) => selects.every((field) => field.name in row.item.dataset || part.dataset[field.name] === field.value);
      const fitting = row.parts.filter(fits);
      ok = ok && (row.parts.length === 0 || fitting.length > 0);
      if (ok && wanted.length > 0) {
        if (row.text === null) row.text = row.item.textContent.toLowerCase();
        ok = holds(row.text, wanted);
      }
      row.item.hidden = !ok;
      if (row.twin) row.twin.hidden = !ok;
      for (const part of row.parts) part.hidden = !fitting.includes(part);
      if (ok) visible += weight(fitting);
    }
    count.textContent = visible === total ? all : `${visible.toLocaleString("en")} of ${all}`;
    none.hidden = visible > 0 || rows.length === 0;
  }

  function remember() {
    const chosen = new URLSearchParams();
    for (const field of fields) {
      if (field.value.trim() !== "") chosen.set(field.name, field.value.trim());
    }
    const fragment = chosen.toString();
    try {
      history.replaceState(null, "", fragment === "" ? location.pathname + location.search : "#" + fragment);
    } catch {
      // A page that may not change its address filters all the same.
    }
  }

  // `#q=parser&severity=high` is a filter; every other fragment is a place in the page.
  function restore() {
    const fragment = location.hash.slice(1);
    if (fragment !== "" && !fragment.includes("=")) {
      const place = document.getElementById(fragment);
      const opened = place && place.querySelector("details");
      if (opened && place.parentElement === list) {
        opened.open = true;
        place.scrollIntoView();
        opened.querySelector("summary").focus({ preventScroll: true });
      }
      return;
    }
    const chosen = new URLSearchParams(fragment);
    for (const field of fields) {
      const value = chosen.get(field.name) || "";
      field.value = value;
      if (field.tagName === "SELECT" && field.selectedIndex < 0) field.value = "";
    }
    apply();
    // Who follows the link of a filter sees the form that says so, and what it found.
    if (fields.some((field) => field.value !== "")) form.closest("section").scrollIntoView();
  }

  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { apply(); remember(); }, rows.length > 1000 ? 150 : 30);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    setTimeout(() => { apply(); remember(); }, 0);
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "Escape" && typing && typing.form === form) {
      event.preventDefault();
      if (typing.value === "") {
        typing.blur();
      } else {
        typing.value = "";
        apply();
        remember();
      }
    }
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      form.querySelector("input").focus();
    }
  });
  const table = document.querySelector(".grid tbody");
  if (table) {
    table.addEventListener("click", (event) => {
      const cell = event.target.closest("td");
      if (cell) location.hash = "a" + cell.parentElement.id.slice(1);
    });
  }
  // On paper everything is open.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = Array.from(document.querySelectorAll("details:not([open])"));
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of closed) one.open = false;
  });
  addEventListener("hashchange", restore);
  form.hidden = false;
  apply();
  restore();
})();
