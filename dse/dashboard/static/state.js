"use strict";
// What the reader has chosen. It lives in the address' fragment, so that a link restores it.
dse.DEFAULTS = {
  study: 0, axis: "latency_ms", scope: "deployable", hidden: ["rejected"], published: true,
  design: null, query: "", sort: "shown_ap", falling: true, fps: dse.payload.frame_rate_hz,
};
dse.state = { ...dse.DEFAULTS };

dse.study = () => dse.payload.studies[dse.state.study];
dse.selected = () => dse.study().byName.get(dse.state.design) ?? null;
dse.isShown = (state) => !dse.state.hidden.includes(state);
// Where nothing can be deployed, the other formats are all there is to see.
dse.defaultScope = (study) => study.rows.some((row) => row.deployable) ? "deployable" : "all";
dse.inScope = (row) => dse.state.scope === "all" || row.deployable;

dse.readFragment = () => {
  const given = new URLSearchParams(location.hash.slice(1));
  const state = { ...dse.DEFAULTS, hidden: [...dse.DEFAULTS.hidden] };
  const place = dse.payload.studies.findIndex((study) => study.name === given.get("study"));
  state.study = Math.max(place, 0);
  const study = dse.payload.studies[state.study];
  state.scope = dse.defaultScope(study);
  if (given.get("axis") in dse.payload.axes) state.axis = given.get("axis");
  if (["deployable", "all"].includes(given.get("formats"))) state.scope = given.get("formats");
  if (given.has("hide")) state.hidden = given.get("hide").split(".").filter((name) => name in dse.stateWords);
  state.published = given.get("published") !== "no";
  if (study.byName.has(given.get("design"))) state.design = given.get("design");
  state.query = given.get("filter") ?? "";
  const sort = given.get("sort") ?? "";
  if (dse.TABLE_COLUMNS.some(([column]) => column === sort.replace(/^-/, ""))) {
    state.sort = sort.replace(/^-/, "");
    state.falling = sort.startsWith("-");
  }
  const fps = Number(given.get("fps"));
  if (fps > 0) state.fps = fps;
  dse.state = state;
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
