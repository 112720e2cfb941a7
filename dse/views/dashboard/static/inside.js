"use strict";
// What is inside a design: where its time and memory go, layer by layer, and its own figures.
dse.MIB = 1048576;
dse.DEAREST = 6;

// The designs of the same training, one a format.
dse.siblings = (row) => dse.study().rows.filter((other) => other.training === row.training);
dse.account = (row) => dse.study().inside.designs[row.candidate] ?? {};
dse.word = (place) => dse.study().inside.words[place];

dse.panelPlot = (id, label, tall = false) => dse.el("div", { id, class: tall ? "plot tall" : "plot", role: "img", "aria-label": label });
dse.h3 = (words) => dse.el("h3", {}, words);

dse.accuracyPlots = (row) => [
  dse.h3("Each format, same training"),
  dse.panelPlot("accuracy-plot", `AP of ${row.training} in each format`),
  ...(dse.siblings(row).some((other) => other.ap_low !== null) ? [dse.el("p", { class: "note" }, "Bars: 95 % of resampled evaluation pictures.")] : []),
  ...(Object.keys(dse.account(row).curves ?? {}).length ? [dse.h3("Precision over recall"), dse.panelPlot("precision-plot", `Precision over recall of ${row.candidate}`)] : []),
];

// Where time and memory go; words that say where to ask, for a design that is not explained here.
dse.inside = (row) => {
  const account = dse.account(row);
  if (!account.steps) {
    return [dse.h3("Memory and time, step by step"), dse.command(dse.study().explain_command.replaceAll("{candidate}", row.candidate), "copy-explain")];
  }
  return [
    dse.h3("Memory and time, step by step"),
    dse.panelPlot("timeline-plot", dse.memoryWords(account), true),
    dse.el("p", { class: "note" }, dse.memoryWords(account)),
    dse.h3("Where the time goes"),
    dse.layerTable(account, [...account.layers].sort((one, two) => two[3] - one[3]).slice(0, dse.DEAREST)),
    dse.el("details", {}, dse.el("summary", {}, `All ${account.layers.length} layers, and why they run where they run`), dse.layerTable(account, account.layers, true)),
  ];
};

dse.bufferEnd = (buffer) => buffer[2] + buffer[3];

// How far each memory is filled: where the peak is in the first, what is left in the others.
dse.memoryWords = (account) => account.memories.map(({ buffers, limit_bytes: limit }, place) => {
  const { title, limit: words } = dse.study().inside.memories[place];
  const peak = buffers.reduce((top, buffer) => !top || dse.bufferEnd(buffer) > dse.bufferEnd(top) ? buffer : top, null);
  const reached = `${title} reaches ${dse.format.bytes(peak ? dse.bufferEnd(peak) : 0)}`;
  return `${reached}${peak ? ` at ${dse.word(peak[0])}` : ""}; the limit is ${dse.format.bytes(limit)} ${words}.`;
}).join(" ");

dse.layerTable = (account, layers, everything = false) => {
  const whole = account.layers.reduce((sum, layer) => sum + layer[3], 0);
  const heads = ["Layer", "runs on", "time", "share", ...(everything ? [...dse.study().inside.columns, "why"] : [])];
  const head = dse.el("tr", {}, ...heads.map((words, place) => dse.el("th", { scope: "col", class: place < 2 || words === "why" ? "text" : null }, words)));
  const rows = layers.map(([layer, runsOn, why, ms, ...bytes]) => dse.el("tr", {},
    dse.el("td", { class: "text" }, dse.word(layer)), dse.el("td", { class: "text" }, dse.word(runsOn)),
    dse.el("td", {}, ms < 100 ? `${ms.toFixed(2)} ms` : dse.format.ms(ms)), dse.el("td", {}, dse.shareBar(whole ? ms / whole : 0)),
    ...(everything ? bytes.map((some) => dse.el("td", {}, some ? dse.format.bytes(some) : "–")) : []),
    everything ? dse.el("td", { class: "text wrap" }, dse.word(why)) : null));
  const table = dse.el("table", { class: "short" }, dse.el("thead", {}, head), dse.el("tbody", {}, ...rows));
  const label = everything ? "All layers" : "The layers that take longest";
  return dse.el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, table);
};

dse.shareBar = (share) => {
  const bar = dse.el("i", {});
  bar.style.width = `${100 * share}%`;
  return dse.el("span", { class: "share" }, dse.el("span", { class: "meter" }, bar), `${(100 * share).toFixed(0)} %`);
};

dse.timelineFigure = (account) => {
  const figure = structuredClone(dse.study().inside.timeline);
  const told = ([layer, , start, size, birth, death]) => `<b>${dse.word(layer)}</b><br>${dse.format.bytes(size)} from ${dse.format.bytes(start)} on<br>steps ${birth} to ${death}`;
  for (const trace of figure.data) {
    const [part, place] = trace.meta;
    if (part === "time") {
      const steps = account.steps.map((step, at) => [at, ...step]).filter((step) => dse.word(step[3]) === place);
      Object.assign(trace, {
        x: steps.map((step) => step[0]), y: steps.map((step) => step[4]),
        customdata: steps.map(([, layer, op, , ms]) => `<b>${dse.word(layer)}</b><br>${dse.word(op)}, ${ms.toFixed(2)} ms`),
      });
      const sum = steps.reduce((total, step) => total + step[4], 0);
      Object.assign(trace, { name: `${trace.name} ${dse.format.ms(sum)}`, showlegend: sum > 0 });
    } else {
      const buffers = account.memories[part].buffers.filter((buffer) => dse.word(buffer[1]) === place);
      Object.assign(trace, {
        x: buffers.map((buffer) => (buffer[4] + buffer[5]) / 2), width: buffers.map((buffer) => buffer[5] - buffer[4] + 1),
        base: buffers.map((buffer) => buffer[2] / dse.MIB), y: buffers.map((buffer) => buffer[3] / dse.MIB),
        customdata: buffers.map(told),
      });
    }
  }
  const { limit_bytes: bytes, buffers } = account.memories[0];
  const limit = bytes / dse.MIB;
  Object.assign(figure.layout.shapes[0], { y0: limit, y1: limit });
  figure.layout.yaxis.range = [0, 1.08 * Math.max(limit, ...buffers.map((buffer) => dse.bufferEnd(buffer) / dse.MIB))];
  for (const axis of Object.keys(figure.layout)) if (axis.startsWith("xaxis")) figure.layout[axis].range = [-0.5, account.steps.length - 0.5];
  return figure;
};

dse.precisionFigure = (curves) => {
  const figure = structuredClone(dse.payload.panel_figures.precision_recall);
  const formats = Object.keys(curves);
  figure.data = figure.data.slice(0, formats.length);
  formats.forEach((name, place) => {
    const column = (at) => curves[name].map((point) => point[at]);
    Object.assign(figure.data[place], { name, x: column(0), y: column(1), customdata: column(2) });
  });
  return figure;
};

// A line for each format, in the study's order, and one for the chip's file; the AP stands beside the name.
dse.accuracyFigure = (row) => {
  const { file_ap: fileAp, chip, formats } = dse.study();
  const figure = structuredClone(dse.payload.panel_figures.accuracy);
  const rank = (one) => formats.indexOf(one.format);
  const known = dse.siblings(row).filter((other) => other.ap !== null).sort((one, two) => rank(one) - rank(two));
  const lines = known.map((one) => [one.format, one.ap, one.ap_low ?? one.ap, one.ap_high ?? one.ap]);
  for (const one of known) if (one[fileAp] !== null) lines.push([chip.file, one[fileAp], one[fileAp], one[fileAp]]);
  const dots = figure.data[0];
  dots.x = lines.map(([, ap]) => ap);
  dots.y = lines.map(([name, ap]) => `${name} <b>${ap.toFixed(3)}</b>`);
  dots.error_x.array = lines.map(([, ap, , high]) => high - ap);
  dots.error_x.arrayminus = lines.map(([, ap, low]) => ap - low);
  return lines.length ? figure : null;
};

dse.curveFigure = (curve) => {
  const figure = structuredClone(dse.payload.panel_figures.curve);
  Object.assign(figure.data[0], { x: curve.epoch, y: curve.val_ap });
  Object.assign(figure.data[1], { x: curve.epoch, y: curve.loss });
  figure.layout.xaxis.dtick = Math.ceil(curve.epoch.length / 6);
  return figure;
};

dse.drawDesignPlots = () => {
  const row = dse.selected();
  if (!row) return;
  const account = dse.account(row);
  const curve = dse.study().curves[row.training];
  if (dse.byId("timeline-plot")) dse.plot("timeline-plot", dse.timelineFigure(account));
  if (!dse.byId("accuracy-plot")) return;
  dse.plot("accuracy-plot", dse.accuracyFigure(row), "Not evaluated in any format.");
  if (dse.byId("precision-plot")) dse.plot("precision-plot", dse.precisionFigure(account.curves));
  dse.plot("curve-plot", curve ? dse.curveFigure(curve) : null, "No learning curve.");
};
