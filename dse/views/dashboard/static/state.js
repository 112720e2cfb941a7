"use strict";
// What the reader has chosen. It lives in the address' fragment, so that a link restores it.
dse.DEFAULTS = {
  study: 0, axis: "latency_ms", scope: "deployable", hidden: ["rejected"], published: true,
  design: null, query: "", sort: "shown_ap", falling: true, fps: dse.payload.frame_rate_hz,
  ranges: {},   // column -> [lowest, highest], null where that end is open
  picks: [],    // names of designs chosen one by one, or by a lasso
  only: false,  // the table lists nothing but the picks
  drag: matchMedia("(pointer: coarse)").matches ? "scroll" : "select",  // a finger scrolls the page
};
dse.state = { ...dse.DEFAULTS };

dse.study = () => dse.payload.studies[dse.state.study];
dse.selected = () => dse.study().byName.get(dse.state.design) ?? null;
dse.isShown = (state) => !dse.state.hidden.includes(state);
// Where nothing can be deployed, the other formats are all there is to see.
dse.defaultScope = (study) => study.rows.some((row) => row.deployable) ? "deployable" : "all";
dse.inScope = (row) => dse.state.scope === "all" || row.deployable;

// One selection for every view: a design is chosen if it lies in every range, matches the
// filter, and is among the picks where there are any.
dse.isNarrowed = () => Boolean(dse.state.query.trim() || dse.state.picks.length || Object.keys(dse.state.ranges).length);
dse.isOnPage = (row) => dse.isShown(row.state) && dse.inScope(row);
dse.within = (row, column, [low, high]) => row[column] !== null && row[column] !== "" &&
  (low === null || row[column] >= low) && (high === null || row[column] <= high);
dse.inRanges = (row, ranges = dse.state.ranges) => Object.entries(ranges).every(([column, range]) => dse.within(row, column, range));
dse.matches = (row, words) => {
  if (!words.length) return true;
  const text = `${row.candidate} ${row.state} ${row.reason} ${row.input_size} ${row.deployable ? "deployable" : ""}`.toLowerCase();
  return words.every((word) => text.includes(word));
};

// Rows that pass the ranges and the filter; `ranges` may stand in for the reader's.
dse.listed = (ranges = dse.state.ranges) => {
  const words = dse.state.query.toLowerCase().split(/\s+/).filter(Boolean);
  return dse.study().rows.filter((row) => dse.isOnPage(row) && dse.inRanges(row, ranges) && dse.matches(row, words));
};
dse.chosen = (ranges = dse.state.ranges) => {
  const picks = new Set(dse.state.picks);
  return dse.listed(ranges).filter((row) => !picks.size || picks.has(row.candidate));
};

// The ranges with one of them set; a range that is open at both ends is none.
dse.withRange = (column, low, high, ranges = dse.state.ranges) => {
  const { [column]: _, ...others } = ranges;
  return low === null && high === null ? others : { ...others, [column]: [low, high] };
};
dse.NOTHING_CHOSEN = { query: "", ranges: {}, picks: [], only: false };

dse.readFragment = () => {
  const given = new URLSearchParams(location.hash.slice(1));
  const state = { ...dse.DEFAULTS, hidden: [...dse.DEFAULTS.hidden] };
  const place = dse.payload.studies.findIndex((study) => study.name === given.get("study"));
  state.study = Math.max(place, 0);
  const study = dse.payload.studies[state.study];
  state.scope = dse.defaultScope(study);
  if (study.shown.axes.includes(given.get("axis"))) state.axis = given.get("axis");
  if (["deployable", "all"].includes(given.get("formats"))) state.scope = given.get("formats");
  if (given.has("hide")) state.hidden = given.get("hide").split(".").filter((name) => name in dse.stateWords);
  state.published = given.get("published") !== "no";
  if (study.byName.has(given.get("design"))) state.design = given.get("design");
  state.query = given.get("filter") ?? "";
  const sort = given.get("sort") ?? "";
  if (study.shown.table.includes(sort.replace(/^-/, ""))) {
    state.sort = sort.replace(/^-/, "");
    state.falling = sort.startsWith("-");
  }
  const fps = Number(given.get("fps"));
  if (fps > 0) state.fps = fps;
  state.ranges = dse.readRanges(given, study);
  state.picks = (given.get("picks") ?? "").split("*").filter((name) => study.byName.has(name));
  state.only = given.get("only") === "yes" && state.picks.length > 0;
  if (["select", "lasso", "pan", "scroll"].includes(given.get("drag"))) state.drag = given.get("drag");
  dse.state = state;
};

// Ranges stand in the fragment as latency_ms_max=40&width_min=0.5.
dse.readRanges = (given, study) => {
  const ends = (column) => ["min", "max"].map((end) => {
    const text = given.get(`${column}_${end}`);
    if (text === null || text === "" || !study.columns[column].is_number) return text || null;
    return Number.isFinite(Number(text)) ? Number(text) : null;
  });
  return [...new Set([...study.shown.sliders, ...study.shown.parallel])].reduce((ranges, column) => dse.withRange(column, ...ends(column), ranges), {});
};

dse.writeFragment = () => {
  const { state, DEFAULTS } = dse;
  const parts = {};
  if (dse.payload.studies.length > 1) parts.study = dse.study().name;
  if (state.axis !== DEFAULTS.axis) parts.axis = state.axis;
  if (state.scope !== dse.defaultScope(dse.study())) parts.formats = state.scope;
  if (state.hidden.join() !== DEFAULTS.hidden.join()) parts.hide = state.hidden.join(".");
  if (!state.published) parts.published = "no";
  if (state.query) parts.filter = state.query;
  const sort = (state.falling ? "-" : "") + state.sort;
  if (sort !== "-shown_ap") parts.sort = sort;
  if (state.fps !== DEFAULTS.fps) parts.fps = state.fps;
  for (const [column, [low, high]] of Object.entries(state.ranges)) {
    if (low !== null) parts[`${column}_min`] = low;
    if (high !== null) parts[`${column}_max`] = high;
  }
  if (state.picks.length) parts.picks = state.picks.join("*");
  if (state.only) parts.only = "yes";
  if (state.drag !== DEFAULTS.drag) parts.drag = state.drag;
  if (state.design) parts.design = state.design;
  const fragment = new URLSearchParams(parts).toString();
  history.replaceState(null, "", fragment ? "#" + fragment : location.pathname + location.search);
};

// Changes the state and draws what depends on it.
dse.change = (changes) => {
  Object.assign(dse.state, changes);
  dse.writeFragment();
  dse.draw(Object.keys(changes));
};
