"use strict";
// The table of designs: sorted, filtered, a page at a time; a tick picks a design.
dse.PAGE_ROWS = 50;
dse.rowsShown = dse.PAGE_ROWS;

// The selection's rows in the chosen order, unknown values last; those not picked stay in sight
// to be picked, unless the reader asked for the picks alone.
dse.tableRows = () => {
  const { sort, falling, only } = dse.state;
  const rows = only ? dse.chosen() : dse.listed();
  const rank = Object.fromEntries(dse.STATES.map(([name], place) => [name, place]));
  const key = (row) => sort === "state" ? rank[row.state] ?? 9 : row[sort];
  const sign = falling ? -1 : 1;
  return rows.sort((one, two) => {
    const [a, b] = [key(one), key(two)];
    if (a === b) return one.index - two.index;
    if (a === null) return 1;
    if (b === null) return -1;
    return typeof a === "string" ? sign * a.localeCompare(b, "en", { numeric: true }) : sign * (a - b);
  });
};

dse.drawHead = () => {
  const { sort, falling } = dse.state;
  const cells = dse.study().shown.table.map((column) => dse.el(
    "th", { scope: "col", class: dse.study().columns[column].is_number ? null : "text", "aria-sort": column !== sort ? "none" : falling ? "descending" : "ascending" },
    dse.el("button", { type: "button", "data-sort": column, onclick: () => dse.sortBy(column) }, dse.title(column))));
  dse.byId("table").tHead.replaceChildren(dse.el("tr", {}, ...cells));
};

dse.sortBy = (column) => {
  const same = dse.state.sort === column;
  const better = dse.unit(column) === "ap";
  dse.change({ sort: column, falling: same ? !dse.state.falling : better });
  dse.byId("table").tHead.querySelector(`[data-sort="${column}"]`).focus();
};

dse.tableRow = (row) => {
  const picked = dse.state.picks.includes(row.candidate);
  const cells = dse.study().shown.table.map((column) => {
    if (column === "candidate") return dse.el("td", { class: "text" },
      dse.el("input", { type: "checkbox", class: "tick", checked: picked, "aria-label": `Pick ${row.candidate}` }),
      dse.el("button", { type: "button", class: "open" }, row.candidate));
    if (column === "state") return dse.el("td", { class: "text" }, dse.stateBadge(row));
    if (!dse.study().columns[column].is_number) return dse.el("td", { class: "text" }, row[column] || "–");
    return dse.el("td", {}, dse.measure(column, row[column]));
  });
  return dse.el("tr", { "data-candidate": row.candidate, "aria-current": String(row.candidate === dse.state.design) }, ...cells);
};

dse.stateBadge = (row) => {
  const why = row.state === "rejected" && row.reason ? `: ${dse.words(row.reason)}` : "";
  return dse.el("span", { class: `badge ${row.state}` }, (dse.stateWords[row.state] ?? row.state) + why);
};

dse.drawTable = () => {
  const rows = dse.tableRows();
  const page = rows.slice(0, dse.rowsShown);
  dse.drawHead();
  dse.byId("table").tBodies[0].replaceChildren(...page.map(dse.tableRow));
  dse.byId("only").checked = dse.state.only;
  dse.byId("only-control").hidden = dse.state.picks.length === 0;
  if (dse.byId("query").value.trim() !== dse.state.query.trim()) dse.byId("query").value = dse.state.query;
  dse.byId("table-count").textContent = `${dse.plural(rows.length, "design")} of ${dse.format.count(dse.study().rows.length)}`;
  const left = rows.length - page.length;
  const button = (words, count) => dse.el("button", { type: "button", class: "quiet", onclick: () => { dse.rowsShown += count; dse.drawTable(); } }, words);
  dse.byId("more").replaceChildren(...(left > 0 ? [button(`Show ${Math.min(left, 200)} more`, 200), button(`Show all ${dse.format.count(left)}`, left)] : []));
};

dse.markRow = () => {
  for (const row of dse.byId("table").tBodies[0].rows) {
    row.setAttribute("aria-current", String(row.dataset.candidate === dse.state.design));
  }
};

// Takes a design into the picks or out of them; the last one out ends the picking.
dse.pick = (candidate, on) => {
  const others = dse.state.picks.filter((name) => name !== candidate);
  const picks = on ? [...others, candidate] : others;
  dse.change({ picks, only: dse.state.only && picks.length > 0 });
  const rows = [...dse.byId("table").tBodies[0].rows];
  const here = rows.find((row) => row.dataset.candidate === candidate) ?? rows[0];
  here?.querySelector(".tick").focus();
};

// All rows that are listed, whatever page of them is shown, with every column's own numbers. A text
// that a spreadsheet would take for a formula is quoted as a text.
dse.csvText = () => {
  const columns = dse.study().shown.table;
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...dse.tableRows().map((row) => columns.map((column) => row[column]))]
    .map((line) => line.map(cell).join(",") + "\r\n").join("");
};

dse.saveCsv = () => {
  const url = URL.createObjectURL(new Blob([dse.csvText()], { type: "text/csv" }));
  dse.el("a", { href: url, download: `${dse.study().name}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 0);
};

dse.wireTable = () => {
  dse.byId("csv").addEventListener("click", dse.saveCsv);
  const body = dse.byId("table").tBodies[0];
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (event.target.matches(".tick")) dse.pick(row.dataset.candidate, event.target.checked);
    else if (row) dse.select(row.dataset.candidate, row.querySelector(".open"));
  });
  body.addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const next = step && event.target.closest("tr")?.[step];
    if (next) { event.preventDefault(); next.querySelector(event.target.matches(".tick") ? ".tick" : ".open").focus(); }
  });
  dse.byId("query").addEventListener("input", (event) => {
    dse.rowsShown = dse.PAGE_ROWS;
    dse.change({ query: event.target.value });
  });
  dse.byId("only").addEventListener("change", (event) => dse.change({ only: event.target.checked }));
};
