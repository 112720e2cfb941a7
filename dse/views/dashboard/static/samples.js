"use strict";
// What a design found on pictures of the study, where the page's maker asked for them.
dse.samples = (row) => {
  const { samples } = dse.study();
  if (!row.deployable || !dse.isFinished(row)) return [];
  if (!samples) return [dse.el("p", { class: "note" }, "What it finds on pictures: ", dse.el("code", {}, "dse dashboard --samples 6"))];
  const drawn = samples.drawn[row.candidate];
  const score = samples.scores[row.candidate];
  const own = Object.entries(samples.class_scores[row.candidate] ?? {});
  const from = own.length ? "at its class's score or more" : `at a score of ${score?.toFixed(2)} or more`;
  const believed = own.length ? `At its class's score or more, where the class's F1 is best (${own.map(([name, least]) => `${name} ${least.toFixed(2)}`).join(", ")}). ` : `At a score of ${score?.toFixed(2)} or more, where its F1 is best. `;
  const why = samples.failed[row.candidate] ?? "Only designs on the front were run.";
  const words = (one) => `${one.found} found, ${one.false} false, ${one.missed} missed`;
  const figure = (one, place) => dse.el("figure", {},
    dse.el("img", { src: one.address, width: one.width, height: one.height, alt: `Picture ${place + 1}: ${words(one)}, ${from}` }),
    dse.el("figcaption", {}, words(one)));
  const key = (kind, name) => dse.el("span", {}, dse.el("i", { class: own.length ? `${kind} any` : kind }), ` ${name} `);
  return [dse.h3("What it finds on pictures"), ...(drawn ? [
    dse.el("p", { class: "note" }, believed, key("found", "found"), key("false", "false"), key("missed", "missed"), key("label", `label of a found object${own.length ? "; colours are the classes'" : ""}`)),
    dse.el("div", { class: "samples" }, ...drawn.map(figure)),
    dse.el("p", { class: "note" }, samples.rule),
  ] : [dse.el("p", { class: "note" }, `No pictures. ${why}`)])];
};
