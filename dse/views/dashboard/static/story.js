"use strict";
// The search's own story, and two or more studies beside each other.
dse.over = "trainings";

dse.storyPlot = (name, figure, empty, words) => {
  const box = dse.byId(`${name}-plot`);
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", words || empty);
  dse.plot(box.id, figure, empty);
  dse.byId(`${name}-note`).textContent = words;
};

// On a narrow page a cell has room for the share alone; the ranges are left out.
dse.importanceFigure = (figure) => {
  if (!figure || dse.printing || dse.byId("importance-plot").clientWidth > 480) return figure;
  const [cells] = figure.data;
  return { ...figure, data: [{ ...cells, text: cells.text.map((row) => row.map((words) => words.split("<br>")[0])) }] };
};

dse.drawStory = () => {
  const { figures, notes, rows } = dse.study();
  const none = "No training has ended yet.";
  dse.storyPlot("hypervolume", figures.hypervolume[dse.over], none, notes.hypervolume);
  dse.storyPlot("importance", dse.importanceFigure(figures.importance), "This study's space varies in no parameter.", notes.importance);
  dse.storyPlot("budget", figures.budget, none, notes.budget);
  dse.storyPlot("rejected", figures.rejected, rows.length ? "No candidate is rejected." : "No candidate has been judged yet.", notes.rejected);
  const choices = Object.keys(figures.hypervolume).map((name) => [name, name]);
  dse.segments("over-control", "over", choices, dse.over, (name) => { dse.over = name; dse.drawStory(); dse.byId("over-control").querySelector(":checked").focus(); });
};

// The best AP of a study's deployable designs that reach the goal in frames per second.
dse.bestAt = (study, fps) => {
  const fast = study.rows.filter((row) => row.deployable && row.ap !== null && row.state !== "rejected" && row.latency_ms <= 1000 / fps);
  return fast.length ? Math.max(...fast.map((row) => row.ap)) : null;
};

dse.drawComparison = () => {
  const { comparison, studies } = dse.payload;
  dse.byId("comparison").hidden = !comparison;
  if (!comparison) return;
  const { axis, scope, fps } = dse.state;
  dse.plot("comparison-plot", comparison.figures[scope][axis], "Not all of the studies have this cost.");
  const columns = [
    ["Study", (row) => row.study], ["Hypervolume", (row) => row.hypervolume === null ? "–" : row.hypervolume.toFixed(4)],
    ["Best AP", (row) => dse.show(row.best_ap, "ap")], [`at ${fps} frames/s`, (row, place) => dse.show(dse.bestAt(studies[place], fps), "ap")],
    ["Trained", (row) => row.trained], ["Stopped", (row) => row.stopped], ["Failed", (row) => row.failed],
    ["Search", (row) => dse.show(row.seconds, "seconds")],
  ];
  const kind = (place) => place ? null : "text";
  const table = dse.byId("comparison-table");
  table.tHead.replaceChildren(dse.el("tr", {}, ...columns.map(([words], place) => dse.el("th", { scope: "col", class: kind(place) }, words))));
  table.tBodies[0].replaceChildren(...comparison.rows.map((row, place) => dse.el("tr", {},
    ...columns.map(([, value], at) => dse.el("td", { class: kind(at) }, String(value(row, place)))))));
};
