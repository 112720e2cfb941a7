"use strict";
// The page: controls, what is written in words, and which part a change redraws.
dse.drawSummary = () => {
  const study = dse.study();
  const { counts, trainings, stopped_early: stopped } = study;
  const parts = [];
  if (study.rows.length === 0) parts.push("This study holds no candidate yet. ");
  else if (trainings === 0) parts.push(`${dse.plural(counts.rejected ?? 0, "candidate")} rejected, none trained yet. `);
  else {
    const measured = (counts.front ?? 0) + (counts.dominated ?? 0);
    parts.push(dse.el("strong", {}, `${counts.front ?? 0} on the front`), ` of ${dse.plural(measured, "measured design")} from ${dse.plural(trainings, "training")}`);
    if (stopped) parts.push(`, ${stopped} of them stopped early`);
    parts.push(`; ${dse.plural(counts.rejected ?? 0, "candidate")} rejected before training. `);
  }
  if (study.rows.length && !study.picks.length) parts.push("No deployable design has been trained yet.");
  if (study.is_demo) parts.push("Trained on drawn scenes, as a demo: for faces on photographs take a detector of the package, or search on pictures of your own. ");
  dse.byId("summary").replaceChildren(...parts);
  dse.byId("study-name").textContent = study.name;
};

dse.drawPicks = () => {
  const { byName, picks, size, file_ap: fileAp, chip } = dse.study();
  dse.byId("picks").replaceChildren(...picks.map((pick) => {
    const row = byName.get(pick.candidate);
    const rest = [`${dse.study().ap} ${dse.withInterval(row)}`, dse.withBand(row), dse.measure(size, row[size])];
    if (row[fileAp] !== null) rest[0] += `, ${chip.file} ${dse.show(row[fileAp], "ap")}`;
    return dse.el("button", { type: "button", class: "card pick", "aria-pressed": String(row.candidate === dse.state.design), "data-candidate": row.candidate, onclick: () => dse.select(row.candidate) },
      dse.el("span", { class: "what" }, `${pick.title}: ${pick.rule}`),
      dse.el("span", { class: "figure" }, dse.measure(pick.column, row[pick.column])),
      dse.el("span", { class: "name" }, row.candidate, dse.el("span", { class: "words" }, ` ${pick.words}`)),
      dse.el("span", { class: "rest" }, rest.join(" · ")));
  }));
};

dse.segments = (id, name, choices, chosen, onchange) => {
  const box = dse.byId(id);
  const labels = choices.map(([value, words]) => dse.el("label", {}, dse.el("input", { type: "radio", name, value, checked: value === chosen, onchange: () => onchange(value) }), words));
  box.replaceChildren(box.querySelector("legend"), ...labels);
};

dse.DRAGS = [["select", "Select"], ["lasso", "Lasso"], ["pan", "Move"]];
if (dse.DEFAULTS.drag === "scroll") dse.DRAGS.push(["scroll", "Scroll"]);

dse.drawControls = () => {
  const { state } = dse;
  const { shown, chip } = dse.study();
  dse.segments("axis-control", "axis", shown.axes.map((column) => [column, dse.payload.axes[column].title]), state.axis, (axis) => dse.change({ axis }));
  dse.segments("scope-control", "scope", [["deployable", `On the ${chip.accelerator}`], ["all", "All"]], state.scope, (scope) => dse.change({ scope }));
  dse.segments("drag-control", "drag", dse.DRAGS, state.drag, (drag) => dse.change({ drag }));
  dse.byId("fps").value = state.fps;
  dse.byId("query").value = state.query;
  dse.byId("query").placeholder = `A98 224 ${chip.format}`;
  for (const element of document.querySelectorAll("[data-words]")) element.textContent = element.dataset.words.replace(/{(\w+)}/g, (_, word) => chip[word]);
  dse.drawChips();
};

// The mark of a state, as the plot draws it; null for a state that it does not draw.
dse.mark = (name) => {
  const symbol = document.querySelector(`#marks [data-mark="${name}"]`)?.cloneNode(true) ?? null;
  symbol?.removeAttribute("data-mark");
  return symbol;
};

dse.drawChips = () => {
  const study = dse.study();
  const counted = study.rows.filter(dse.inScope);
  const chip = (name, words, count, checked, onchange, title) => dse.el("label", { title },
    dse.el("input", { type: "checkbox", name, checked, onchange: (event) => onchange(event.target.checked) }), dse.mark(name), words,
    count === null ? null : dse.el("span", { class: "count" }, dse.format.count(count)));
  const box = dse.byId("state-control");
  const chips = dse.STATES.map(([name, words]) => {
    const rows = counted.filter((row) => row.state === name);
    if (!rows.length && name !== "front") return null;
    const reasons = Object.entries(study.reasons).map(([reason, count]) => `${dse.words(reason)}: ${count}`).join(", ");
    return chip(name, words, rows.length, dse.isShown(name), (on) => {
      const hidden = dse.STATES.map(([other]) => other).filter((other) => other === name ? !on : !dse.isShown(other));
      dse.change({ hidden });
    }, name === "rejected" ? reasons : null);
  });
  const published = chip("published", "Published elsewhere", null, dse.state.published, (on) => dse.change({ published: on }), null);
  box.replaceChildren(box.querySelector("legend"), ...[...chips, published].filter(Boolean));
};

dse.drawNote = () => {
  const study = dse.study();
  const axis = dse.payload.axes[dse.state.axis];
  dse.byId("fps-control").hidden = dse.state.axis !== "latency_ms";
  const drawn = study.rows.filter((row) => dse.inScope(row) && row.shown_ap !== null && dse.isShown(row.state)).length;
  const parts = [dse.isNarrowed() ? "The line is the best AP among the chosen designs for this cost or less; dotted, among all." :
    "The line is the best AP for this cost or less. Designs on the front that lie below it win on another cost."];
  if (dse.state.scope === "deployable") parts.push(`Only formats that the ${study.chip.accelerator} runs are drawn.`);
  if (dse.isShown("rejected") && study.counts.rejected) parts.push("Rejected candidates have no AP: they lie in the strip below, at their predicted cost, by reason.");
  if (dse.state.axis === "latency_ms") parts.push("Latency is predicted; its bars show the error band.");
  if (dse.state.axis === "energy_mj") parts.push("Energy is power times predicted latency; no board has measured it.");
  if (study.rows.some((row) => row.ap_low !== null)) parts.push("Bars of AP hold 95 % of resampled pictures.");
  dse.byId("chart-note").textContent = parts.join(" ");
  dse.byId("front-plot").setAttribute("role", "group");
  dse.byId("front-plot").setAttribute("aria-label", `Average precision against ${axis.title} of ${dse.plural(drawn, "design")}; the table holds the same values.`);
};

dse.drawPublished = () => {
  const heads = [["Detector", "text"], ["Input", "text"], ["AP", ""], ["Latency", ""], ["Size", ""], ["Note", "text"], ["Source", "text"]];
  const table = dse.byId("published");
  table.tHead.replaceChildren(dse.el("tr", {}, ...heads.map(([words, kind]) => dse.el("th", { scope: "col", class: kind }, words))));
  table.tBodies[0].replaceChildren(...dse.study().references.map((one) => dse.el("tr", {},
    dse.el("td", { class: "text" }, one.name), dse.el("td", { class: "text" }, one.input),
    dse.el("td", {}, dse.show(one.ap, "ap")), dse.el("td", {}, dse.show(one.latency_ms, "ms")),
    dse.el("td", {}, dse.show(one.file_bytes, "bytes")),
    dse.el("td", { class: "text wrap" }, one.note), dse.el("td", { class: "text wrap" }, one.source))));
};

dse.drawFacts = () => {
  const terms = (pairs) => pairs.map(([name, value]) => dse.el("div", {}, dse.el("dt", {}, dse.words(name)), dse.el("dd", {}, value)));
  dse.byId("facts").replaceChildren(...terms(dse.study().facts));
  dse.byId("fine-facts").replaceChildren(...terms(dse.study().fine_facts));
  dse.byId("fine").hidden = dse.study().fine_facts.length === 0;
};

// Redraws what the changed parts of the state show; everything where nothing is named.
dse.draw = (changed = null) => {
  const touches = (...names) => changed === null || names.some((name) => changed.includes(name));
  const selects = touches("study", "scope", "hidden", "query", "ranges", "picks", "only");
  if (touches("study")) { dse.drawSummary(); dse.drawFacts(); dse.drawPublished(); dse.drawStory(); dse.drawControls(); }
  if (touches("study", "scope")) dse.buildLimits();
  if (selects || touches("axis")) dse.drawLimits();
  if (touches("study", "axis", "scope", "fps")) dse.drawComparison();
  if (touches("study", "design")) { dse.drawPicks(); dse.drawDetails(); }
  if (touches("scope")) dse.drawChips();
  if (selects || touches("axis", "published")) dse.drawNote();
  if (selects || touches("sort", "falling")) dse.drawTable();
  else if (touches("design")) dse.markRow();
  if (selects || touches("axis", "published", "fps", "design", "drag")) dse.drawFront();
  if (selects || touches("design")) dse.drawParallel();
};

dse.wireTheme = () => {
  const button = dse.byId("theme");
  const root = document.documentElement;
  const label = () => { button.textContent = dse.isDark() ? "Light page" : "Dark page"; };
  button.addEventListener("click", () => {
    root.dataset.theme = dse.isDark() ? "light" : "dark";
    label();
    dse.drawPlots();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    dse.printing = matchMedia("print").matches;  // paper is light: a dark page hears this first
    label();
    dse.drawPlots();
  });
  label();
};

dse.wirePrint = () => {
  const set = (printing) => { if (dse.printing !== printing) { dse.printing = printing; dse.drawPlots(); } };
  addEventListener("beforeprint", () => set(true));
  addEventListener("afterprint", () => set(false));
  matchMedia("print").addEventListener("change", (event) => set(event.matches));
};

dse.wirePage = () => {
  dse.byId("fps").addEventListener("input", (event) => {
    const fps = Number(event.target.value);
    if (fps > 0) dse.change({ fps });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.target.id === "query") return;
    if (dse.state.design) dse.closeDetails();
    else if (dse.isNarrowed()) dse.clearSelection();
  });
  addEventListener("hashchange", () => { dse.readFragment(); dse.draw(); });
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    dse.byId("table-heading").focus();
  });
  const { studies } = dse.payload;
  if (studies.length > 1) {
    dse.byId("study-picker").hidden = false;
    const options = studies.map((study, place) => dse.el("option", { value: String(place) }, study.name));
    dse.byId("study").append(...options);
    dse.byId("study").addEventListener("change", (event) => {
      const study = Number(event.target.value);
      const axis = studies[study].shown.axes.includes(dse.state.axis) ? dse.state.axis : dse.DEFAULTS.axis;
      dse.change({ ...dse.NOTHING_CHOSEN, study, design: null, axis, scope: dse.defaultScope(studies[study]) });
    });
  }
};

dse.start = async () => {
  dse.readFragment();
  dse.byId("page").hidden = false;
  dse.wirePage(); dse.wireTable(); dse.wireParallel(); dse.wireTheme(); dse.wirePrint();
  dse.draw();
  dse.byId("study").value = String(dse.state.study);
  await dse.loadPlotly();
  dse.drawPlots();
  dse.wireFront();
  document.documentElement.dataset.ready = "yes";
  dse.follow();
};

dse.start();
