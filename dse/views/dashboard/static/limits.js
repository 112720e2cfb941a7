"use strict";
// Limits: sliders, what remains within them, and what the next step would cost or gain.
dse.isFloor = (column) => column === "shown_ap";
dse.sliderSteps = {};  // column -> values that its slider stops at; null, at the open end, is no limit

// Rows whose AP was measured to the end: the only ones that a choice can fall on.
dse.isFinished = (row) => row.state === "front" || row.state === "dominated";

// Numbers of two significant digits from `low` to below `high`, both above 0.
dse.roundNumbers = (low, high) => {
  const numbers = [];
  let power = 10 ** (Math.floor(Math.log10(low)) - 1);
  for (let digits = Math.ceil(low / power - 1e-9); digits * power < high; digits++) {
    if (digits >= 100) { digits = 10; power *= 10; }
    numbers.push(Number((digits * power).toPrecision(2)));
  }
  return numbers;
};

// Where a slider stops: round AP, milliseconds and millijoules; round KiB, from 1 MiB on round MiB.
dse.stepsOf = (column, values) => {
  const above = values.filter((value) => value > 0);
  const [low, high] = [Math.min(...above), Math.max(...above)];
  if (!(high > low)) return null;
  if (dse.isFloor(column)) {
    const first = Math.floor(100 * low) + 1;
    return [null, ...Array.from({ length: Math.max(0, Math.floor(100 * high) - first + 1) }, (_, place) => (first + place) / 100)];
  }
  if (dse.unit(column) !== "bytes") return [...dse.roundNumbers(low, high), null];
  const [kib, mib] = [1024, 1048576];
  const small = low < mib ? dse.roundNumbers(low / kib, Math.min(high, mib) / kib).map((number) => number * kib) : [];
  const large = high > mib ? dse.roundNumbers(Math.max(low, mib) / mib, high / mib).map((number) => number * mib) : [];
  return [...small, ...large, null];
};

dse.limitOf = (column) => dse.state.ranges[column]?.[dse.isFloor(column) ? 0 : 1] ?? null;
dse.limitWords = (column, value) => {
  if (value === null) return "any";
  return `${dse.isFloor(column) ? "≥" : "≤"} ${dse.brief(column, value)}`;
};

// The slider's stop that allows no more than `value` does.
dse.stopOf = (column, value) => {
  const steps = dse.sliderSteps[column];
  if (value === null) return steps.indexOf(null);
  return Math.max(0, steps.findLastIndex((step) => step !== null && step <= value));
};

dse.setLimit = (column, value) => {
  const [low, high] = dse.state.ranges[column] ?? [null, null];
  dse.change({ ranges: dse.isFloor(column) ? dse.withRange(column, value, high) : dse.withRange(column, low, value) });
};

// The sliders of this study and scope; their places are set by drawLimits.
dse.buildLimits = () => {
  const rows = dse.study().rows.filter((row) => dse.isFinished(row) && dse.inScope(row));
  const sliders = dse.study().shown.sliders.map((column) => {
    const steps = dse.sliderSteps[column] = dse.stepsOf(column, rows.map((row) => row[column]).filter((value) => value !== null));
    if (!steps || steps.length < 2) return null;
    const id = `limit-${column}`;
    return dse.el("div", { class: "limit" },
      dse.el("label", { for: id }, dse.title(column)), dse.el("output", { id: `${id}-words`, for: id }),
      dse.el("input", { type: "range", id, min: 0, max: steps.length - 1, step: 1, value: steps.indexOf(null), "data-column": column,
        oninput: (event) => dse.setLimit(column, steps[Number(event.target.value)]) }));
  });
  dse.byId("limits").replaceChildren(...sliders.filter(Boolean));
};

dse.drawLimits = () => {
  for (const slider of dse.byId("limits").querySelectorAll("input")) {
    const { column } = slider.dataset;
    const value = dse.limitOf(column);
    const words = dse.limitWords(column, value);
    slider.value = dse.stopOf(column, value);
    slider.setAttribute("aria-valuetext", words.replace("≥", "at least").replace("≤", "at most"));
    slider.closest(".limit").classList.toggle("set", value !== null);
    dse.byId(`${slider.id}-words`).textContent = words;
  }
  dse.drawRemaining();
  dse.drawSelection();
};

dse.best = (rows, column) => rows.reduce((best, row) => !best || row.shown_ap > best.shown_ap ||
  (row.shown_ap === best.shown_ap && row[column] < best[column]) ? row : best, null);

// The steps of the front next to the limit on `column`: the best design within it, the best that
// costs less, and the cheapest beyond the limit that is better; null where there is none.
dse.marginalSteps = (rows, column, limit) => {
  const known = rows.filter((row) => row[column] !== null);
  const best = dse.best(known.filter((row) => limit === null || row[column] <= limit), column);
  if (!best) return { best, tighter: null, looser: null };
  const beyond = known.filter((row) => limit !== null && row[column] > limit && row.shown_ap > best.shown_ap);
  const cheapest = Math.min(...beyond.map((row) => row[column]));
  return {
    best,
    tighter: dse.best(known.filter((row) => row[column] < best[column]), column),
    looser: dse.best(beyond.filter((row) => row[column] === cheapest), column),
  };
};

// One step in words: how much AP, over how much cost, and whether the pictures can tell.
dse.stepWords = (column, from, to) => {
  const [unit, per] = { ms: [1, "AP a millisecond"], bytes: [102400, "AP per 100 KiB"], mj: [1, "AP a millijoule"] }[dse.unit(column)];
  const gap = Math.abs(to.shown_ap - from.shown_ap);
  const rate = gap * unit / Math.abs(to[column] - from[column]);
  const overlap = [from, to].every((row) => row.ap_low !== null && row.ap_high !== null) && from.ap_low <= to.ap_high && to.ap_low <= from.ap_high;
  return `${gap.toFixed(3)} to ${dse.format.ap(to.shown_ap)}, at ${dse.measure(column, to[column])} (${rate.toPrecision(2)} ${per}${overlap ? "; the intervals of the two APs overlap" : ""})`;
};

dse.priceWords = (column) => {
  const limit = dse.limitOf(column);
  const [low] = dse.state.ranges[column] ?? [null];
  const rows = dse.chosen(dse.withRange(column, low, null)).filter(dse.isFinished);
  const { best, tighter, looser } = dse.marginalSteps(rows, column, limit);
  if (!best) return null;
  const parts = [tighter ? `Under ${dse.measure(column, best[column])} the best AP falls by ${dse.stepWords(column, best, tighter)}.` : "No design of these costs less."];
  if (limit !== null) parts.push(looser ? `Beyond the limit it rises by ${dse.stepWords(column, best, looser)}.` : "A looser limit gains no AP.");
  return parts.join(" ");
};

dse.drawRemaining = () => {
  const all = dse.study().rows.filter((row) => dse.isFinished(row) && dse.isOnPage(row));
  const rest = dse.chosen().filter(dse.isFinished);
  const best = dse.best(rest, dse.state.axis);
  const count = dse.isNarrowed() ? `${dse.format.count(rest.length)} of ${dse.plural(all.length, "design")}` : dse.plural(all.length, "design");
  const open = best && dse.el("button", { type: "button", class: "open", onclick: () => dse.select(best.candidate) }, best.candidate);
  dse.byId("remaining").replaceChildren(dse.el("strong", {}, count),
    ...(best ? ["; best AP ", dse.el("strong", {}, dse.format.ap(best.shown_ap)), ` in ${dse.show(best.latency_ms, "ms")}: `, open] : []));
  const costs = dse.study().shown.sliders.filter((column) => !dse.isFloor(column));
  const limited = costs.filter((column) => dse.limitOf(column) !== null);
  const asked = limited.length ? limited : [dse.state.axis];
  const prices = asked.map((column) => [column, dse.priceWords(column)]).filter(([, words]) => words);
  dse.byId("prices").replaceChildren(...prices.map(([column, words]) => dse.el("li", {}, dse.el("strong", {}, `Price of ${dse.inSentence(dse.title(column))}. `), words)));
};

// What narrows the selection, each part with a button that takes it away.
dse.drawSelection = () => {
  const { ranges, picks, query } = dse.state;
  const part = (words, changes) => dse.el("button", { type: "button", class: "part", "aria-label": `Remove: ${words}`, onclick: () => { dse.change(changes); dse.byId("limits-heading").focus(); } }, words, dse.el("span", { "aria-hidden": "true" }, "✕"));
  const parts = Object.entries(ranges).map(([column, range]) => part(dse.rangeWords(column, range), { ranges: dse.withRange(column, null, null) }));
  if (query.trim()) parts.push(part(`“${query.trim()}”`, { query: "" }));
  if (picks.length) parts.push(part(`${dse.format.count(picks.length)} picked`, { picks: [], only: false }));
  const clear = dse.el("button", { type: "button", class: "quiet", id: "clear", onclick: dse.clearSelection }, "Clear all");
  dse.byId("selection").replaceChildren(...parts, ...(parts.length ? [clear] : []));
};

dse.rangeWords = (column, [low, high]) => {
  const name = dse.title(column);
  if (low === high) return `${name} ${dse.brief(column, low)}`;
  if (low === null) return `${name} ≤ ${dse.brief(column, high)}`;
  return high === null ? `${name} ≥ ${dse.brief(column, low)}` : `${name} ${dse.brief(column, low)} to ${dse.brief(column, high)}`;
};

dse.clearSelection = () => {
  dse.change(dse.NOTHING_CHOSEN);
  dse.byId("limits-heading").focus();
};
