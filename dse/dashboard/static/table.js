"use strict";
// The table of designs: sorted, filtered, a page at a time.
dse.TABLE_COLUMNS = [
  ["candidate", "Design", null], ["state", "State", null], ["shown_ap", "AP", "ap"],
  ["kmodel_ap", "kmodel AP", "ap"], ["latency_ms", "Latency", "ms"],
  ["kmodel_bytes", "kmodel", "bytes"], ["main_memory_bytes", "Main memory", "bytes"],
  ["peak_kpu_bytes", "KPU memory", "bytes"], ["energy_mj", "Energy", "mj"],
  ["parameters", "Parameters", "count"],
];
dse.PAGE_ROWS = 50;
dse.rowsShown = dse.PAGE_ROWS;

dse.matches = (row, words) => {
  const text = `${row.candidate} ${row.state} ${row.reason} ${row.input_size} ${row.deployable ? "deployable" : ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
};

// Rows that pass every filter, in the chosen order; unknown values last.
dse.tableRows = () => {
  const { sort, falling, query } = dse.state;
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = dse.study().rows.filter((row) => dse.isShown(row.state) && dse.inScope(row) && dse.matches(row, words));
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
  const cells = dse.TABLE_COLUMNS.map(([column, title, format]) => dse.el(
    "th", { scope: "col", class: format ? null : "text", "aria-sort": column !== sort ? "none" : falling ? "descending" : "ascending" },
    dse.el("button", { type: "button", "data-sort": column, onclick: () => dse.sortBy(column, format) }, title)));
  dse.byId("table").tHead.replaceChildren(dse.el("tr", {}, ...cells));
};

dse.sortBy = (column, format) => {
  const same = dse.state.sort === column;
  const better = column === "shown_ap" || column === "kmodel_ap";
  dse.change({ sort: column, falling: same ? !dse.state.falling : Boolean(format && better) });
  dse.byId("table").tHead.querySelector(`[data-sort="${column}"]`).focus();
};

dse.tableRow = (row) => {
  const cells = dse.TABLE_COLUMNS.map(([column, , format]) => {
    if (column === "candidate") return dse.el("td", { class: "text" }, dse.el("button", { type: "button", class: "open" }, row.candidate));
    if (column === "state") return dse.el("td", { class: "text" }, dse.stateBadge(row));
    return dse.el("td", {}, dse.show(row[column], format));
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

dse.wireTable = () => {
  const body = dse.byId("table").tBodies[0];
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row) dse.select(row.dataset.candidate, row.querySelector(".open"));
  });
  body.addEventListener("keydown", (event) => {
    const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const next = step && event.target.closest("tr")?.[step];
    if (next) { event.preventDefault(); next.querySelector(".open").focus(); }
  });
  dse.byId("query").addEventListener("input", (event) => {
    dse.rowsShown = dse.PAGE_ROWS;
    dse.change({ query: event.target.value });
  });
};
