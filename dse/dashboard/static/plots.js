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

// A deep copy of a figure in the colours of the present theme.
dse.recoloured = (value) => {
  if (Array.isArray(value)) return value.map(dse.recoloured);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, dse.recoloured(inner)]));
  }
  if (typeof value === "string" && dse.isDark()) return dse.payload.dark[value] ?? value;
  return value;
};

dse.CONFIG = {
  responsive: true, displaylogo: false, scrollZoom: false,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
  toImageButtonOptions: { format: "svg", filename: "dse" },
};

dse.PAPER_HEIGHTS = { large: 380, tall: 330, low: 150 };

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
  if (!dse.printing) window.Plotly.Plots.resize(box);
};

// Sets a value deep in an object, by a path such as "xaxis.range".
dse.assign = (object, path, value) => {
  const keys = path.split(".");
  const last = keys.pop();
  keys.reduce((inner, key) => inner[key] ??= {}, object)[last] = value;
};

dse.frontFigure = () => {
  const { state } = dse;
  const study = dse.study();
  const figure = structuredClone(study.figures.front[state.scope][state.axis]);
  for (const trace of figure.data) {
    if (trace.customdata) trace.text = trace.customdata.map((place) => study.rows[place].hover);
    if (trace.meta === "published") trace.visible = state.published;
    else if (trace.meta === "line") trace.visible = dse.isShown("front");
    else trace.visible = dse.isShown(trace.meta);
  }
  if (dse.isShown("rejected")) {
    for (const [path, value] of Object.entries(figure.layout.meta.with_rejected)) dse.assign(figure.layout, path, value);
  }
  dse.moveGoal(figure.layout);
  dse.addRing(figure);
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

dse.drawPlots = () => { dse.drawFront(); dse.drawStory(); dse.drawComparison(); dse.drawDesignPlots(); };
