"use strict";
// One design's panel: what it is, what it costs, how it learned, how to get it.
dse.cameFrom = null;

// Opens a design; `from` gets the focus back when the panel closes.
dse.select = (candidate, from = null) => {
  dse.cameFrom = from ? candidate : null;
  dse.change({ design: candidate });
  const heading = dse.byId("details-heading");
  heading.focus({ preventScroll: true });
  const narrow = !matchMedia("(min-width: 1081px)").matches;
  dse.byId("details").scrollTop = 0;
  if (narrow) dse.byId("details").scrollIntoView({ block: "start" });
};

dse.closeDetails = () => {
  const name = dse.cameFrom;
  dse.change({ design: null });
  const rows = [...dse.byId("table").tBodies[0].rows];
  rows.find((row) => row.dataset.candidate === name)?.querySelector(".open").focus();
};

dse.values = (pairs) => dse.el("dl", { class: "values" }, ...pairs.flatMap(([term, words, meter]) => [
  dse.el("dt", {}, term), dse.el("dd", {}, words, meter ?? null)]));

// A bar of how much of a limit is used; null where the target sets none.
dse.meter = (row, column) => {
  const limit = dse.study().limits.find((one) => one.column === column);
  if (!limit || row[column] === null) return null;
  const share = row[column] / limit.value;
  const bar = dse.el("i", {});
  bar.style.width = `${Math.min(100, 100 * share)}%`;
  return dse.el("div", { class: share > 1 ? "meter over" : "meter", title: `${(100 * share).toFixed(0)} % of ${limit.label}` }, bar);
};

dse.withLimit = (row, column) => {
  const limit = dse.study().limits.find((one) => one.column === column);
  const words = dse.measure(column, row[column]);
  return limit ? `${words} of ${dse.measure(column, limit.value)}` : words;
};

dse.configuration = (row) => dse.el("p", { class: "note" }, [
  `breakpoint ${row.breakpoint}`, `lambda ${dse.show(row.frozen_until, "plain")}`, `alpha ${dse.show(row.width, "plain")}`,
  row.input_size === null ? null : `input ${String(row.input_size).includes("x") ? row.input_size.replace("x", " × ") : `${row.input_size} × ${row.input_size}`}`, row.format,
  row.trial === null ? null : `trial ${row.trial}`,
].filter(Boolean).join(" · "));

dse.signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;

// AP with its bootstrap interval, where there is one.
dse.withInterval = (row) => dse.show(row.ap, "ap") +
  (row.ap_low === null || row.ap_high === null ? "" : ` (${row.ap_low.toFixed(3)} to ${row.ap_high.toFixed(3)})`);

dse.accuracy = (row) => {
  const ap = dse.study().ap;
  const pairs = [[`${ap} in ${row.format}`, dse.withInterval(row)]];
  const float = dse.siblings(row).find((other) => other.format === "FP32" && other.ap !== null);
  if (float && float !== row) pairs.push([`${ap} of the float network`, dse.withInterval(float)]);
  const fileAp = row[dse.study().file_ap];
  if (fileAp !== null) {
    const gap = float ? ` (${dse.signed(fileAp - float.ap)} to float)` : "";
    pairs.push([`${ap} of the ${dse.study().chip.file} itself`, dse.show(fileAp, "ap") + gap]);
  }
  if (row.ap_square !== null) pairs.push(["AP, square boxes", dse.show(row.ap_square, "ap")]);
  pairs.push([`Validation ${ap}`, dse.show(row.val_ap, "ap")]);
  pairs.push(["Training", `${dse.show(row.epochs, "count")} epochs, ${dse.show(row.seconds, "seconds")}`]);
  return dse.values(pairs);
};

// AP of each class in this format, the weakest first; nothing where there is one class.
dse.byClass = (row) => {
  const known = Object.entries(dse.study().classes[row.candidate] ?? {}).sort((a, b) => a[1] - b[1]);
  if (!known.length) return [];
  const bar = (share) => {
    const filled = dse.el("i", {});
    filled.style.width = `${100 * share}%`;
    return dse.el("div", { class: "meter" }, filled);
  };
  return [dse.el("h3", {}, `AP by class, ${row.format}`), dse.values(known.map(([name, ap]) => [name, dse.show(ap, "ap"), bar(ap)]))];
};

// The predicted latency with its band.
dse.withBand = (row) => dse.show(row.latency_ms, "ms") +
  (row.latency_ms_low === null || row.latency_ms_high === null ? "" : ` (${row.latency_ms_low.toFixed(1)} to ${row.latency_ms_high.toFixed(1)})`);

dse.cost = (row) => {
  return dse.values([
    ["Latency, predicted", dse.withBand(row)],
    ["Frames per second", row.latency_ms ? (1000 / row.latency_ms).toFixed(1) : "–"],
    ...dse.study().shown.costs.map((column) => [dse.title(column), dse.withLimit(row, column), dse.meter(row, column)]),
    ["Energy per picture", dse.show(row.energy_mj, "mj")],
    ["Parameters", dse.show(row.parameters, "count")],
    ["Multiply-accumulates", dse.show(row.macs, "count")],
  ]);
};

dse.exportBlock = (row) => {
  const { accelerator, format } = dse.study().chip;
  if (!row.deployable) return dse.el("p", { class: "note" }, `The ${accelerator} cannot run ${row.format}: this design is here for comparison. The same training in ${format} can be exported.`);
  if (row.state === "rejected") return dse.el("p", { class: "note" }, "It does not fit the target, so it cannot be exported.");
  if (row.ap === null) return dse.el("p", { class: "note" }, "No finished training, so there is nothing to export.");
  return dse.command(dse.study().export_command.replaceAll("{candidate}", row.candidate), "copy");
};

// A command with a button that copies it.
dse.command = (command, id) => {
  const code = dse.el("code", {}, command);
  const button = dse.el("button", { type: "button", class: "quiet", id, "aria-label": `Copy: ${command}` }, "Copy");
  button.addEventListener("click", async () => {
    const done = await dse.copy(command, code);
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    dse.byId("details-status").textContent = done ? "Command copied" : "Command selected";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  return dse.el("div", { class: "command" }, code, button);
};

// Copies text; where the browser refuses, selects it so that the reader can.
dse.copy = async (text, element) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return document.execCommand("copy");
  }
};

// The designs of the front that can be deployed, while none is chosen.
dse.frontList = () => {
  const front = dse.study().rows.filter((row) => row.state === "front" && row.deployable);
  if (!front.length) return [];
  const cell = (words) => dse.el("td", {}, words);
  const columns = ["candidate", "shown_ap", "latency_ms", dse.study().size];
  const head = columns.map((column, place) => dse.el("th", { scope: "col", class: place ? null : "text" }, dse.title(column)));
  const rows = front.slice(0, 20).map((row) => dse.el("tr", {},
    dse.el("td", { class: "text" }, dse.el("button", { type: "button", class: "open", onclick: () => dse.select(row.candidate) }, row.training)),
    ...columns.slice(1).map((column) => cell(dse.measure(column, row[column])))));
  const more = front.length > 20 ? [dse.el("p", { class: "note" }, `and ${front.length - 20} more, in the table`)] : [];
  return [dse.el("h3", {}, "The front, deployable"), dse.el("table", { class: "short" }, dse.el("thead", {}, dse.el("tr", {}, ...head)), dse.el("tbody", {}, ...rows)), ...more];
};

dse.drawDetails = () => {
  const row = dse.selected();
  const panel = dse.byId("details");
  for (const box of panel.querySelectorAll(".js-plotly-plot")) window.Plotly.purge(box);
  if (!row) {
    panel.replaceChildren(
      dse.el("h2", { id: "details-heading", tabindex: "-1" }, "A design"),
      dse.el("p", { class: "note" }, "Click a mark, or a name: its configuration, cost, learning curve and export command appear here. Escape closes it."),
      ...dse.frontList());
    return;
  }
  const badges = [dse.stateBadge(row), dse.el("span", { class: "badge" }, row.deployable ? `runs on the ${dse.study().chip.accelerator}` : "not deployable")];
  if (row.measured) badges.push(dse.el("span", { class: "badge" }, `${dse.study().chip.file} measured`));
  const trained = row.state !== "rejected" || row.ap !== null;
  const h3 = (words) => dse.el("h3", {}, words);
  panel.replaceChildren(
    dse.el("header", {}, dse.el("h2", { id: "details-heading", tabindex: "-1" }, row.candidate),
      dse.el("button", { type: "button", class: "quiet", id: "close", "aria-label": "Close the design", onclick: dse.closeDetails }, "✕")),
    dse.el("div", { class: "badges" }, ...badges),
    ...(row.message ? [dse.el("p", { class: row.state === "rejected" || row.state === "failed" ? "message" : "note" }, row.message)] : []),
    ...(row.layer ? [dse.el("p", { class: "note" }, `at layer ${row.layer}`)] : []),
    dse.configuration(row),
    ...(trained ? [h3("Export"), dse.exportBlock(row), h3("Accuracy"), dse.accuracy(row), ...dse.byClass(row), ...dse.samples(row), ...dse.accuracyPlots(row)] : []),
    h3("Cost on the target"), dse.cost(row),
    ...dse.inside(row),
    ...(trained ? [h3("Learning curve"), dse.panelPlot("curve-plot", `Validation AP and loss of ${row.training} over epochs`)] : []),
    dse.el("span", { id: "details-status", class: "hidden", role: "status" }));
  dse.drawDesignPlots();
};
