"use strict";
// The figures: made elsewhere, here recoloured, adapted to the state and drawn.
dse.printing = false;

// plotly.js travels compressed; it is unpacked once, in the browser.
dse.loadPlotly = async () => {
  const script = document.createElement("script");
  script.textContent = await dse.unpack("plotly-source");
  document.head.append(script);
};

dse.isDark = () => {
  const asked = document.documentElement.dataset.theme;
  if (dse.printing) return false;
  return asked ? asked === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

// A copy of a figure in the colours of the present theme; columns of numbers are shared.
dse.recoloured = (value, colours = dse.isDark() ? dse.payload.dark : {}) => {
  if (Array.isArray(value)) return typeof value[0] === "number" && typeof value.at(-1) === "number" ? value : value.map((inner) => dse.recoloured(inner, colours));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, dse.recoloured(inner, colours)]));
  }
  return typeof value === "string" ? colours[value] ?? value : value;
};

dse.CONFIG = {
  responsive: true, displaylogo: false, scrollZoom: false,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "pan2d", "zoom2d", "autoScale2d", "sendChartToCloud"],  // these have a control of their own
  toImageButtonOptions: { format: "svg", filename: "dse" },
};

dse.PAPER_HEIGHTS = { large: 310, tall: 280, low: 130 };  // page.css has them too

dse.plot = (id, figure, empty) => {
  const box = dse.byId(id);
  if (!window.Plotly) return;
  box.classList.toggle("empty", !figure);
  if (!figure) {
    window.Plotly.purge(box);
    box.textContent = empty;
    return;
  }
  if (!box.classList.contains("js-plotly-plot")) box.textContent = "";
  const { data, layout } = dse.recoloured(figure);
  const small = { ...dse.CONFIG, displayModeBar: id === "front-plot" && box.clientWidth > 600 };
  // Paper has its own width, which the browser tells only after the figures are drawn.
  const paper = { autosize: false, width: 660, height: dse.PAPER_HEIGHTS[box.classList[1]] ?? 220 };
  window.Plotly.react(box, data, { ...layout, ...(dse.printing ? paper : { autosize: true }) }, small);
  const { width, height } = box._fullLayout;
  if (!dse.printing && (box.clientWidth !== width || box.clientHeight !== height)) window.Plotly.Plots.resize(box);
};

// Sets a value deep in an object, by a path such as "xaxis.range".
dse.assign = (object, path, value) => {
  const keys = path.split(".");
  const last = keys.pop();
  keys.reduce((inner, key) => inner[key] ??= {}, object)[last] = value;
};

// A trace of the front's figure as the reader wants it: with words, or hidden and without points.
dse.shownTrace = (trace) => {
  const visible = trace.meta === "published" ? dse.state.published : dse.isShown(trace.meta === "line" ? "front" : trace.meta);
  if (!trace.customdata) return { ...trace, visible };
  if (!visible) return { ...dse.part(trace, () => false), visible };
  trace.text ??= trace.customdata.map((place) => dse.study().rows[place].hover);
  return { ...trace, visible };
};

dse.frontFigure = () => {
  const { state } = dse;
  const study = dse.study();
  const drawn = study.figures.front[state.scope][state.axis];
  const figure = { data: drawn.data.map(dse.shownTrace), layout: structuredClone(drawn.layout) };
  if (dse.isShown("rejected")) {
    for (const [path, value] of Object.entries(figure.layout.meta.with_rejected)) dse.assign(figure.layout, path, value);
  }
  dse.moveGoal(figure.layout);
  dse.shade(figure.layout);
  if (dse.isNarrowed()) dse.narrowTo(figure, dse.chosen());
  dse.addRing(figure);
  const drag = state.drag === "scroll" ? false : state.drag;
  // The reader's zoom outlives a new selection; what Plotly itself calls selected does not.
  const revision = `${state.study} ${state.axis} ${state.scope} ${dse.isShown("rejected")}`;
  Object.assign(figure.layout, { dragmode: drag, uirevision: revision, selectionrevision: dse.revision++ });
  if (!dse.printing && dse.byId("front-plot").clientWidth < 560) dse.narrow(figure.layout);
  return figure;
};

// The frame-rate line, at the reader's goal.
dse.moveGoal = (layout) => {
  const place = 1000 / dse.state.fps;
  for (const shape of layout.shapes ?? []) if (shape.name === "frame_rate") shape.x0 = shape.x1 = place;
  for (const words of layout.annotations ?? []) {
    if (words.name !== "frame_rate") continue;
    words.x = layout.xaxis.type === "log" ? Math.log10(place) : place;
    words.text = `${dse.state.fps} frames/s`;
  }
};

// Shades where the target's limits, the goal and the reader's ranges all hold.
dse.shade = (layout) => {
  const { axis, fps, ranges } = dse.state;
  const { units_per_shown: unit } = dse.payload.axes[axis];
  const shape = layout.shapes.find((one) => one.name === "feasible");
  const limits = dse.study().limits.filter((limit) => limit.column === axis).map((limit) => limit.value);
  if (axis === "latency_ms") limits.push(1000 / fps);
  const [low, high] = ranges[axis] ?? [null, null];
  const [floor, ceiling] = ranges.shown_ap ?? [null, null];
  if (high !== null) limits.push(high);
  const chosen = ranges[axis] || ranges.shown_ap;
  shape.visible = Boolean(limits.length || chosen);
  shape.x1 = limits.length ? Math.min(...limits) / unit : 1e9;
  if (low !== null) shape.x0 = low / unit;
  if (ranges.shown_ap) Object.assign(shape, { yref: "y", y0: floor ?? -1, y1: ceiling ?? 2 });
  if (chosen) Object.assign(shape, { opacity: 0.1, line: { width: 1.5, color: shape.fillcolor } });
};

// A trace with those points alone whose row `keeps` says.
dse.part = (trace, keeps) => {
  const count = trace.customdata.length;
  const points = [...trace.customdata.keys()].filter((point) => keeps(trace.customdata[point]));
  const cut = (value) => Array.isArray(value) && value.length === count ? points.map((point) => value[point])
    : value && typeof value === "object" && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, cut(inner)])) : value;
  return cut(trace);
};

// Fades every design but the chosen `rows`, and draws the line through these alone.
dse.narrowTo = (figure, rows) => {
  const chosen = new Set(rows.map((row) => row.index));
  figure.data = figure.data.flatMap((trace) => {
    if (!trace.customdata) return [trace];
    const rest = dse.part(trace, (place) => !chosen.has(place));
    const { error_x, error_y, ...faded } = rest;  // its bars would hide what is chosen
    faded.marker = { ...rest.marker, opacity: 0.22 };
    return [{ ...faded, meta: `${trace.meta}-rest` }, dse.part(trace, (place) => chosen.has(place))];
  });
  const all = figure.data.find((trace) => trace.meta === "line");
  const [x, y] = dse.staircase(rows.filter(dse.isFinished));
  if (x.length) { x.push(Math.max(all.x.at(-1), x.at(-1))); y.push(y.at(-1)); }
  figure.data.splice(figure.data.indexOf(all) + 1, 0, { ...all, x, y, meta: "line-chosen" });
  all.line = { ...all.line, color: dse.payload.faint, width: 1.5, dash: "dot" };
};

// Corners of the best AP of `rows` for this cost or less.
dse.staircase = (rows) => {
  const { axis } = dse.state;
  const { units_per_shown: unit } = dse.payload.axes[axis];
  const known = rows.filter((row) => row[axis] !== null).sort((a, b) => a[axis] - b[axis] || b.shown_ap - a.shown_ap);
  const corners = known.reduce((found, row) => !found.length || row.shown_ap > found.at(-1).shown_ap ? [...found, row] : found, []);
  return [corners.map((row) => row[axis] / unit), corners.map((row) => row.shown_ap)];
};

// A box becomes two ranges, which the sliders and the parallel axes show too; a lasso becomes picks.
dse.brushed = (event) => {
  if (!event?.range && !event?.lassoPoints) return;
  if (event.lassoPoints) {
    const picks = event.points.filter((point) => point.customdata !== undefined).map((point) => dse.study().rows[point.customdata].candidate);
    dse.change({ picks, only: picks.length > 0 });
    return;
  }
  const { units_per_shown: unit } = dse.payload.axes[dse.state.axis];
  const ends = (values, factor) => [Math.min(...values), Math.max(...values)].map((value) => Number((value * factor).toPrecision(4)));
  let ranges = event.range.x ? dse.withRange(dse.state.axis, ...ends(event.range.x, unit)) : dse.state.ranges;
  if (event.range.y) ranges = dse.withRange("shown_ap", ...ends(event.range.y, 1), ranges);
  dse.change({ ranges });
};

dse.revision = 0;
dse.wireFront = () => {
  const plot = dse.byId("front-plot");
  plot.on?.("plotly_click", (event) => {
    const place = event.points.find((point) => point.customdata !== undefined)?.customdata;
    if (place !== undefined) dse.select(dse.study().rows[place].candidate);
  });
  plot.on?.("plotly_selected", (event) => dse.brushed(event));
  plot.on?.("plotly_deselect", () => dse.change(dse.NOTHING_CHOSEN));
};

// A ring round the chosen design.
dse.addRing = (figure) => {
  const row = dse.selected();
  if (!row || row[dse.state.axis] === null) return;
  const rejected = row.state === "rejected";
  if (!(rejected ? dse.isShown("rejected") : row.shown_ap !== null)) return;
  figure.data.push({
    x: [row[dse.state.axis] / dse.payload.axes[dse.state.axis].units_per_shown],
    y: [rejected ? row.lane : row.shown_ap], yaxis: rejected ? "y2" : "y", meta: "ring",
    mode: "markers", hoverinfo: "skip",
    marker: { symbol: "circle-open", size: 30, color: dse.payload.ring, line: { width: 3 } },
  });
};

// On a narrow page the colours' legend lies below, and the marks get the whole width.
dse.narrow = (layout) => {
  const bar = layout.coloraxis.colorbar;
  Object.assign(bar, { orientation: "h", x: 0.5, y: -0.2, yanchor: "top", len: 1, thickness: 9 });
  bar.title = { text: "input, pixels", side: "top", font: { size: 11 } };
  bar.tickfont = { size: 10 };
  Object.assign(layout.margin, { l: 44, r: 6, t: 8, b: 100 });
  layout.font.size = 11;
};

dse.drawFront = () => {
  const study = dse.study();
  const drawable = study.rows.some((row) => row.shown_ap !== null) || study.counts.rejected;
  for (const part of document.querySelectorAll(".key, #chart-note, #state-control")) part.hidden = !drawable;
  dse.plot("front-plot", drawable ? dse.frontFigure() : null, "Nothing has been trained yet: the designs appear here as soon as a training ends.");
};

dse.drawPlots = () => { dse.drawFront(); dse.drawParallel(); dse.drawStory(); dse.drawComparison(); dse.drawDesignPlots(); };
