"use strict";
// Parallel coordinates: one axis a parameter or a cost, one line a design. Drawn as SVG of our own,
// because Plotly's needs WebGL, cannot show a selection made elsewhere, and has no keyboard.
dse.isStepwise = (column) => dse.study().shown.parameters.includes(column);
dse.NARROW_PIXELS = 620;  // below this the axes lie, one under another
dse.LOG_RATIO = 25;
dse.parallel = null;      // what is drawn: rows, axes, the places of the lines, and these as paths

dse.svg = (tag, attributes = {}, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// An axis over the values of `rows`, or null where these are all the same.
dse.axisOf = (column, rows) => {
  const values = [...new Set(rows.map((row) => row[column]).filter((value) => value !== null && value !== ""))];
  if (values.length < 2) return null;
  values.sort((a, b) => a < b ? -1 : 1);
  const [low, high] = [values[0], values.at(-1)];
  if (dse.isStepwise(column)) {
    const last = values.length - 1;
    return { column, ticks: values, share: (value) => Math.max(0, values.findLastIndex((one) => one <= value)) / last, value: (share) => values[Math.round(share * last)], step: 1 / last };
  }
  const log = low > 0 && high / low > dse.LOG_RATIO;
  const [bend, back] = log ? [Math.log10, (value) => 10 ** value] : [(value) => value, (value) => value];
  const [from, to] = [bend(low), bend(high)];
  return {
    column, ticks: dse.axisTicks(column, low, high, log),
    share: (value) => Math.min(1, Math.max(0, (bend(value) - from) / (to - from))),
    value: (share) => Number(back(from + share * (to - from)).toPrecision(3)), step: 0.02,
  };
};

// A handful of round values between `low` and `high`; bytes are round in KiB or MiB.
dse.axisTicks = (column, low, high, log) => {
  const unit = dse.unit(column) !== "bytes" ? 1 : high >= 1048576 && !log ? 1048576 : 1024;
  const [from, to] = [low / unit, high / unit];
  const ticks = [];
  const rough = 10 ** Math.floor(Math.log10((to - from) / 4));
  const step = [1, 2, 5, 10].map((factor) => factor * rough).find((size) => (to - from) / size <= 5);
  if (log) for (let power = 10 ** Math.floor(Math.log10(from)); power <= to; power *= 10) ticks.push(power, ...(to / from < 200 ? [2 * power, 5 * power] : []));
  else for (let count = Math.ceil(from / step); count * step <= to; count++) ticks.push(Number((count * step).toPrecision(6)));
  return ticks.filter((tick) => tick >= from && tick <= to).map((tick) => tick * unit);
};

// Lengths in pixels, and where a share of an axis lies: upright side by side, or flat on a narrow page.
dse.frame = (axes) => {
  const width = dse.printing ? 660 : dse.byId("parallel").clientWidth;
  const flat = width < dse.NARROW_PIXELS;
  const height = flat ? 48 * axes.length + 14 : Math.max(280, Math.min(420, width / 4));
  const [first, last] = flat ? [26, height - 36] : [24, width - 62];
  const [low, high] = flat ? [8, width - 14] : [height - 14, 38];
  const across = (place) => first + (last - first) * place / Math.max(1, axes.length - 1);
  const along = (share) => low + (high - low) * share;
  return {
    flat, width, height, across, low, high,
    point: (place, share) => flat ? [along(share), across(place)] : [across(place), along(share)],
    share: (x, y) => Math.min(1, Math.max(0, ((flat ? x : y) - low) / (high - low))),
  };
};

// Rows, axes, and the places of the lines: all that a new selection leaves as it was.
dse.layParallel = (width) => {
  const study = dse.study();
  const key = [dse.state.scope, dse.state.hidden, width, dse.printing].join();
  if (dse.parallel?.study === study && dse.parallel.key === key) return;
  const rows = study.rows.filter((row) => dse.isOnPage(row) && row.shown_ap !== null);
  const axes = study.shown.parallel.map((column) => dse.axisOf(column, rows)).filter(Boolean);
  const frame = dse.frame(axes);
  const lines = rows.map((row) => axes.map((axis, place) => row[axis.column] === null ? null : frame.point(place, axis.share(row[axis.column]))));
  dse.parallel = { study, key, rows, axes, frame, lines, paths: lines.map(dse.pathOf) };
};

dse.drawParallel = () => {
  const box = dse.byId("parallel");
  const card = box.closest(".card");
  card.hidden = false;
  dse.layParallel(box.clientWidth);
  const { rows, axes, frame } = dse.parallel;
  card.hidden = axes.length === 0;
  if (!axes.length || !(box.clientWidth || dse.printing)) return;
  const focused = box.contains(document.activeElement) ? document.activeElement.dataset.handle : null;
  const tip = dse.el("div", { class: "tip", hidden: true });
  box.replaceChildren(dse.svg("svg", { width: frame.width, height: frame.height, viewBox: `0 0 ${frame.width} ${frame.height}`, role: "group", "aria-label": `Parallel coordinates of ${dse.plural(rows.length, "design")}`, class: frame.flat ? "flat" : null },
    ...dse.linePaths(), dse.svg("path", { class: "line hover" }), ...axes.map(dse.axisGroup)), tip);
  if (focused) box.querySelector(`[data-handle="${focused}"]`)?.focus();
};

dse.pathOf = (line) => line.reduce(([path, pen], point) => point ? [`${path}${pen}${point[0].toFixed(1)} ${point[1].toFixed(1)}`, "L"] : [path, "M"], ["", "M"])[0];

// One path for all lines that look alike: the rest in grey, below; then the chosen, by input size.
dse.linePaths = () => {
  const { rows, paths } = dse.parallel;
  const chosen = new Set(dse.chosen().map((row) => row.index));
  const groups = { rest: [] };
  rows.forEach((row, place) => (groups[chosen.has(row.index) ? row.input_size ?? "rest" : "rest"] ??= []).push(paths[place]));
  const { rest, ...sizes } = groups;
  const current = rows.indexOf(dse.selected());
  return [
    dse.svg("path", { class: "line rest", d: rest.join("") }),
    ...Object.entries(sizes).map(([size, found]) => dse.svg("path", { class: "line", stroke: dse.recoloured(dse.study().size_colours[size]), d: found.join("") })),
    dse.svg("path", { class: "line current", d: paths[current] ?? "" }),
  ];
};

dse.axisGroup = (axis, place) => {
  const { frame } = dse.parallel;
  const name = dse.title(axis.column);
  const [[x0, y0], [x1, y1]] = [frame.point(place, 0), frame.point(place, 1)];
  const box = (pad, from, to) => ({ x: Math.min(from[0], to[0]) - (frame.flat ? 0 : pad), y: Math.min(from[1], to[1]) - (frame.flat ? pad : 0), width: Math.abs(to[0] - from[0]) + (frame.flat ? 0 : 2 * pad), height: Math.abs(to[1] - from[1]) + (frame.flat ? 2 * pad : 0) });
  const crowded = !frame.flat && frame.across(1) - frame.across(0) < 92 && place % 2;  // then names take two rows
  const title = frame.flat ? { x: x0, y: y0 - 9 } : { x: x0, y: crowded ? 27 : 13 };
  const room = (frame.flat ? 48 : 13) / Math.abs(frame.high - frame.low);
  const ticks = axis.ticks.filter((tick, which) => which === 0 || dse.isStepwise(axis.column) || axis.share(tick) - axis.share(axis.ticks[which - 1]) > room).map((tick) => {
    const [x, y] = frame.point(place, axis.share(tick));
    return dse.svg("text", { class: "mark", x: frame.flat ? x : x + 10, y: frame.flat ? y + 16 : y + 3.5, "text-anchor": frame.flat ? (x > frame.width - 40 ? "end" : x < 30 ? "start" : "middle") : null }, dse.brief(axis.column, tick));
  });
  const shares = dse.rangeShares(axis);
  const parts = [dse.svg("line", { class: "spine", x1: x0, y1: y0, x2: x1, y2: y1 }), ...ticks, dse.svg("text", { class: "name", ...title }, name),
    dse.svg("rect", { class: "hit", ...box(14, [x0, y0], [x1, y1]) })];
  if (dse.state.ranges[axis.column]) parts.push(dse.svg("rect", { class: "range", ...box(5, ...shares.map((share) => frame.point(place, share))) }));
  return dse.svg("g", { class: "axis", "data-column": axis.column }, ...parts, ...["low", "high"].map((end, which) => dse.handle(axis, place, end, shares[which])));
};

// Where a range begins and ends on its axis, as shares; 0 and 1 where it is open.
dse.rangeShares = (axis) => {
  const [low, high] = dse.state.ranges[axis.column] ?? [null, null];
  const share = (value, open) => value === null ? open : axis.share(value);
  return [Math.max(0, share(low, 0)), Math.max(0, share(high, 1))];
};

dse.handle = (axis, place, end, share) => {
  const [x, y] = dse.parallel.frame.point(place, share);
  const value = (dse.state.ranges[axis.column] ?? [null, null])[end === "low" ? 0 : 1];
  const words = value === null ? "any" : dse.brief(axis.column, value);
  const size = dse.parallel.frame.flat ? { x: x - 2.5, y: y - 7, width: 5, height: 14 } : { x: x - 7, y: y - 2.5, width: 14, height: 5 };
  return dse.svg("rect", {
    class: value === null ? "handle" : "handle set", ...size, rx: 2, tabindex: 0, role: "slider", "data-handle": `${axis.column}-${end}`,
    "aria-label": `${dse.title(axis.column)}, ${end === "low" ? "at least" : "at most"}`, "aria-valuemin": 0, "aria-valuemax": 100,
    "aria-valuenow": Math.round(100 * share), "aria-valuetext": words, "aria-orientation": dse.parallel.frame.flat ? "horizontal" : "vertical",
  });
};
