"use strict";
// What every part of the page uses: the data, elements, readable numbers.
const dse = {};

// The text that an element of the page carries compressed.
dse.unpack = async (id) => {
  const packed = Uint8Array.from(atob(document.getElementById(id).textContent.trim()), (c) => c.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
};

dse.setPayload = (payload) => {
  for (const study of payload.studies) {
    const { columns, rows } = study.designs;
    study.rows = rows.map((values, index) => {
      const row = { index };
      columns.forEach((column, place) => { row[column] = values[place]; });
      return row;
    });
    study.byName = new Map(study.rows.map((row) => [row.candidate, row]));
  }
  dse.payload = payload;
};

// Unpacks the data, then runs the other scripts.
dse.open = async () => {
  if (!document.documentElement.classList.contains("can-draw")) return;
  dse.setPayload(JSON.parse(await dse.unpack("payload")));
  dse.program();
};

dse.byId = (id) => document.getElementById(id);

// An element; text is always set as text, so nothing in the data can become markup.
dse.el = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
};

dse.format = {
  ap: (value) => value.toFixed(3),
  ms: (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(1)) + " ms",
  bytes: (value) => value >= 1048576 ? (value / 1048576).toFixed(2) + " MiB" : Math.round(value / 1024) + " KiB",
  mj: (value) => value.toFixed(1) + " mJ",
  count: (value) => value.toLocaleString("en"),
  seconds: (value) => value >= 90 ? (value / 60).toFixed(1) + " min" : value.toFixed(0) + " s",
  plain: (value) => String(value),
};

// A value as text, or a dash where it is unknown.
dse.show = (value, format) => value === null || value === "" ? "–" : dse.format[format](value);
dse.words = (key) => key.replaceAll("_", " ");
dse.plural = (count, word) => `${dse.format.count(count)} ${word}${count === 1 ? "" : "s"}`;

// What a column is called and how its values are written; the study says it, for its chip.
dse.title = (column) => dse.study().columns[column].title;
dse.unit = (column) => dse.study().columns[column].unit || "plain";
dse.measure = (column, value) => dse.show(value, dse.unit(column));
// A title within a sentence; an abbreviation at its beginning stays as it is.
dse.inSentence = (title) => /^[A-Z][a-z]/.test(title) ? title[0].toLowerCase() + title.slice(1) : title;
dse.brief = (column, value) => dse.measure(column, value).replace(/\.0+ /, " ");

dse.STATES = [
  ["front", "On the front"], ["dominated", "Dominated"], ["stopped", "Stopped early"],
  ["failed", "Failed"], ["rejected", "Rejected"],
];
dse.stateWords = Object.fromEntries(dse.STATES);
