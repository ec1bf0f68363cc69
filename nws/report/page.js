// What a report does when it is looked at: tables are sorted and filtered, predictions are looked into, sample by sample.
// Text goes into the page as text only; nothing is fetched, and the page is whole without this.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 600, HEIGHT = 470, EDGE = { left: 66, right: 14, top: 12, bottom: 46 };
  const PARTS = { val: "● val", test: "▲ test", train: "○ train" };

  function make(name, given = {}, ...children) {
    const element = given.svg ? document.createElementNS(SVG, name) : document.createElement(name);
    for (const [key, value] of Object.entries(given)) {
      if (key === "svg" || value === undefined || value === false) continue;
      if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== undefined && child !== null));
    return element;
  }

  function figure(value) {
    if (value === null || value === undefined) return "";
    if (typeof value !== "number") return String(value);
    if (Math.abs(value) < 1e-12) return "0"; // what rounding leaves of it
    if (Number.isInteger(value)) return String(value);
    const far = Math.abs(value) < 1e-4 || Math.abs(value) >= 1e5;
    return far ? value.toExponential(3) : value.toPrecision(4);
  }

  // Tables: sorting.

  function sortable(table) {
    const body = table.tBodies[0];
    if (body.rows.length < 2 || table.hasAttribute("data-ordered")) return;
    [...table.tHead.rows[0].cells].forEach((head) => {
      const words = head.textContent;
      head.replaceChildren(make("button", { type: "button", onclick: () => sort(table, head) }, words));
      head.setAttribute("aria-sort", "none");
      head.dataset.words = words;
    });
  }

  function sort(table, head) {
    const body = table.tBodies[0];
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const held = (row) => {
      const cell = row.cells[head.cellIndex];
      return cell.dataset.value !== undefined ? Number(cell.dataset.value) : cell.textContent;
    };
    const order = (a, b) => {
      const [x, y] = [held(a), held(b)];
      // What has no value stands last whichever way.
      if (x === "" || y === "") return (x === "") - (y === "");
      const sign = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
      return up ? sign : -sign;
    };
    body.append(...[...body.rows].sort(order));
  }

  // Tables: filtering.

  function filterable(table) {
    const rows = [...table.tBodies[0].rows];
    const heads = [...table.tHead.rows[0].cells];
    const [before, model] = ["preprocessing", "model"].map((words) => heads.find((cell) => cell.textContent === words));
    const chain = (row) => row.cells[before.cellIndex].textContent;
    const kind = (row) => row.cells[model.cellIndex].textContent.split("(")[0];
    const text = make("input", { type: "search", autocomplete: "off", placeholder: "any words" });
    const pick = (words, of) => {
      const values = [...new Set(rows.map(of))].sort();
      return make("select", {}, make("option", { value: "" }, `all ${words}`), ...values.map((value) => make("option", { value: `=${value}` }, value)));
    };
    const models = pick("models", kind);
    const chains = pick("preprocessing", chain);
    const said = make("output", { class: "hint", "aria-live": "polite" });
    const apply = () => {
      const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rows) {
        const all = row.textContent.toLowerCase();
        const fits = words.every((word) => all.includes(word)) && (!models.value || models.value === `=${kind(row)}`)
          && (!chains.value || chains.value === `=${chain(row)}`);
        row.hidden = !fits;
        count += fits;
      }
      said.textContent = `${count} of ${rows.length} pipelines`;
    };
    for (const control of [text, models, chains]) control.addEventListener("input", apply);
    const bar = make("div", { class: "controls" }, make("label", {}, "Find", text), make("label", {}, "Model", models), make("label", {}, "Preprocessing", chains), said);
    table.closest(".wide").before(bar);
    apply();
  }

  // Predictions.

  class Explorer {
    constructor(place, data) {
      Object.assign(this, { place, data, first: data.pipelines[0], second: null, shown: new Set(["val", "test"]), residuals: false });
      if (!Object.keys(this.first.parts).some((part) => this.shown.has(part))) this.shown.add("train");
      this.choices = ["first", "second"].map((side) => this.choice(side));
      this.parts = make("fieldset", {}, make("legend", { class: "out" }, "Which samples"));
      this.view = make("div");
      const labels = ["Pipeline A", "Compare with B"].map((words, place) => make("label", {}, words, this.choices[place]));
      place.append(make("div", { class: "controls" }, ...labels, this.parts), this.view);
      this.draw();
    }

    choice(side) {
      const options = this.data.pipelines.map((one, place) => make("option", { value: String(place) }, this.name(one)));
      if (side === "second") options.unshift(make("option", { value: "" }, "nothing"));
      return make("select", { id: `choose-${side}`, onchange: (event) => this.choose(side, this.data.pipelines[event.target.value] ?? null) }, ...options);
    }

    name(one) {
      const many = new Set(this.data.pipelines.map((other) => other.target)).size > 1;
      const before = one.preprocessing === "none" ? "" : `${one.preprocessing} > `;
      return `${one.key} · ${many ? `${one.target} · ` : ""}${before}${one.model}`;
    }

    choose(side, one) {
      this[side] = one;
      // Figures of two targets are of two kinds.
      if (this.second && (this.second.target !== this.first.target || this.second.classes !== this.first.classes)) {
        this[side === "first" ? "second" : "first"] = side === "first" ? null : one;
        if (this.second === this.first) this.second = null;
      }
      ["first", "second"].forEach((name, place) => {
        this.choices[place].value = this[name] ? String(this.data.pipelines.indexOf(this[name])) : "";
      });
      this.draw();
    }

    get sides() {
      return [["first", this.first], ["second", this.second]].filter(([, one]) => one);
    }

    samples(one, partition) {
      const part = one.parts[partition];
      if (!part) return [];
      const [rows, fold, measured] = [part.rows, part.fold, part.true].map((at) => (at === null ? null : this.data.lists[at]));
      return part.pred.map((predicted, place) => ({
        id: this.data.samples[rows[place]] ?? `row ${rows[place] + 1}`, row: rows[place], fold: fold ? fold[place] : null,
        measured: measured[place], predicted, partition, key: one.key,
      })).filter((point) => point.measured !== null && point.predicted !== null);
    }

    draw() {
      const there = Object.keys(PARTS).filter((part) => this.sides.some(([, one]) => one.parts[part]));
      const boxes = there.map((part) => this.box(PARTS[part], this.shown.has(part), (on) => this.shown[on ? "add" : "delete"](part)));
      if (!this.first.classes) boxes.push(this.box("residuals instead of predictions", this.residuals, (on) => { this.residuals = on; }));
      this.parts.replaceChildren(this.parts.firstChild, ...boxes);
      const keys = this.sides.map(([side, one]) => make("li", {}, make("span", { class: side === "second" ? "swatch b" : "swatch" }), `${side === "second" ? "B" : "A"}: ${this.name(one)}`));
      const picture = this.first.classes ? this.matrices() : this.chart();
      const beside = make("div", {}, make("ul", { class: "keys" }, ...keys), this.figures());
      this.view.replaceChildren(make("div", { class: "sides" }, picture, beside), ...this.differences());
      document.dispatchEvent(new CustomEvent("chosen"));
    }

    box(words, on, then) {
      return make("label", {}, make("input", { type: "checkbox", checked: on, onchange: (event) => { then(event.target.checked); this.draw(); } }), words);
    }

    points() {
      return this.sides.flatMap(([side, one]) => [...this.shown].flatMap((part) => this.samples(one, part).map((point) => ({
        ...point, side, value: this.residuals ? point.predicted - point.measured : point.predicted,
      }))));
    }

    chart() {
      const points = this.points();
      const svg = make("svg", { svg: 1, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, tabindex: "0", role: "application", "aria-label": `${this.residuals ? "Residuals" : "Predicted"} against measured ${this.first.target}; ${points.length} points. Arrow keys go from sample to sample.` });
      const tip = make("div", { class: "tip", hidden: true });
      const live = make("p", { class: "out", "aria-live": "polite" });
      if (points.length) this.fill(svg, points, tip, live);
      else svg.append(make("text", { svg: 1, x: WIDTH / 2, y: HEIGHT / 2, "text-anchor": "middle" }, "no samples are chosen"));
      return make("figure", { class: "chart" }, svg, tip, live);
    }

    fill(svg, points, tip, live) {
      const measured = points.map((point) => point.measured), values = points.map((point) => point.value);
      const across = scale(this.residuals ? measured : [...measured, ...values], EDGE.left, WIDTH - EDGE.right);
      const upward = scale(this.residuals ? [...values, 0] : [...measured, ...values], HEIGHT - EDGE.bottom, EDGE.top);
      svg.append(...axes(across, upward, `measured ${this.first.target}`, `${this.residuals ? "predicted minus measured" : "predicted"} ${this.first.target}`));
      const ends = [across.low, across.high];
      const ideal = this.residuals ? [upward(0), upward(0)] : ends.map(upward);
      svg.append(make("line", { svg: 1, class: "ideal", x1: across(ends[0]), x2: across(ends[1]), y1: ideal[0], y2: ideal[1] }));
      for (const point of points) {
        [point.x, point.y] = [across(point.measured), upward(point.value)];
        svg.append(mark(point));
      }
      const here = make("circle", { svg: 1, class: "here", r: 8, visibility: "hidden" });
      svg.append(here);
      const show = (point) => this.show(point, { svg, tip, live, here });
      svg.addEventListener("pointermove", (event) => show(nearest(svg, event, points)));
      svg.addEventListener("pointerleave", () => show(null));
      const order = [...points].sort((a, b) => a.measured - b.measured);
      let place = -1;
      svg.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
        if (event.key === "Escape") show(null);
        if (!step) return;
        event.preventDefault();
        place = (place + step + order.length) % order.length;
        show(order[place]);
      });
    }

    show(point, { svg, tip, live, here }) {
      tip.hidden = !point;
      here.setAttribute("visibility", point ? "visible" : "hidden");
      if (!point) return;
      here.setAttribute("cx", point.x);
      here.setAttribute("cy", point.y);
      const fold = point.fold === null ? "" : `, fold ${point.fold + 1}`;
      const words = [`sample ${point.id}`, `${point.partition}${fold}`, `measured ${figure(point.measured)}`, `predicted ${figure(point.predicted)}`, `residual ${figure(point.predicted - point.measured)}`];
      if (this.second) words.push(point.key);
      tip.textContent = live.textContent = words.join("\n");
      const ratio = svg.clientWidth / WIDTH;
      tip.style.left = `${Math.max(0, Math.min(point.x * ratio + 12, svg.clientWidth - tip.offsetWidth))}px`;
      tip.style.top = `${Math.max(0, point.y * ratio - tip.offsetHeight - 12)}px`;
    }

    matrices() {
      const said = make("p", { class: "hint", "aria-live": "polite" }, "Choose a number to see its samples.");
      const tables = this.sides.map(([, one]) => this.matrix(one, said));
      return make("div", { class: "matrix" }, ...tables, said);
    }

    matrix(one, said) {
      const points = [...this.shown].flatMap((part) => this.samples(one, part));
      const labels = [...new Set(points.flatMap((point) => [String(point.measured), String(point.predicted)]))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
      const cell = (measured, predicted) => {
        const there = points.filter((point) => String(point.measured) === measured && String(point.predicted) === predicted);
        const tell = () => { said.textContent = `${measured} taken for ${predicted}: ${there.map((point) => point.id).join(", ")}`; };
        return make("td", { class: "n" }, there.length ? make("button", { type: "button", onclick: tell, onpointerenter: tell }, String(there.length)) : "0");
      };
      const rows = labels.map((label) => make("tr", {}, make("th", { scope: "row" }, label), ...labels.map((other) => cell(label, other))));
      const head = make("tr", {}, make("td", {}, "measured ↓ predicted →"), ...labels.map((label) => make("th", { scope: "col", class: "n" }, label)));
      return make("div", { class: "wide" }, make("table", {}, make("caption", {}, this.name(one)), make("thead", {}, head), make("tbody", {}, ...rows)));
    }

    figures() {
      const rows = [];
      for (const part of Object.keys(PARTS)) {
        for (const metric of this.data.metrics) {
          const [a, b] = [this.first, this.second].map((one) => one?.figures[part]?.[metric.name]);
          if (a === undefined && b === undefined) continue;
          const cells = [make("th", { scope: "row" }, `${metric.label} (${part})`), number(a)];
          if (this.second) {
            const won = a !== undefined && b !== undefined ? badness(metric, a) - badness(metric, b) : 0;
            cells[1].classList.toggle("better", won < 0);
            cells.push(number(b), number(a !== undefined && b !== undefined ? b - a : undefined));
            cells[2].classList.toggle("better", won > 0);
          }
          rows.push(make("tr", {}, ...cells));
        }
      }
      const words = this.second ? ["figure", "A", "B", "B − A"] : ["figure", "A"];
      const head = make("tr", {}, ...words.map((word, place) => make("th", { scope: "col", class: place ? "n" : undefined }, word)));
      const caption = make("caption", {}, this.second ? "Figures side by side; the better one is bold" : "Figures");
      return make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Figures" }, make("table", { id: "figures" }, caption, make("thead", {}, head), make("tbody", {}, ...rows)));
    }

    differences() {
      if (!this.second) return [];
      const pairs = [...this.shown].flatMap((part) => {
        const theirs = new Map(this.samples(this.second, part).map((point) => [point.row, point]));
        return this.samples(this.first, part).filter((point) => theirs.has(point.row)).map((point) => [point, theirs.get(point.row)]);
      });
      const far = ([a, b]) => (this.first.classes ? Number(a.predicted !== b.predicted) : Math.abs(a.predicted - b.predicted));
      const most = pairs.filter((pair) => far(pair) > 0).sort((x, y) => far(y) - far(x)).slice(0, 10);
      if (!most.length) return [make("p", {}, "The two predict the same for all samples that are chosen.")];
      const rows = most.map(([a, b]) => make("tr", {}, make("td", {}, a.id), make("td", {}, a.partition), ...[a.measured, a.predicted, b.predicted].map(number)));
      const head = make("tr", {}, ...["sample", "partition", "measured", "predicted by A", "predicted by B"].map((word, place) => make("th", { scope: "col", class: place > 1 ? "n" : undefined }, word)));
      const table = make("table", { id: "differences" }, make("caption", {}, "Samples on which the two differ most"), make("thead", {}, head), make("tbody", {}, ...rows));
      sortable(table);
      return [make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Differences" }, table)];
    }
  }

  function number(value) {
    return make("td", { class: "n", "data-value": typeof value === "number" ? String(value) : undefined }, figure(value));
  }

  function badness(metric, value) {
    return { min: value, max: -value, zero: Math.abs(value), one: Math.abs(value - 1) }[metric.goal];
  }

  function scale(values, from, to) {
    let low = values[0], high = values[0];
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const room = (high - low) * 0.04 || Math.abs(high) * 0.1 || 1;
    [low, high] = [low - room, high + room];
    const at = (value) => from + ((value - low) / (high - low)) * (to - from);
    return Object.assign(at, { low, high });
  }

  function ticks({ low, high }) {
    const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((times) => times * power >= rough) * power;
    const digits = Math.max(0, -Math.floor(Math.log10(step)));
    const found = [];
    for (let place = Math.ceil(low / step); place * step <= high; place += 1) found.push([place * step, (place * step).toFixed(Math.min(digits, 12))]);
    return found;
  }

  function axes(across, upward, below, beside) {
    const [bottom, left] = [HEIGHT - EDGE.bottom, EDGE.left];
    const words = (text, x, y, anchor, turn) => make("text", { svg: 1, x, y, "text-anchor": anchor, transform: turn }, text);
    const line = (x1, x2, y1, y2) => make("line", { svg: 1, class: "grid", x1, x2, y1, y2 });
    return [
      ...ticks(across).flatMap(([value, text]) => [line(across(value), across(value), EDGE.top, bottom), words(text, across(value), bottom + 18, "middle")]),
      ...ticks(upward).flatMap(([value, text]) => [line(left, WIDTH - EDGE.right, upward(value), upward(value)), words(text, left - 8, upward(value) + 4, "end")]),
      words(below, (left + WIDTH - EDGE.right) / 2, HEIGHT - 8, "middle"),
      words(beside, 16, (EDGE.top + bottom) / 2, "middle", `rotate(-90 16 ${(EDGE.top + bottom) / 2})`),
    ];
  }

  // The shape says the partition, the colour the pipeline.
  function mark({ x, y, side, partition }) {
    const given = { svg: 1, class: `${side} ${partition} point` };
    if (partition === "test") return make("path", { ...given, d: `M${x} ${y - 5.5}l5 9h-10z` });
    return make("circle", { ...given, cx: x, cy: y, r: partition === "train" ? 3 : 4 });
  }

  function nearest(svg, event, points) {
    const box = svg.getBoundingClientRect();
    const [x, y] = [((event.clientX - box.left) / box.width) * WIDTH, ((event.clientY - box.top) / box.height) * HEIGHT];
    let found = null, least = 24 ** 2;
    for (const point of points) {
      const far = (point.x - x) ** 2 + (point.y - y) ** 2;
      if (far < least) [found, least] = [point, far];
    }
    return found;
  }

  // Buttons in the leaderboard that choose what is looked into.

  function choosable(table, explorer) {
    const held = new Map(explorer.data.pipelines.map((one) => [one.key, one]));
    table.tHead.rows[0].prepend(make("th", { scope: "col", class: "choose" }, "look into"));
    const buttons = [];
    for (const row of table.tBodies[0].rows) {
      const one = held.get(row.dataset.key);
      const cell = make("td", { class: "choose" });
      for (const [side, letter] of one ? [["first", "A"], ["second", "B"]] : []) {
        const choose = () => explorer.choose(side, side === "second" && explorer.second === one ? null : one);
        const button = make("button", { type: "button", class: letter.toLowerCase(), onclick: choose, "aria-label": `${row.dataset.key} as ${letter}` }, letter);
        buttons.push([button, side, one]);
        cell.append(button, " ");
      }
      row.prepend(cell);
    }
    const tell = () => buttons.forEach(([button, side, one]) => button.setAttribute("aria-pressed", String(explorer[side] === one)));
    document.addEventListener("chosen", tell);
    tell();
  }

  const tables = [...document.querySelectorAll("main table")];
  const boards = tables.filter((table) => table.dataset.name === "leaderboard" && table.tBodies[0].rows.length > 1);
  tables.forEach(sortable);
  boards.forEach(filterable);
  const place = document.getElementById("explorer");
  if (place) {
    const explorer = new Explorer(place, JSON.parse(document.getElementById("predictions").textContent));
    boards.forEach((table) => choosable(table, explorer));
  }
})();
